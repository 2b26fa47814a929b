"""Putting clips into a show, moving them in the queue, and ending them; each commits together with its event."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.accounts.tokens import Claims
from domain.interactions.lifecycle import move, require_live
from domain.moderation.service import find_moderated
from domain.segments import queries
from domain.segments.model import (
    ENDING_SECONDS,
    LOADING_SECONDS,
    MOST_QUEUED,
    MOVES,
    ON_AIR,
    TOLD,
    Act,
    FailReason,
    Insertion,
    NotOwnVod,
    QueueFull,
    Segment,
    SegmentOnAir,
    SegmentOver,
    SkipReason,
    StreamOver,
    UnknownSegment,
)
from domain.streams import service as streams
from domain.streams.model import Stream
from domain.vods import service as vods
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db, Pool, connection, transaction
from livestreamx.errors import Invalid
from livestreamx.events import SegmentMoved, SegmentQueued

SHOWN_OVER = 20
WAITS = frozenset({"scheduled", "live"})


def read_insertion(given: str | int) -> Insertion:
    """`now`, `next`, an index from 0 or a time with its offset (ISO 8601); `Invalid` with code `bad_insert`."""
    if isinstance(given, int):
        return Insertion(given)
    if given in ("now", "next"):
        return Insertion("now" if given == "now" else "next")
    try:
        at = msgspec.convert(given, datetime)
    except msgspec.ValidationError as error:
        raise Invalid("Takes now, next, an index or a time", code="bad_insert") from error
    if at.tzinfo is None:
        raise Invalid("The time needs its offset from UTC", code="bad_insert")
    return Insertion(at)


async def insert(
    pool: Pool,
    stream_id: UUID,
    vod_id: UUID,
    insertion: Insertion,
    claims: Claims,
    *,
    by_media_server: bool,
    request_id: str,
) -> Segment:
    """Put one of the creator's clips into their show, for who runs it.

    `now` takes the place of what is on air. `StreamOver`, `Conflict` with code `not_live` for `now` before the show,
    `NotOwnVod`, `QueueFull`.
    """
    async with transaction(pool) as db:
        stream = await _find_open(db, stream_id, insertion, claims)
        vod = await vods.find_for_show(db, vod_id, claims)
        if vod.creator_id != stream.creator_id:
            raise NotOwnVod()
        waiting = await queries.queued(db, stream_id)
        if len(waiting) >= MOST_QUEUED:
            raise QueueFull()
        segment_id = await queries.insert(
            db,
            stream_id=stream_id,
            creator_id=stream.creator_id,
            vod_id=vod_id,
            title=vod.title,
            kind=vod.kind,
            duration_ms=vod.duration_ms,
            queued_by=claims.sub,
            place=len(waiting) + 1,
        )
        segment = await _put(db, await _find(db, stream_id, segment_id), insertion)
        queued = SegmentQueued(**segment.as_told(), user_id=claims.sub, place=segment.place, plays_at=segment.plays_at)
        await record(db, queued, request_id=request_id)
        if insertion.at == "now":
            segment = await _take_over(db, segment, claims, by_media_server, request_id)
    return segment


async def rearrange(
    pool: Pool,
    stream_id: UUID,
    segment_id: UUID,
    insertion: Insertion,
    claims: Claims,
    *,
    by_media_server: bool,
    request_id: str,
) -> Segment:
    """Let one that waits go elsewhere in the queue, or on air at once. `SegmentOnAir`, `SegmentOver`."""
    async with transaction(pool) as db:
        await _find_open(db, stream_id, insertion, claims)
        before = await _find(db, stream_id, segment_id)
        if before.state != "queued":
            raise SegmentOnAir() if before.state in ON_AIR else SegmentOver()
        segment = await _put(db, before, insertion)
        if (segment.place, segment.plays_at) != (before.place, before.plays_at):
            moved = SegmentMoved(
                **segment.as_told(), user_id=claims.sub, place=segment.place, plays_at=segment.plays_at
            )
            await record(db, moved, request_id=request_id)
        if insertion.at == "now":
            segment = await _take_over(db, segment, claims, by_media_server, request_id)
    return segment


async def remove(pool: Pool, stream_id: UUID, segment_id: UUID, claims: Claims, request_id: str) -> Segment:
    """Take one out of the queue, or end it when it is on air; for who runs the stream. `SegmentOver`."""
    async with transaction(pool) as db:
        await queries.lock_stream(db, stream_id)
        await streams.find_owned(db, stream_id, claims)
        return await _skip(db, await _find(db, stream_id, segment_id), claims, request_id)


async def skip(pool: Pool, stream_id: UUID, segment_id: UUID, claims: Claims, request_id: str) -> Segment:
    """End the one that is on air, for who keeps order there. `SegmentOver`, also for one that still waits."""
    async with transaction(pool) as db:
        await queries.lock_stream(db, stream_id)
        await find_moderated(db, stream_id, claims)
        segment = await _find(db, stream_id, segment_id)
        if segment.state == "queued":
            raise SegmentOver("The segment is not on air")
        return await _skip(db, segment, claims, request_id)


async def _skip(db: Db, segment: Segment, claims: Claims, request_id: str) -> Segment:
    if segment.ended_at is not None:
        raise SegmentOver()
    reason: SkipReason = "removed" if segment.state == "queued" else "skipped"
    return await end(db, segment, "skip", reason, actor=claims.sub, request_id=request_id)


async def _find_open(db: Db, stream_id: UUID, insertion: Insertion, claims: Claims) -> Stream:
    """A stream that is live or to come, run by this person; its segments are nobody else's meanwhile."""
    await queries.lock_stream(db, stream_id)
    stream = await streams.find_owned(db, stream_id, claims)
    if stream.status not in WAITS:
        raise StreamOver()
    if insertion.at == "now":
        require_live(stream)
    return stream


