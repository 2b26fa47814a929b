"""Who may be in a stream's media room, and what follows from what the media server tells."""

from datetime import timedelta
from uuid import UUID

from redis.asyncio import Redis as AsyncRedis

from domain.accounts.tokens import Claims
from domain.media import queries
from domain.media.model import MediaNews, MediaOff, MediaPass, NoPicture, Outcome
from domain.media.rooms import MediaRooms
from domain.moderation import service as moderation
from domain.segments import keeping as segments
from domain.streams import queries as stream_rows
from domain.streams import service as streams
from domain.streams.model import Stream
from livestreamx import keys
from livestreamx.clock import now, uuid7
from livestreamx.engines.postgres import Db, Pool, connection, transaction

NEWS_SECONDS = 24 * 3600
"""How long news are known that were taken; the media server tells again for minutes only."""


def has_picture(stream: Stream, user_id: UUID | None) -> bool:
    """Whether somebody may be in the media room now: the creator also before the stream begins."""
    return stream.status == "live" or (stream.status == "scheduled" and user_id == stream.creator_id)


def require_picture(stream: Stream, user_id: UUID | None) -> None:
    """`NoPicture` unless somebody may be in the media room now."""
    if not has_picture(stream, user_id):
        raise NoPicture()


async def admit(pool: Pool, rooms: MediaRooms | None, stream_id: UUID, visitor: Claims | None) -> MediaPass:
    """A pass into the stream's media room: its creator publishes, everybody else sees and hears.

    Refusals: `MediaOff`, `NotFound`, `Banned`, `NoPicture`.
    """
    if rooms is None:
        raise MediaOff()
    async with connection(pool) as db:
        stream = await streams.find_visible(db, stream_id, visitor)
        if visitor is not None and not streams.owns(stream, visitor):
            await moderation.require_welcome(db, visitor.sub, stream.creator_id)
    require_picture(stream, visitor.sub if visitor else None)
    if visitor is None:
        return rooms.give_pass(stream.id, f"anon:{uuid7().hex}", "", publishes=False)
    publishes = visitor.sub == stream.creator_id
    return rooms.give_pass(stream.id, str(visitor.sub), visitor.handle, publishes=publishes)


async def take(pool: Pool, redis: AsyncRedis, rooms: MediaRooms, news: MediaNews) -> Outcome:
    """Take in what the media server told; the same news twice, or in another order, end the same."""
    if news.kind == "other" or news.stream_id is None:
        return "ignored"
    if await redis.exists(keys.media_news(news.id)):
        return "duplicate"
    if news.kind == "recorded":
        outcome: Outcome = "noted" if await streams.archive_recorded(pool, news.stream_id) else "ignored"
    elif news.segment_id is not None:
        outcome = await _take_clip(pool, news, news.stream_id, news.segment_id)
    elif news.kind in ("came", "went"):
        outcome = await _take(pool, rooms, news, news.stream_id)
    else:
        outcome = "ignored"
    await redis.set(keys.media_news(news.id), "1", ex=NEWS_SECONDS)
    return outcome


async def _take(pool: Pool, rooms: MediaRooms, news: MediaNews, stream_id: UUID) -> Outcome:
    async with transaction(pool) as db:
        stream = await stream_rows.find(db, stream_id)
        if stream is None:
            return "ignored"
        publishes = news.user_id == stream.creator_id
        if publishes and news.kind == "went":
            await queries.note_departure(db, stream_id, news, now())
            return "noted"
        if news.kind == "went":
            return "ignored"
        welcome = await _is_welcome(db, stream, news.user_id)
        if publishes and welcome:
            await queries.note_arrival(db, stream_id, news)
            return "noted"
    if not welcome:
        await rooms.remove(stream_id, news.identity)
        return "removed"
    return "welcome"


async def _take_clip(pool: Pool, news: MediaNews, stream_id: UUID, segment_id: UUID) -> Outcome:
    if news.kind == "began":
        is_news = await segments.begin(pool, stream_id, segment_id)
    elif news.kind == "ended":
        is_news = await segments.finish(pool, stream_id, segment_id, "ingress_failed" if news.is_broken else None)
    else:
        is_news = False
    return "noted" if is_news else "ignored"


async def _is_welcome(db: Db, stream: Stream, user_id: UUID | None) -> bool:
    """Whether who comes may stay: their pass may be older than a ban, or than the end of the stream."""
    if not has_picture(stream, user_id):
        return False
    return user_id is None or not (await moderation.standing(db, user_id, stream.creator_id)).is_banned


async def end_abandoned(pool: Pool, loss_seconds: float) -> UUID | None:
    """End a live stream whose publisher left so long ago and has not come back; None when there is none."""
    async with transaction(pool) as db:
        stream_id = await queries.abandoned(db, now() - timedelta(seconds=loss_seconds))
        if stream_id is not None:
            await streams.end_without_publisher(db, stream_id)
        return stream_id
