"""What time and the media server bring to segments; each step is one transaction, and leaves due what it cannot do."""

from uuid import UUID

from domain.media.ingresses import Ingresses, IngressRefused
from domain.segments import queries
from domain.segments.model import FailReason, Segment, shown_path
from domain.segments.service import end, load, play
from domain.streams import queries as streams
from livestreamx.engines.postgres import Db, Pool, transaction


async def advance_due(pool: Pool, *, by_media_server: bool) -> bool:
    """Take one step in the queue of one stream where something is due; whether there was one."""
    async with transaction(pool) as db:
        stream_id = await queries.claim_due(db)
        if stream_id is None:
            return False
        await _advance(db, stream_id, by_media_server)
    return True


async def _advance(db: Db, stream_id: UUID, by_media_server: bool) -> None:
    stream = await streams.find(db, stream_id)
    shown = await queries.on_air(db, stream_id)
    if stream is None or stream.status != "live":
        for segment in (*([shown] if shown else []), *await queries.queued(db, stream_id)):
            await end(db, segment, "skip", "stream_ended")
    elif shown is None:
        waiting = await queries.first_due(db, stream_id)
        if waiting is not None:
            await load(db, waiting, by_media_server=by_media_server)
    elif await queries.is_due(db, shown.id):
        await _end_or_begin(db, shown)


async def _end_or_begin(db: Db, shown: Segment) -> None:
    """Its time is over: that of loading, or that of the clip."""
    if shown.state == "playing":
        await end(db, shown, "finish")
    elif shown.participant:
        await end(db, shown, "fail", "not_loaded")
    else:
        await play(db, shown)


async def send_to_room(pool: Pool, ingresses: Ingresses) -> bool:
    """Let the media server bring one clip into its room; whether there was one.

    The row is held meanwhile; whoever comes after a crash finds what was begun by its participant. `Unavailable`.
    """
    async with transaction(pool) as db:
        segment = await queries.claim_unsent(db)
        if segment is None:
            return False
        try:
            ingress_id = await _begin(ingresses, segment)
        except IngressRefused:
            await end(db, segment, "fail", "ingress_failed")
        else:
            await queries.note_ingress(db, segment.id, ingress_id)
    return True


async def _begin(ingresses: Ingresses, segment: Segment) -> str:
    if segment.vod_id is None:
        raise IngressRefused
    file = shown_path(segment.vod_id, segment.kind, segment.id)
    return await ingresses.show_file(segment.stream_id, segment.participant, segment.title, file)


async def take_from_room(pool: Pool, ingresses: Ingresses) -> bool:
    """Let the media server forget one clip that is over; whether there was one. `Unavailable`."""
    async with transaction(pool) as db:
        segment = await queries.claim_ingress_left(db)
        if segment is None:
            return False
        await ingresses.end(segment.ingress_id)
        await queries.note_ingress(db, segment.id, "")
    return True


async def begin(pool: Pool, stream_id: UUID, segment_id: UUID) -> bool:
    """The media server shows the clip; whether that is news."""
    async with transaction(pool) as db:
        segment = await _told_of(db, stream_id, segment_id)
        if segment is None or segment.state != "loading":
            return False
        await play(db, segment)
    return True


async def finish(pool: Pool, stream_id: UUID, segment_id: UUID, failure: FailReason | None) -> bool:
    """The media server shows the clip no longer, as it is over or failed; whether that is news."""
    async with transaction(pool) as db:
        segment = await _told_of(db, stream_id, segment_id)
        if segment is None or segment.ended_at is not None:
            return False
        if failure is not None or segment.state != "playing":
            await end(db, segment, "fail", failure or "not_loaded")
        else:
            await end(db, segment, "finish")
    return True


async def _told_of(db: Db, stream_id: UUID, segment_id: UUID) -> Segment | None:
    await queries.lock_stream(db, stream_id)
    segment = await queries.find(db, segment_id)
    return segment if segment and segment.stream_id == stream_id and segment.participant else None
