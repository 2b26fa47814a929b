"""Looking people, gifts and purchases up, locking wallets, naming admins, and giving a buyer's money back: audited."""

from uuid import UUID

from redis.asyncio import Redis as AsyncRedis

from domain.accounts import queries as accounts
from domain.administration import queries
from domain.administration.model import Found, OwnRole, Purchase
from domain.audit.service import note
from domain.economy import service as economy
from domain.economy.model import GiftEvent
from domain.fraud import service as fraud
from domain.payments.checkout import Checkout
from domain.payments.model import Refund, UnknownPayment
from domain.payments.refunds import refund_purchase
from domain.text import clean_text
from livestreamx.clock import now
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db, Pool, connection, transaction
from livestreamx.errors import Invalid, NotFound
from livestreamx.events import RoleGranted, RoleRevoked, WalletLocked

ADMIN = "admin"


async def find_people(pool: Pool, text: str, before: UUID | None, limit: int) -> list[Found]:
    """Accounts by the beginning of their handle, by e-mail or by id; newest first."""
    async with connection(pool) as db:
        return await queries.people(db, text.strip(), before, limit)


async def find_gifts(pool: Pool, text: str, before: UUID | None, limit: int) -> list[GiftEvent]:
    """Gifts by their sender's handle or by id; newest first."""
    async with connection(pool) as db:
        return await queries.gifts(db, text.strip(), before, limit)


async def find_purchases(pool: Pool, text: str, before: UUID | None, limit: int) -> list[Purchase]:
    """Purchases by their buyer's handle or by id; newest first."""
    async with connection(pool) as db:
        return await queries.purchases(db, text.strip(), before, limit)


async def _person(db: Db, user_id: UUID) -> Found:
    found = await queries.person(db, user_id)
    if found is None:
        raise NotFound("There is no such account", code="user_not_found")
    return found


async def lock(pool: Pool, user_id: UUID, *, admin_id: UUID, reason: str, request_id: str) -> Found:
    """Keep a wallet from spending, with the reason its owner reads."""
    why = clean_text(reason)
    if not why:
        raise Invalid("reason: say why")
    async with transaction(pool) as db:
        before = await _person(db, user_id)
        await economy.lock_wallet(db, user_id, why)
        await record(db, WalletLocked(user_id=admin_id, target_id=user_id, reason=why), request_id=request_id)
        await note(
            db,
            actor_id=admin_id,
            action="wallet.locked",
            subject=f"user:{user_id}",
            before={"locked": before.locked_for},
            after={"locked": why},
            request_id=request_id,
        )
        return await _person(db, user_id)


async def unlock(pool: Pool, user_id: UUID, *, admin_id: UUID, request_id: str) -> Found:
    """Let a wallet spend again, whatever locked it."""
    async with transaction(pool) as db:
        before = await _person(db, user_id)
        was_locked = before.locked_for is not None
        await fraud.unlock(db, user_id, admin_id=admin_id, was_locked=was_locked, request_id=request_id)
        return await _person(db, user_id)


async def name_admin(pool: Pool, user_id: UUID, *, is_admin: bool, admin_id: UUID | None, request_id: str) -> Found:
    """Give somebody the admin's role, or take it, which ends their sessions. Again changes nothing. `OwnRole`.

    `admin_id` is None where whoever runs the platform does so from its command line.
    """
    if user_id == admin_id and not is_admin:
        raise OwnRole()
    async with transaction(pool) as db:
        before = await _person(db, user_id)
        change = accounts.add_role if is_admin else queries.remove_role
        if not await change(db, user_id, ADMIN):
            return before
        if not is_admin:
            await accounts.revoke_all(db, user_id, "role taken", now())
        after = await _person(db, user_id)
        event = RoleGranted if is_admin else RoleRevoked
        await record(db, event(user_id=admin_id, target_id=user_id, role=ADMIN), request_id=request_id)
        await note(
            db,
            actor_id=admin_id,
            action="role.granted" if is_admin else "role.revoked",
            subject=f"user:{user_id}",
            before={"roles": before.roles},
            after={"roles": after.roles},
            request_id=request_id,
        )
    return after


async def give_back(
    pool: Pool,
    redis: AsyncRedis,
    checkout: Checkout | None,
    payment_id: UUID,
    *,
    admin_id: UUID,
    reason: str,
    request_id: str,
) -> Refund:
    """Send the money of a purchase's unspent tokens back for its buyer; the refusals of `refund_purchase`."""
    async with connection(pool) as db:
        purchase = await queries.purchase(db, payment_id)
    if purchase is None:
        raise UnknownPayment()
    refund = await refund_purchase(
        pool, redis, checkout, user_id=purchase.user_id, payment_id=payment_id, request_id=request_id
    )
    async with transaction(pool) as db:
        await note(
            db,
            actor_id=admin_id,
            action="purchase.refunded",
            subject=f"payment:{payment_id}",
            before={"state": purchase.state},
            after={"tokens": refund.tokens, "minor": refund.minor, "currency": refund.currency, "reason": reason},
            request_id=request_id,
        )
    return refund
