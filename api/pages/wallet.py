"""`/wallet`: what a person has, what moved it, packs to buy, and the receipt of each payment."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template

from api.pages.views import Bill, Entry, Offer
from api.pages.visit import Visit
from api.paging import decode_cursor, encode_cursor
from domain.economy import service as economy
from domain.economy.model import LedgerEntry, LedgerPlace
from domain.payments import service as payments
from domain.payments.model import Pack, Payment, price_in_words
from livestreamx.engines.postgres import connection
from livestreamx.errors import Unauthenticated

ENTRIES = 25
BILLS = 10
WORDS = {
    "signup": "Welcome gift",
    "topup": "Top-up",
    "purchase": "Purchase",
    "purchase_refund": "Purchase refunded",
    "chargeback": "Purchase taken back by the bank",
    "debt_repaid": "Debt repaid",
    "gift_refund": "Gift returned",
}
STATES = {
    "created": "Waiting for payment",
    "paid": "Being checked",
    "credited": "Paid",
    "failed": "Not paid",
    "refunded": "Refunded",
    "disputed": "Disputed",
}


def name_entry(entry: LedgerEntry) -> str:
    """What moved the wallet, in words."""
    if entry.gift_code and entry.reason == "gift":
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


def offer_of(pack: Pack, smallest: Pack) -> Offer:
    """A pack as its card; `saved` is how much cheaper a token is than in the smallest one, in percent."""
    full = pack.tokens * smallest.price_minor / smallest.tokens
    return Offer(
        id=pack.id,
        tokens=pack.tokens,
        minor=pack.price_minor,
        currency=pack.currency,
        words=price_in_words(pack.price_minor, pack.currency),
        saved=int(100 * (1 - pack.price_minor / full)) if pack.currency == smallest.currency else 0,
    )


def bill_of(payment: Payment) -> Bill:
    """A payment as its row and its receipt."""
    return Bill(
        id=payment.id,
        at=payment.created_at,
        paid_at=payment.paid_at,
        tokens=payment.tokens,
        credited=payment.credited,
        state=payment.state,
        state_words="Partly refunded" if payment.is_partly_refunded else STATES[payment.state],
        minor=payment.price_minor,
        refunded_minor=payment.refunded_minor,
        currency=payment.currency,
        words=price_in_words(payment.price_minor, payment.currency),
        refunded_words=price_in_words(payment.refunded_minor, payment.currency),
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
        """Balance, ways to get tokens, the newest payments and entries."""
        if visit.viewer is None:
            return visit.sign_in_first()
        async with connection(visit.pool) as db:
            held = await economy.wallet(db, visit.viewer.id)
            debt = await payments.debt(db, visit.viewer.id)
        packs = await payments.packs(visit.pool) if visit.settings.payments_on else []
        bills = await payments.payments(visit.pool, visit.viewer.id, None, BILLS)
        return visit.page(
            "wallet.html",
            wallet=held,
            debt=debt,
            disputed=any(bill.state == "disputed" for bill in bills),
            offers=[offer_of(pack, packs[0]) for pack in packs],
            bills=[bill_of(bill) for bill in bills],
            dev_topup=visit.settings.dev_topup,
            **await read_history(visit, None),
        )

    @get("/history")
    async def history(
        self,
        visit: NamedDependency[Visit],
        cursor: Annotated[str | None, QueryParameter(max_length=200)] = None,
    ) -> Template:
        """The next rows of the table."""
        return visit.page("partials/ledger_rows.html", **await read_history(visit, cursor))

    @get("/payments/{payment_id:uuid}")
    async def payment(
        self,
        payment_id: FromPath[UUID],
        visit: NamedDependency[Visit],
        cancelled: Annotated[bool, QueryParameter()] = False,
    ) -> Template | Redirect:
        """Where the buyer comes back to: waiting for the payment service, its receipt, or why there is none."""
        if visit.viewer is None:
            return visit.sign_in_first()
        bill = bill_of(await payments.payment(visit.pool, visit.viewer.id, payment_id))
        return visit.page("payment.html", bill=bill, cancelled=cancelled and bill.state == "created")
