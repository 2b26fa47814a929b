"""Following creators; an event goes out only when something changed."""

from datetime import datetime
from uuid import UUID

from domain.accounts import service as accounts
from domain.profiles import queries
from domain.profiles.model import Followed, Shown
from domain.streams import queries as streams
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db, Pool, connection, transaction
from livestreamx.errors import Forbidden, NotFound
from livestreamx.events import FollowAdded, FollowRemoved


async def _require_creator(db: Db, creator_id: UUID) -> None:
    if "creator" not in (await accounts.find(db, creator_id)).roles:
        raise NotFound("There is no such creator", code="creator_not_found")


async def follow(pool: Pool, follower_id: UUID, creator_id: UUID, source: str, request_id: str) -> bool:
    """Whether it was new. `Forbidden` with code `self_follow`, `NotFound` for who is no creator."""
    if follower_id == creator_id:
        raise Forbidden("You cannot follow yourself", code="self_follow")
    async with transaction(pool) as db:
        await _require_creator(db, creator_id)
        added = await queries.insert_follow(db, follower_id, creator_id)
        if added:
            event = FollowAdded(user_id=follower_id, creator_id=creator_id, source=source)
            await record(db, event, request_id=request_id)
        return added


async def unfollow(pool: Pool, follower_id: UUID, creator_id: UUID, request_id: str) -> bool:
    """Whether there was something to undo. `NotFound` for who is no creator."""
    async with transaction(pool) as db:
        await _require_creator(db, creator_id)
        removed = await queries.delete_follow(db, follower_id, creator_id)
        if removed:
            await record(db, FollowRemoved(user_id=follower_id, creator_id=creator_id), request_id=request_id)
        return removed


async def following(pool: Pool, follower_id: UUID, after: tuple[datetime, UUID] | None, limit: int) -> list[Followed]:
    """Whom somebody follows, the latest first."""
    async with connection(pool) as db:
        return await queries.following(db, follower_id, after, limit)


async def of_handle(pool: Pool, handle: str, visitor_id: UUID | None) -> Shown:
    """A profile as this visitor sees it; `NotFound` with code `user_not_found`."""
    async with connection(pool) as db:
        user = await accounts.find_by_handle(db, handle)
        live = await streams.live_of(db, user.id)
        return Shown(
            user=user,
            followers=await queries.count_followers(db, user.id),
            following=visitor_id is not None and await queries.follows(db, visitor_id, user.id),
            live_stream_id=live.id if live else None,
        )
