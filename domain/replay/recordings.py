"""What was said while a clip was recorded, timed to the clip."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from clickhouse_connect.driver.asyncclient import AsyncClient

from domain.accounts.tokens import Claims
from domain.replay.model import Line, NoReplay, Stretch
from domain.replay.service import said
from domain.streams import service as streams
from domain.vods import service as vods
from livestreamx.engines.postgres import Pool, connection
from livestreamx.errors import Invalid


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of a clip that begins at `began`, and where to read on."""

    began: datetime
    lines: tuple[Line, ...]
    place: tuple[datetime, UUID] | None


async def replay(
    pool: Pool,
    clickhouse: AsyncClient,
    vod_id: UUID,
    visitor: Claims | None,
    *,
    from_ms: int,
    after: tuple[datetime, UUID] | None,
    most: int,
) -> Replayed:
    """What was said from then on while the clip lasts.

    `NotFound`, also where one may not know of its show; `NoReplay`; `Invalid` for a place outside of the clip.
    """
    clip = await vods.find_visible(pool, vod_id, visitor)
    if clip.show_id is None:
        raise NoReplay()
    async with connection(pool) as db:
        show = await streams.find_visible(db, clip.show_id, visitor)
    if show.started_at is None:
        raise NoReplay()
    began = show.started_at + timedelta(milliseconds=clip.begins_ms)
    stretch = Stretch(
        stream_id=show.id,
        since=began + timedelta(milliseconds=from_ms),
        until=began + timedelta(milliseconds=clip.duration_ms),
        after=after,
    )
    if after is not None and (after[0].tzinfo is None or not stretch.since <= after[0] < stretch.until):
        raise Invalid("The cursor is not one of this clip's", code="bad_cursor")
    told = await said(pool, clickhouse, stretch, most)
    return Replayed(began=began, lines=told.lines, place=told.place)
