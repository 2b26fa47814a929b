"""`/admin`: what admins look at and decide: flags, reports, money, people, the audit log and the platform itself."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from clickhouse_connect.driver.asyncclient import AsyncClient
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Redirect, Template

from api.auth.identity import require_role
from api.health import Probes
from api.operations import LetterView, look_at_health, with_letters
from api.pages.views import FlagCard
from api.pages.visit import Visit
from api.paging import Cursor, decode_cursor, encode_cursor
from domain.accounts.tokens import Claims
from domain.administration import service as administration
from domain.audit import service as audit
from domain.audit.model import Search
from domain.fraud import service as fraud
from domain.fraud.model import Flag, FlagKind
from domain.moderation import reports
from domain.payments.model import price_in_words
from domain.payouts import service as payouts
from domain.rollouts import service as rollouts

ROWS = 50
Tab = Literal["flags", "reports", "payouts", "refunds", "people", "audit", "health", "letters", "features"]
TABS: dict[Tab, str] = {
    "flags": "Flags",
    "reports": "Reports",
    "payouts": "Payouts",
    "refunds": "Refunds",
    "people": "People",
    "audit": "Audit log",
    "health": "Health",
    "letters": "Dead letters",
    "features": "Features",
}
TITLES: dict[FlagKind, str] = {
    "velocity": "Gives too fast for a new account",
    "shared_card": "Shares a card with other accounts",
    "gift_ring": "Gives in a circle",
    "dispute": "The bank disputes a payment",
    "amount_mismatch": "Paid another amount than the price",
    "second_payment": "Paid one order twice",
    "refund_failed": "The bank did not take a refund",
}
NEXT_STEPS = {
    "requested": ("review", "rejected"),
    "review": ("approved", "rejected"),
    "approved": ("processing", "rejected"),
    "processing": ("paid", "failed"),
}
STEP_WORDS = {
    "review": "Take into review",
    "approved": "Approve",
    "rejected": "Reject",
    "processing": "Begin to pay",
    "paid": "It was paid",
    "failed": "It failed",
}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What an admin looks for, and from where on; `of` is `gifts` or `purchases` among the refunds."""

    visit: Visit
    claims: Claims
    probes: Probes
    clickhouse: AsyncClient
    text: str
    of: str
    actor: str
    action: str
    since: date | None
    until: date | None
    cursor: str | None

    @property
    def before(self) -> UUID | None:
        return decode_cursor(self.cursor, UUID)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of a tab, the place after the last of them, and what else the tab shows."""

    items: list[Any] = []
    next: Any = None
    more: dict[str, Any] = {}


def first_page(found: list[Any], **more: Any) -> Shown:
    """As many rows as a page has, of one more than that."""
    return Shown(items=found[:ROWS], next=found[ROWS - 1].id if len(found) > ROWS else None, more=more)


def describe(flag: Flag) -> FlagCard:
    """A flag as its card."""
    return FlagCard(
        id=flag.id,
        title=TITLES[flag.kind],
        handle=flag.handle,
        subject=flag.subject,
        evidence=tuple((name, str(value)) for name, value in flag.evidence.items()),
        wallet_locked=flag.wallet_locked,
        at=flag.created_at,
    )


async def flags(asked: Asked) -> Shown:
    shown = first_page(await fraud.flags(asked.visit.pool, "open", asked.before, ROWS + 1))
    return msgspec.structs.replace(shown, items=[describe(flag) for flag in shown.items])


async def reported(asked: Asked) -> Shown:
    return first_page(
        await reports.reports(asked.visit.pool, asked.claims, None, state="open", before=asked.before, limit=ROWS + 1)
    )


async def payout_review(asked: Asked) -> Shown:
    found = await payouts.payouts(asked.visit.pool, asked.before, ROWS + 1)
    return first_page(found, steps=NEXT_STEPS, step_words=STEP_WORDS, price=price_in_words)


async def refunds(asked: Asked) -> Shown:
    if not asked.text:
        return Shown(more={"price": price_in_words})
    find = administration.find_purchases if asked.of == "purchases" else administration.find_gifts
    return first_page(await find(asked.visit.pool, asked.text, asked.before, ROWS + 1), price=price_in_words)


async def people(asked: Asked) -> Shown:
    return first_page(await administration.find_people(asked.visit.pool, asked.text, asked.before, ROWS + 1))


def _midnight(day: date | None, later: int = 0) -> datetime | None:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=later) if day else None


async def audited(asked: Asked) -> Shown:
    search = Search(
        actor=asked.actor or None,
        action=asked.action or None,
        since=_midnight(asked.since),
        until=_midnight(asked.until, 1),
    )
    return first_page(await audit.read(asked.visit.pool, asked.before, ROWS + 1, search))


async def health(asked: Asked) -> Shown:
    visit = asked.visit
    return Shown(
        more={"health": await look_at_health(asked.probes, visit.pool, visit.redis, asked.clickhouse, visit.settings)}
    )


async def dead_letters(asked: Asked) -> Shown:
    skip = max(0, decode_cursor(asked.cursor, int) or 0)
    found = await with_letters(asked.visit.settings, lambda letters: letters.find(skip=skip, limit=ROWS + 1))
    return Shown(items=list(map(LetterView.of, found[:ROWS])), next=skip + ROWS if len(found) > ROWS else None)


async def features(asked: Asked) -> Shown:
    return Shown(items=await rollouts.rollouts(asked.visit.pool))


READ: dict[Tab, Callable[[Asked], Awaitable[Shown]]] = {
    "flags": flags,
    "reports": reported,
    "payouts": payout_review,
    "refunds": refunds,
    "people": people,
    "audit": audited,
    "health": health,
    "letters": dead_letters,
    "features": features,
}


class AdminPages(Controller):
    """For admins only."""

    path = "/admin"

    @get("/")
    async def show(
        self,
        visit: NamedDependency[Visit],
        probes: NamedDependency[Probes],
        clickhouse: NamedDependency[AsyncClient],
        tab: Annotated[Tab, QueryParameter(name="show")] = "flags",
        text: Annotated[str, QueryParameter(name="q", max_length=100)] = "",
        of: FromQuery[str] = "gifts",
        actor: FromQuery[str] = "",
        action: FromQuery[str] = "",
        since: Annotated[str, QueryParameter(max_length=10)] = "",
        until: Annotated[str, QueryParameter(max_length=10)] = "",
        cursor: Cursor = None,
    ) -> Template | Redirect:
        """One tab, filtered by what was asked for; a date that is none counts as not given."""
        if visit.claims is None:
            return visit.sign_in_first()
        require_role(visit.claims, "admin")
        given = {"q": text.strip(), "of": of, "actor": actor.strip(), "action": action.strip()}
        asked = Asked(
            visit=visit,
            claims=visit.claims,
            probes=probes,
            clickhouse=clickhouse,
            text=given["q"],
            of=of,
            actor=given["actor"],
            action=given["action"],
            since=_day(since),
            until=_day(until),
            cursor=cursor,
        )
        shown = await READ[tab](asked)
        kept = {name: value for name, value in {**given, "since": since, "until": until}.items() if value}
        following = {"show": tab, **kept, "cursor": encode_cursor(shown.next)}
        return visit.page(
            "admin.html",
            tab=tab,
            tabs=TABS,
            asked=asked,
            items=shown.items,
            next=f"/admin?{urlencode(following)}" if shown.next is not None else "",
            first=cursor is None,
            **shown.more,
        )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
