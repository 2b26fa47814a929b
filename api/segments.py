"""`/api/streams/{id}/segments`: clips that slide into a show."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.schema import Body, Page, View
from domain.accounts.tokens import Claims
from domain.segments import service as segments
from domain.segments.model import MOST_QUEUED, Segment, State, shown_path
from livestreamx.clock import now
from livestreamx.engines.postgres import Pool
from livestreamx.settings import Settings

Index = Annotated[int, msgspec.Meta(ge=0, le=MOST_QUEUED - 1)]
Insert = Annotated[str, msgspec.Meta(max_length=40, examples=["next"])] | Index


class NewSegment(Body, frozen=True, kw_only=True):
    """A clip of the stream's creator; `insert` is `now`, `next` (behind those that wait), an index or a time."""

    vod_id: UUID
    insert: Insert = "next"


class SegmentMove(Body, frozen=True, kw_only=True):
    """Where it is to go: `now`, `next` (behind all others), an index from 0, or a time with its offset."""

    insert: Insert


class SegmentView(View, frozen=True, kw_only=True):
    """A segment; `index` (from 0) is there while it waits, `reason` when it did not play to its end."""

    id: UUID
    vod_id: UUID | None
    title: str
    duration_s: Annotated[float, msgspec.Meta(examples=[12.5])]
    state: State
    index: int | None
    plays_at: datetime | None
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    reason: str

    @classmethod
    def of(cls, segment: Segment, index: int | None = None) -> "SegmentView":
        place = segment.place - 1 if index is None else index
        return cls.showing(
            segment, duration_s=segment.duration_ms / 1000, index=place if segment.state == "queued" else None
        )


class SegmentOnAir(View, frozen=True, kw_only=True):
    """The clip that a room sees now: `offsetS` of `durationS` are over, and `url` is its file until its end."""

    id: UUID
    title: str
    participant: str | None
    duration_s: float
    offset_s: float
    url: str
    started_at: datetime

    @classmethod
    def of(cls, segment: Segment | None) -> "tuple[SegmentOnAir, ...]":
        """At most one."""
        if segment is None or segment.started_at is None or segment.vod_id is None:
            return ()
        shown = cls.showing(
            segment,
            participant=segment.participant or None,
            duration_s=segment.duration_ms / 1000,
            offset_s=max(0.0, (now() - segment.started_at).total_seconds()),
            url=shown_path(segment.vod_id, segment.kind, segment.id),
        )
        return (shown,)


class SegmentsController(Controller):
    path = "/api/streams/{stream_id:uuid}/segments"
    tags = ("Segments",)

    @post("/", summary="Let a clip slide into the show")
    async def insert(
        self,
        stream_id: FromPath[UUID],
        data: JSONBody[NewSegment],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        settings: NamedDependency[Settings],
        request_id: NamedDependency[str],
    ) -> SegmentView:
        """It waits for its turn: the first of the queue plays as soon as the stream is live and no other is on air.

        `now` takes the place of what is on air. 403 `not_owner` for clips of others, 404 `vod_not_found`, 409
        `queue_full`, `stream_over`, `not_live`, 422 `bad_insert`.
        """
        segment = await segments.insert(
            pool,
            stream_id,
            data.vod_id,
            segments.read_insertion(data.insert),
            user,
            by_media_server=settings.media_on,
            request_id=request_id,
        )
        return SegmentView.of(segment)

    @get("/", summary="What is on air, what waits in its order, and what was on air")
    async def queue(
        self, stream_id: FromPath[UUID], user: NamedDependency[Claims], pool: NamedDependency[Pool]
    ) -> Page[SegmentView]:
        found = await segments.queue(pool, stream_id, user)
        waiting = [segment.id for segment in found if segment.state == "queued"]
        places = {segment_id: index for index, segment_id in enumerate(waiting)}
        return Page(items=tuple(SegmentView.of(segment, places.get(segment.id)) for segment in found))

    @patch("/{segment_id:uuid}", summary="Let one that waits go elsewhere in the queue")
    async def rearrange(
        self,
        stream_id: FromPath[UUID],
        segment_id: FromPath[UUID],
        data: JSONBody[SegmentMove],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        settings: NamedDependency[Settings],
        request_id: NamedDependency[str],
    ) -> SegmentView:
        """409 `segment_on_air`, `segment_over`, `stream_over`."""
        segment = await segments.rearrange(
            pool,
            stream_id,
            segment_id,
            segments.read_insertion(data.insert),
            user,
            by_media_server=settings.media_on,
            request_id=request_id,
        )
        return SegmentView.of(segment)

    @delete("/{segment_id:uuid}", status_code=200, summary="Take one out of the queue, or end it when it is on air")
    async def remove(
        self,
        stream_id: FromPath[UUID],
        segment_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        request_id: NamedDependency[str],
    ) -> SegmentView:
        """409 `segment_over`. Moderators end what is on air by the frame `segment:skip`."""
        return SegmentView.of(await segments.remove(pool, stream_id, segment_id, user, request_id))
