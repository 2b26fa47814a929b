"""Starting a raid, calling it off, and letting it go; each commits together with its event."""

from typing import Any, Literal
from uuid import UUID

from psycopg.errors import UniqueViolation
from redis.asyncio import Redis as AsyncRedis

from domain.accounts.tokens import Claims
from domain.interactions.lifecycle import move, require_live
from domain.interactions.raids import queries
from domain.interactions.raids.model import MOVES, NoRaid, Raid, RaidPending, RaidRefused, SameStream
from domain.streams import service as streams
from domain.streams.pulse import count_viewers
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db, Pool, connection, transaction
from livestreamx.errors import Conflict
from livestreamx.events import RaidCancelled, RaidLaunched, RaidStarted

Reason = Literal["cancelled", "not_live", "target_not_live"]


async def start_raid(pool: Pool, stream_id: UUID, target_id: UUID, claims: Claims, request_id: str) -> Raid:
    """Send the room on to another live stream in a moment; for the stream's creator.

    `SameStream`, `Conflict` with code `not_live` or `target_not_live`, `RaidRefused`, `RaidPending`.
    """
    if target_id == stream_id:
        raise SameStream()
    try:
        async with transaction(pool) as db:
            stream = await streams.find_owned(db, stream_id, claims)
            require_live(stream)
            target = await streams.find_visible(db, target_id, claims)
            if target.status != "live" or target.visibility == "private":
                raise Conflict("That stream is not live", code="target_not_live")
            if await queries.refuses(db, target.creator_id):
                raise RaidRefused()
            raid_id = await queries.insert(
                db,
                stream_id=stream_id,
                creator_id=stream.creator_id,
                target_id=target_id,
                target_creator_id=target.creator_id,
                started_by=claims.sub,
            )
            raid = await _find(db, raid_id)
            started = RaidStarted(**as_told(raid), user_id=claims.sub, goes_at=raid.goes_at)
            await record(db, started, request_id=request_id)
    except UniqueViolation as error:
        raise RaidPending() from error
    return raid


async def cancel_raid(pool: Pool, stream_id: UUID, claims: Claims, request_id: str) -> Raid:
    """Call the raid off that waits to leave; `NoRaid` without one."""
    async with transaction(pool) as db:
        await streams.find_owned(db, stream_id, claims)
        raid = await queries.pending_of(db, stream_id)
        if raid is None:
            raise NoRaid()
        return await _cancel(db, raid, "cancelled", claims.sub, request_id)


async def launch_due(pool: Pool, redis: AsyncRedis, present_seconds: int) -> bool:
    """Let one raid go whose time has come, if both streams are live still; whether there was one."""
    async with transaction(pool) as db:
        raid = await queries.claim_due(db)
        if raid is None:
            return False
        if not raid.is_live or not raid.is_target_live:
            await _cancel(db, raid, "target_not_live" if raid.is_live else "not_live", None, "")
            return True
        (viewers,) = await count_viewers(redis, [raid.stream_id], present_seconds)
        await queries.finish(db, raid.id, move(MOVES, raid.state, "launch"))
        await record(db, RaidLaunched(**as_told(raid), user_id=raid.started_by, viewers=viewers))
    return True


async def _cancel(db: Db, raid: Raid, reason: Reason, actor: UUID | None, request_id: str) -> Raid:
    await queries.finish(db, raid.id, move(MOVES, raid.state, "cancel"))
    await record(db, RaidCancelled(**as_told(raid), user_id=actor, reason=reason), request_id=request_id)
    return await _find(db, raid.id)


async def _find(db: Db, raid_id: UUID) -> Raid:
    raid = await queries.find(db, raid_id)
    if raid is None:
        raise NoRaid()
    return raid


def as_told(raid: Raid) -> dict[str, Any]:
    """The fields of `RaidEvent` without its actor."""
    return {
        "stream_id": raid.stream_id,
        "creator_id": raid.creator_id,
        "raid_id": raid.id,
        "handle": raid.handle,
        "target_id": raid.target_id,
        "target_creator_id": raid.target_creator_id,
        "target_handle": raid.target_handle,
        "target_title": raid.target_title,
    }


async def accepts_raids(pool: Pool, creator_id: UUID) -> bool:
    """Whether a creator may be raided; so until they say otherwise."""
    async with connection(pool) as db:
        return not await queries.refuses(db, creator_id)


async def accept_raids(pool: Pool, creator_id: UUID, accept: bool) -> bool:
    """Say whether one may be raided."""
    async with connection(pool) as db:
        await queries.set_refusal(db, creator_id, not accept)
    return accept