async def _find(db: Db, stream_id: UUID, segment_id: UUID) -> Segment:
    segment = await queries.find(db, segment_id)
    if segment is None or segment.stream_id != stream_id:
        raise UnknownSegment()
    return segment


async def _put(db: Db, segment: Segment, insertion: Insertion) -> Segment:
    """Place it in the queue, which closes up around it."""
    at = insertion.at
    plays_at = at if isinstance(at, datetime) else None
    await queries.schedule(db, segment.id, plays_at)
    others = [other.id for other in await queries.queued(db, segment.stream_id) if other.id != segment.id]
    index = at if isinstance(at, int) else (0 if at == "now" else len(others))
    others.insert(index, segment.id)
    await queries.arrange(db, others)
    return await _find(db, segment.stream_id, segment.id)


async def _take_over(db: Db, segment: Segment, claims: Claims, by_media_server: bool, request_id: str) -> Segment:
    shown = await queries.on_air(db, segment.stream_id)
    if shown is not None:
        await end(db, shown, "skip", "replaced", actor=claims.sub, request_id=request_id)
    return await load(db, segment, by_media_server=by_media_server, actor=claims.sub, request_id=request_id)


# the moves


async def load(
    db: Db, segment: Segment, *, by_media_server: bool, actor: UUID | None = None, request_id: str = ""
) -> Segment:
    """Bring it on its way: the media server has a while to show it, pages that play it themselves need none."""
    move(MOVES, segment.state, "load")
    participant, seconds = (f"segment:{segment.id}", LOADING_SECONDS) if by_media_server else ("", 0)
    await queries.load(db, segment.id, participant=participant, seconds=seconds)
    return await _told(db, segment, "load", actor, request_id)


async def play(db: Db, segment: Segment) -> Segment:
    """It is on air now."""
    move(MOVES, segment.state, "play")
    await queries.play(db, segment.id, seconds=ENDING_SECONDS if segment.participant else 0)
    return await _told(db, segment, "play", None, "")


async def end(
    db: Db,
    segment: Segment,
    act: Act,
    reason: SkipReason | FailReason | None = None,
    *,
    actor: UUID | None = None,
    request_id: str = "",
) -> Segment:
    """Finish, skip or fail it; the last two say why."""
    move(MOVES, segment.state, act)
    await queries.end(db, segment.id, MOVES[act].target, reason or "")
    return await _told(db, segment, act, actor, request_id)


async def _told(db: Db, before: Segment, act: Act, actor: UUID | None, request_id: str) -> Segment:
    segment = await _find(db, before.stream_id, before.id)
    more: dict[str, Any] = {}
    if act == "play":
        more = {"started_at": segment.started_at, "participant": segment.participant}
    elif act != "load":
        more = {"started_at": segment.started_at, "ended_at": segment.ended_at}
    if segment.reason:
        more["reason"] = segment.reason
    await record(db, TOLD[act](**segment.as_told(), user_id=actor, **more), request_id=request_id)
    return segment


# reading


async def queue(pool: Pool, stream_id: UUID, claims: Claims) -> list[Segment]:
    """What is on air, what waits, and the last ones that were on air; for who runs the stream."""
    async with connection(pool) as db:
        await streams.find_owned(db, stream_id, claims)
        shown = await queries.on_air(db, stream_id)
        waiting = await queries.queued(db, stream_id)
        over = await queries.over(db, stream_id, SHOWN_OVER)
    return [*([shown] if shown else []), *waiting, *over]


async def playing(db: Db, stream_id: UUID) -> Segment | None:
    """What the room sees now, if it is a clip."""
    segment = await queries.on_air(db, stream_id)
    return segment if segment and segment.state == "playing" else None
