"""Granting and taking the right to moderate, banning and lifting bans; each act with its audit entry and event."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from domain.accounts import service as accounts
from domain.accounts.tokens import Claims
from domain.audit.service import note
from domain.moderation import queries
from domain.moderation.model import Ban, Banned, Channel, Moderator, NotBanned, Standing
from domain.streams import service as streams
from domain.streams.model import Stream
from domain.text import clean_text
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db, Pool, connection, transaction
from livestreamx.errors import Forbidden, NotFound
from livestreamx.events import ModeratorGranted, ModeratorRevoked, PersonBanned, PersonUnbanned


async def standing(db: Db, user_id: UUID, creator_id: UUID) -> Standing:
    """What somebody is in a channel: whether they moderate it, and the ban that is in force."""
    return await queries.standing(db, user_id, creator_id)


async def may_moderate(db: Db, user_id: UUID, creator_id: UUID) -> bool:
    """Whether somebody keeps order in a channel: its creator, its moderators, admins."""
    return (await standing(db, user_id, creator_id)).moderates


async def require_moderator(db: Db, user_id: UUID, creator_id: UUID) -> None:
    """`Forbidden` for who does not keep order in the channel; `NotFound` for an admin without the channel."""
    if not await may_moderate(db, user_id, creator_id):
        raise Forbidden("Only the creator and moderators may do that")
    if user_id != creator_id:
        await accounts.find(db, creator_id)


async def require_welcome(db: Db, user_id: UUID, creator_id: UUID) -> None:
    """`Banned` for who may not take part in the channel."""
    (await standing(db, user_id, creator_id)).require_welcome()


async def banned_among(db: Db, people: Collection[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Banned]:
    """The refusals of those who may not take part, by creator and person."""
    found = await queries.bans_among(db, people)
    return {(ban.creator_id, ban.user_id): Banned(ban.until, ban.reason) for ban in found}


async def channels_of(db: Db, claims: Claims, creator_id: UUID | None) -> list[UUID]:
    """The one channel, if this person keeps order there, or with None all where they do."""
    if creator_id is None:
        return await queries.moderated_channels(db, claims.sub)
    await require_moderator(db, claims.sub, creator_id)
    return [creator_id]


async def keeps_order(db: Db, user_id: UUID) -> bool:
    """Whether a creator named somebody a moderator."""
    return await queries.keeps_order(db, user_id)


async def channels(pool: Pool, user_id: UUID) -> list[Channel]:
    """The channels where somebody keeps order, their own first."""
    async with connection(pool) as db:
        return await queries.channels(db, user_id)


async def find_moderated(db: Db, stream_id: UUID, claims: Claims) -> Stream:
    """The stream if this person keeps order in it; a private one does not exist for strangers."""
    stream = await streams.find(db, stream_id)
    if not await may_moderate(db, claims.sub, stream.creator_id):
        streams.require_visible(stream, claims)
        raise Forbidden("Only the creator and moderators may do that")
    return stream


def _require_run(creator_id: UUID, claims: Claims) -> None:
    """`Forbidden` with code `not_owner` for who is neither the creator nor an admin."""
    if claims.sub != creator_id and not claims.is_admin:
        raise Forbidden("Only the creator may do that", code="not_owner")


async def _require_channel(db: Db, creator_id: UUID) -> None:
    if "creator" not in (await accounts.find(db, creator_id)).roles:
        raise NotFound("There is no such creator", code="creator_not_found")


async def grant(pool: Pool, creator_id: UUID, user_id: UUID, claims: Claims, request_id: str) -> bool:
    """Let somebody moderate the channel; whether that is new. Owner and admins only; a banned person cannot."""
    _require_run(creator_id, claims)
    async with transaction(pool) as db:
        await _require_channel(db, creator_id)
        await accounts.find(db, user_id)
        if user_id == creator_id:
            return False
        await require_welcome(db, user_id, creator_id)
        granted = await queries.insert_moderator(db, creator_id, user_id)
        if granted:
            act = ModeratorGranted(creator_id=creator_id, user_id=claims.sub, target_id=user_id)
            await _note_moderator(db, act, request_id)
    return granted


async def revoke(pool: Pool, creator_id: UUID, user_id: UUID, claims: Claims, request_id: str) -> bool:
    """Take the right to moderate back; whether there was one. The moderator may resign."""
    if claims.sub != user_id:
        _require_run(creator_id, claims)
    async with transaction(pool) as db:
        return await _revoke(db, creator_id, user_id, claims, request_id)


async def _revoke(db: Db, creator_id: UUID, user_id: UUID, claims: Claims, request_id: str) -> bool:
    revoked = await queries.delete_moderator(db, creator_id, user_id)
    if revoked:
        act = ModeratorRevoked(creator_id=creator_id, user_id=claims.sub, target_id=user_id)
        await _note_moderator(db, act, request_id)
    return revoked


async def _note_moderator(db: Db, act: ModeratorGranted | ModeratorRevoked, request_id: str) -> None:
    """Its event and its audit entry."""
    await record(db, act, request_id=request_id)
    is_moderator = isinstance(act, ModeratorGranted)
    await note(
        db,
        actor_id=act.user_id,
        action="moderator.granted" if is_moderator else "moderator.revoked",
        subject=f"user:{act.target_id}",
        before={"moderator": not is_moderator},
        after={"moderator": is_moderator},
        request_id=request_id,
        channel_id=act.creator_id,
    )


async def moderators(
    pool: Pool, creator_id: UUID, claims: Claims, after: tuple[datetime, UUID] | None, limit: int
) -> list[Moderator]:
    """A channel's moderators, the latest first; for those who keep order in it."""
    async with connection(pool) as db:
        await require_moderator(db, claims.sub, creator_id)
        return await queries.moderators(db, creator_id, after, limit)


