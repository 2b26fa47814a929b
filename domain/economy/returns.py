"""Gifts taken back, earnings that no dispute can reach any more, and what moved a wallet in a month."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from redis.asyncio import Redis as AsyncRedis

from domain.audit import service as audit
from domain.economy import queries
from domain.economy.announcing import announce_balances
from domain.economy.model import Refund, UnknownGiftEvent, Wallet
from livestreamx.engines.postgres import Db, Pool, connection, transaction
from livestreamx.errors import Invalid
from livestreamx.observe.tracing import origin_of

MOST_REASON_CHARACTERS = 300
PENDING = timedelta(days=14)
"""How long a dispute may reach earnings."""
COLUMNS = ("at", "transaction", "bucket", "reason", "gift", "qty", "tokens")


async def refund_gift(
    pool: Pool, redis: AsyncRedis, *, actor: UUID | None, gift_event_id: UUID, reason: str, request_id: str = ""
) -> Refund:
    """Give a gift's tokens back and take what it gave: earnings, score, fee. Again it changes nothing.

    `actor` is None for the platform itself. `UnknownGiftEvent`; `Invalid` for a reason that cannot be kept.
    """
    async with transaction(pool) as db:
        refund = await refund_within(db, actor=actor, gift_event_id=gift_event_id, reason=reason, request_id=request_id)
    if refund.is_new:
        await announce_balances(redis, {refund.user_id: refund.balance})
    return refund


async def refund_within(db: Db, *, actor: UUID | None, gift_event_id: UUID, reason: str, request_id: str) -> Refund:
    """`refund_gift` inside the caller's transaction, who tells the balance after the commit if the refund is new."""
    if not (1 <= len(reason) <= MOST_REASON_CHARACTERS and reason.isprintable()):
        raise Invalid(f"A reason is 1 to {MOST_REASON_CHARACTERS} printable characters", code="reason_invalid")
    done = await queries.refund_gift(db, gift_event_id, actor, reason, origin_of(request_id))
    if done.user_id is None or done.stream_id is None:
        raise UnknownGiftEvent()
    paid, bonus, tokens = done.paid_left or 0, done.bonus_left or 0, done.tokens or 0
    is_new = done.outcome == "refunded"
    if is_new:
        await audit.note(
            db,
            actor_id=actor,
            action="gift.refunded",
            subject=f"gift:{gift_event_id}",
            after={"tokens": tokens, "user": str(done.user_id), "reason": reason},
            request_id=request_id,
        )
    return Refund(
        gift_event_id=gift_event_id,
        user_id=done.user_id,
        stream_id=done.stream_id,
        tokens=tokens,
        balance=Wallet(tokens=paid + bonus, paid=paid, bonus=bonus),
        is_new=is_new,
    )


async def mature_earnings(pool: Pool, moment: datetime) -> int:
    """Make available what creators earned until `PENDING` before that moment; how much, in hundredths of a token."""
    async with connection(pool) as db:
        creators = await queries.creators_with_earnings(db)
        return sum([await queries.mature_earnings(db, creator, moment - PENDING) for creator in creators])


async def statement(pool: Pool, user_id: UUID, month: str) -> str:
    """A month (`yyyy-mm`, UTC) of a wallet as CSV with a header, oldest line first; `Invalid` for another format."""
    since, until = month_span(month)
    async with connection(pool) as db:
        lines = await queries.statement(db, user_id, since, until)
    return write_csv(
        COLUMNS,
        (
            (
                line.at.astimezone(UTC).isoformat(timespec="milliseconds"),
                line.txn_id,
                line.bucket,
                line.reason,
                line.gift_code or "",
                line.qty or "",
                line.delta,
            )
            for line in lines
        ),
    )


def month_span(month: str) -> tuple[datetime, datetime]:
    """From the first moment of a month (`yyyy-mm`, UTC) to that of the next; `Invalid` for another format."""
    try:
        since = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
        return since, (since + timedelta(days=31)).replace(day=1)
    except (ValueError, OverflowError) as error:
        raise Invalid("A month is written as 2026-01", code="month_invalid") from error


def write_csv(header: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    """Lines as RFC 4180 has them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()
