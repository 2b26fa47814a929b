"""Why a gift is refused, in words that its sender understands; asked only once the database has refused."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from domain.economy import queries
from domain.economy.model import GiftOrder, GiftOutcome, SelfExcluded, SpendLimit, WalletLock
from domain.moderation import queries as bans
from domain.moderation.model import Banned
from livestreamx.clock import now
from livestreamx.engines.postgres import Db
from livestreamx.errors import DomainError, Locked

DISPUTE = "dispute"
SPEND_LIMIT, SELF_EXCLUDED = "LX001", "LX002"
"""SQLSTATEs of the limits that the database keeps."""
WINDOWS = {1: "a day", 7: "a week"}


class Limited(msgspec.Struct, frozen=True, rename="camel"):
    """The detail of such a refusal; `free_at` is when there is room again for as much, None for never."""

    days: int = 1
    limit: int = 0
    spent: int = 0
    free_at: datetime | None = None
    until: datetime | None = None


async def why_locked(db: Db, user_id: UUID) -> Locked:
    """The refusal of a locked wallet: `reason` is `dispute` or `admin`, `purchases` those that are disputed."""
    return explain_lock(await queries.wallet_lock(db, user_id))


def explain_lock(lock: WalletLock | None) -> Locked:
    """What to tell the owner; the lock may have been lifted since it refused."""
    if lock is None or lock.reason is None:
        return Locked("Your wallet was locked a moment ago and is open again: try once more", reason="lifted")
    if lock.reason != DISPUTE:
        return Locked(f"An administrator locked your wallet: {lock.reason}", reason="admin")
    named = ", ".join(str(purchase) for purchase in lock.purchases) or "of tokens"
    return Locked(
        f"Your wallet is locked, because your bank disputes your purchase {named}. It opens when the bank decides in "
        "our favour, or an administrator opens it",
        reason=DISPUTE,
        purchases=[str(purchase) for purchase in lock.purchases],
    )


async def why_banned(db: Db, user_id: UUID, stream_id: UUID) -> Banned:
    """The ban from the stream's channel; it may have been lifted since it refused."""
    standing = await bans.welcome(db, user_id, stream_id)
    if standing is None or not standing.is_banned:
        return Banned(now(), "it was lifted a moment ago, try once more")
    return Banned(standing.until, standing.reason)


EXPLAINED: dict[str, Callable[[Db, GiftOrder], Awaitable[DomainError]]] = {
    "wallet_locked": lambda db, order: why_locked(db, order.sender),
    "banned": lambda db, order: why_banned(db, order.sender, order.stream_id),
}
"""What there is more to say of than its name."""


async def explain(db: Db, order: GiftOrder, outcome: GiftOutcome) -> None:
    """Raise the explained refusal of an outcome that has one: `Locked` or `Banned`."""
    if why := EXPLAINED.get(outcome.outcome):
        raise await why(db, order)


@asynccontextmanager
async def limits_explained() -> AsyncIterator[None]:
    """Spend inside: what the owner's own limits refuse is `SpendLimit` or `SelfExcluded`, with the time to wait."""
    try:
        yield
    except psycopg.Error as error:
        refusal = explain_limit(error.sqlstate, error.diag.message_detail)
        if refusal is None:
            raise
        raise refusal from error


def explain_limit(sqlstate: str | None, detail: str | None) -> DomainError | None:
    """The refusal that such an error of the database means, if it is one."""
    if sqlstate not in (SPEND_LIMIT, SELF_EXCLUDED) or detail is None:
        return None
    said = msgspec.json.decode(detail, type=Limited)
    if sqlstate == SELF_EXCLUDED and said.until is not None:
        until = said.until.isoformat(timespec="seconds")
        return SelfExcluded(
            f"You excluded yourself from spending until {until}", until=until, retryAfterMs=wait_ms(said.until)
        )
    window = WINDOWS[said.days]
    return SpendLimit(
        f"Your own limit is {said.limit} tokens in {window}, and this would make it {said.spent}",
        limit=said.limit,
        spent=said.spent,
        days=said.days,
        retryAfterMs=None if said.free_at is None else wait_ms(said.free_at),
    )


def wait_ms(until: datetime) -> int:
    return max(1, round((until - now()).total_seconds() * 1000))