async def ban(
    pool: Pool, stream_id: UUID, user_id: UUID, *, seconds: int | None, reason: str, claims: Claims, request_id: str
) -> Ban:
    """Keep somebody from taking part in the stream's channel, for so long or for good; a new ban replaces the last.

    `Forbidden` with code `cannot_ban` for the creator and admins, and for a moderator unless the creator asks.
    """
    async with transaction(pool) as db:
        creator_id = (await find_moderated(db, stream_id, claims)).creator_id
        target = await accounts.find(db, user_id)
        if user_id == creator_id or "admin" in target.roles:
            raise Forbidden("Nobody bans the creator or an admin", code="cannot_ban")
        if await may_moderate(db, user_id, creator_id):
            if claims.sub != creator_id and not claims.is_admin:
                raise Forbidden("Only the creator bans a moderator", code="cannot_ban")
            await _revoke(db, creator_id, user_id, claims, request_id)
        before = await queries.ban_in_force(db, creator_id, user_id)
        await queries.upsert_ban(
            db, creator_id, user_id, seconds=seconds, reason=clean_text(reason), banned_by=claims.sub
        )
        banned = await queries.ban_in_force(db, creator_id, user_id)
        assert banned is not None
        event = PersonBanned(
            stream_id=stream_id,
            creator_id=creator_id,
            user_id=claims.sub,
            target_id=user_id,
            until=banned.until,
            reason=banned.reason,
        )
        await record(db, event, request_id=request_id)
        await note(
            db,
            actor_id=claims.sub,
            action="user.banned",
            subject=f"user:{user_id}",
            before=_as_noted(before),
            after=_as_noted(banned),
            request_id=request_id,
            channel_id=creator_id,
        )
    return banned


def _as_noted(ban: Ban | None) -> dict[str, object] | None:
    return {"until": ban.until and ban.until.isoformat(), "reason": ban.reason} if ban else None


async def unban(pool: Pool, stream_id: UUID, user_id: UUID, claims: Claims, request_id: str) -> UUID:
    """Lift a ban before its time; the channel. `NotBanned` where none is in force."""
    async with transaction(pool) as db:
        creator_id = (await find_moderated(db, stream_id, claims)).creator_id
        await lift(db, creator_id, user_id, claims, request_id)
    return creator_id


async def lift(db: Db, creator_id: UUID, user_id: UUID, claims: Claims, request_id: str) -> None:
    """Lift a ban inside the caller's transaction; `NotBanned` where none is in force."""
    before = await queries.ban_in_force(db, creator_id, user_id)
    if before is None or not await queries.delete_ban(db, creator_id, user_id):
        raise NotBanned()
    event = PersonUnbanned(creator_id=creator_id, user_id=claims.sub, target_id=user_id)
    await record(db, event, request_id=request_id)
    await note(
        db,
        actor_id=claims.sub,
        action="user.unbanned",
        subject=f"user:{user_id}",
        before=_as_noted(before),
        after=None,
        request_id=request_id,
        channel_id=creator_id,
    )


async def bans(pool: Pool, stream_id: UUID, claims: Claims, before: UUID | None, limit: int) -> list[Ban]:
    """The bans in force in the stream's channel, newest first."""
    async with connection(pool) as db:
        creator_id = (await find_moderated(db, stream_id, claims)).creator_id
        return await queries.bans(db, creator_id, before, limit)
