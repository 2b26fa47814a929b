"""`/wallet`: what a person has, what moved it, and development top-ups where they are on."""

from typing import Annotated, Any

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect, Template

from api.pages.views import Entry
from api.pages.visit import Visit
from api.paging import decode_cursor, encode_cursor
from domain.economy import service as economy
from domain.economy.model import LedgerEntry, LedgerPlace
from livestreamx.engines.postgres import connection
from livestreamx.errors import Unauthenticated

ENTRIES = 25
WORDS = {"signup": "Welcome gift", "topup": "Top-up", "purchase": "Purchase"}


def name_entry(entry: LedgerEntry) -> str:
    """What moved the wallet, in words."""
    if entry.gift_code:
        return f"{entry.gift_code.replace('_', ' ').capitalize()} × {entry.qty}"
    return WORDS.get(entry.reason, entry.reason.replace("_", " ").capitalize())


def describe(entry: LedgerEntry) -> Entry:
    """An entry as a row of the table."""
    return Entry(
        at=entry.created_at,
        words=name_entry(entry),
        bucket="Bought" if entry.bucket == "paid" else "Bonus",
        delta=entry.delta,
        balance_after=entry.balance_after,
    )


async def read_history(visit: Visit, cursor: str | None) -> dict[str, Any]:
    """`entries` after the cursor, newest first, and `more`: the cursor of the next ones, None at the end."""
    if visit.viewer is None:
        raise Unauthenticated()
    found = await economy.ledger_page(visit.pool, visit.viewer.id, decode_cursor(cursor, LedgerPlace), ENTRIES + 1)
    shown = found[:ENTRIES]
    more = encode_cursor(shown[-1].place) if len(found) > ENTRIES else None
    return {"entries": [describe(entry) for entry in shown], "more": more}


class WalletPages(Controller):
    """For its owner only."""

    path = "/wallet"

    @get("/")
    async def show(self, visit: NamedDependency[Visit]) -> Template | Redirect:
        """Balance, ways to get tokens, and the newest entries."""
        if visit.viewer is None:
            return visit.sign_in_first()
        async with connection(visit.pool) as db:
            held = await economy.wallet(db, visit.viewer.id)
        history = await read_history(visit, None)
        return visit.page("wallet.html", wallet=held, dev_topup=visit.settings.dev_topup, **history)

    @get("/history")
    async def history(
        self,
        visit: NamedDependency[Visit],
        cursor: Annotated[str | None, QueryParameter(max_length=200)] = None,
    ) -> Template:
        """The next rows of the table."""
        return visit.page("partials/ledger_rows.html", **await read_history(visit, cursor))
