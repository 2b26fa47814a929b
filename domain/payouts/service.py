"""Paying creators: earnings are set aside when they ask, and an admin takes each payout to its end, audited."""

from uuid import UUID

from domain.audit import service as audit
from domain.economy.model import KeyReused
from domain.economy.service import check_key
from domain.payouts import queries
from domain.payouts.model import (
    CURRENCY,
    SMALLEST_MINOR,
    Earnings,
    InsufficientEarnings,
    Maturing,
    Payout,
    PayoutOpen,
    PayoutsBlocked,
    PayoutStale,
    PayoutState,
    PayoutTooSmall,
    Step,
    UnknownPayout,
)
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Pool, connection, transaction
from livestreamx.events import PayoutMoved


async def request(
    pool: Pool, *, creator_id: UUID, amount_minor: int, idempotency_key: str, request_id: str = ""
) -> Payout:
    """Ask for so many cents of what is available; the same payout for the same key.

    Refusals: `PayoutTooSmall`, `InsufficientEarnings`, `PayoutOpen`, `PayoutsBlocked`, `KeyReused`, `Invalid`.
    """
    check_key(idempotency_key)
    if amount_minor < SMALLEST_MINOR:
        raise PayoutTooSmall()
    async with transaction(pool) as db:
        done = await queries.request(db, creator_id, amount_minor, idempotency_key)
        match done.outcome:
            case "key_reused":
                raise KeyReused("This key asked for another payout")
            case "blocked":
                raise PayoutsBlocked()
            case "one_at_a_time":
                raise PayoutOpen()
            case "insufficient":
                raise InsufficientEarnings(f"{done.available / 100:.2f} USD are available", available=done.available)
        asked = None if done.payout_id is None else await queries.payout(db, done.payout_id)
        if asked is None:
            raise RuntimeError(f"ledger.request_payout answered {done.outcome}")
        if done.outcome == "requested":
            await record(db, _event(asked), request_id=request_id)
    return asked


async def move(pool: Pool, payout_id: UUID, step: Step, *, admin_id: UUID, note: str, request_id: str = "") -> Payout:
    """Take a payout one step on; what ends unpaid is available again.

    Refusals: `UnknownPayout`, `PayoutStale`, `PayoutsBlocked`.
    """
    async with transaction(pool) as db:
        before = await queries.payout(db, payout_id)
        match await queries.move(db, payout_id, step):
            case "unknown":
                raise UnknownPayout()
            case "stale":
                raise PayoutStale(f"It is {before.state if before else 'gone'}: look again")
            case "blocked":
                raise PayoutsBlocked()
        after = await queries.payout(db, payout_id)
        assert before is not None
        assert after is not None
        await record(db, _event(after), request_id=request_id)
        await audit.note(
            db,
            actor_id=admin_id,
            action="payout.moved",
            subject=f"payout:{payout_id}",
            before={"state": before.state},
            after={"state": after.state, "amountMinor": after.amount_minor, "note": note},
            request_id=request_id,
        )
    return after


def _event(payout: Payout) -> PayoutMoved:
    return PayoutMoved(
        creator_id=payout.creator_id,
        payout_id=payout.id,
        amount_minor=payout.amount_minor,
        currency=CURRENCY,
        state=payout.state,
    )


async def payouts(
    pool: Pool, before: UUID | None, limit: int, *, creator_id: UUID | None = None, state: PayoutState | None = None
) -> list[Payout]:
    """Newest first; of one creator, or of all for admins. `before` is the last one already read."""
    async with connection(pool) as db:
        return await queries.payouts(db, before, limit, creator_id=creator_id, state=state)


async def earnings(pool: Pool, creator_id: UUID) -> Earnings:
    """Where a creator's earnings are now."""
    async with connection(pool) as db:
        return await queries.earnings(db, creator_id)


async def next_maturing(pool: Pool, creator_id: UUID) -> Maturing | None:
    """Which pending earnings are available next, and when; None when nothing waits."""
    async with connection(pool) as db:
        return await queries.next_maturing(db, creator_id)
