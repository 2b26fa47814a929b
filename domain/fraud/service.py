"""Raising flags inside the transaction that gives the reason, and what admins do with them, audited."""

from typing import Any
from uuid import UUID

from domain.audit import service as audit
from domain.fraud import queries
from domain.fraud.model import Flag, FlagKind, FlagResolved, FlagState, UnknownFlag
from domain.payments import queries as payments
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db, Pool, connection, transaction
from livestreamx.events import FraudFlagged, WalletUnlocked

RING_HOURS = 24
RING_TOKENS = 200
"""Paid tokens that two people must have given each other, either way, to be flagged: a courtesy gift is none."""


async def flag(
    db: Db, kind: FlagKind, user_id: UUID, subject: str, evidence: dict[str, Any], *, request_id: str = ""
) -> bool:
    """Show somebody to the admins; whether that is new: while such a flag is open it is not raised again."""
    flag_id = await queries.raise_flag(db, kind, user_id, subject, evidence)
    if flag_id is not None:
        event = FraudFlagged(user_id=user_id, flag_id=flag_id, kind=kind, subject=subject)
        await record(db, event, request_id=request_id)
    return flag_id is not None


async def flag_once(
    db: Db, kind: FlagKind, user_id: UUID, subject: str, evidence: dict[str, Any], *, request_id: str = ""
) -> bool:
    """The same for what happens once: it is not raised again after it was resolved."""
    return not await queries.was_raised(db, kind, subject) and await flag(
        db, kind, user_id, subject, evidence, request_id=request_id
    )


async def look_for_ring(pool: Pool, sender: UUID, stream_id: UUID, *, request_id: str = "") -> bool:
    """After a gift from one creator to another: flag both when paid tokens went to and fro within a day."""
    async with transaction(pool) as db:
        found = await queries.gifts_between(db, sender, stream_id, RING_HOURS)
        if found is None or min(found[1].given, found[1].returned) < RING_TOKENS:
            return False
        creator, between = found
        evidence = {"given": between.given, "returned": between.returned, "hours": RING_HOURS}
        await flag(db, "gift_ring", sender, str(creator), evidence, request_id=request_id)
        mirrored = {**evidence, "given": between.returned, "returned": between.given}
        await flag(db, "gift_ring", creator, str(sender), mirrored, request_id=request_id)
    return True


async def flags(pool: Pool, state: FlagState, before: UUID | None, limit: int) -> list[Flag]:
    """What there is to look at, newest first; `before` is the last one already read."""
    async with connection(pool) as db:
        return await queries.flags(db, state, before, limit)


async def resolve(
    pool: Pool, flag_id: UUID, *, admin_id: UUID, note: str, unlock_wallet: bool, request_id: str
) -> Flag:
    """Close a flag with a note and, if wanted, let the person's wallet spend again. `UnknownFlag`, `FlagResolved`."""
    async with transaction(pool) as db:
        before = await queries.flag(db, flag_id)
        if before is None:
            raise UnknownFlag()
        if not await queries.resolve(db, flag_id, admin_id, note):
            raise FlagResolved()
        if unlock_wallet:
            await unlock(db, before.user_id, admin_id=admin_id, was_locked=before.wallet_locked, request_id=request_id)
        await audit.note(
            db,
            actor_id=admin_id,
            action="flag.resolved",
            subject=f"flag:{flag_id}",
            before={"kind": before.kind, "user": str(before.user_id), "subject": before.subject},
            after={"note": note, "unlockedWallet": unlock_wallet},
            request_id=request_id,
        )
        after = await queries.flag(db, flag_id)
    assert after is not None
    return after


async def unlock(db: Db, user_id: UUID, *, admin_id: UUID, was_locked: bool, request_id: str) -> None:
    """Let a wallet spend again, whatever locked it; the disputes known by now will not lock it anew."""
    await payments.lift_locks(db, user_id)
    await record(db, WalletUnlocked(user_id=admin_id, target_id=user_id), request_id=request_id)
    await audit.note(
        db,
        actor_id=admin_id,
        action="wallet.unlocked",
        subject=f"user:{user_id}",
        before={"locked": was_locked},
        after={"locked": False},
        request_id=request_id,
    )
