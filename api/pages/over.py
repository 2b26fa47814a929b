"""What a watch page shows when its stream is over: the viewer's own part in it, its moments, and what else is live."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import structlog
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import ClickHouseError

from api.pages.shelves import by_viewers, make_cards
from api.pages.views import StreamCard
from api.pages.visit import Visit
from domain.analytics import service as analytics
from domain.analytics.model import Moment
from domain.leaderboards import service as leaderboards
from domain.rollouts import service as rollouts
from domain.streams import service as streams
from domain.streams.model import Stream
from domain.vods import service as vods
from domain.vods.model import Vod
from features.leaderboards import Board

SUGGESTIONS = 8
MOMENTS = 6
RECORDINGS = 12
PARTS: tuple[tuple[Board, str], ...] = (("engagement", "points for taking part"), ("gifts", "tokens given"))

log = structlog.get_logger("api.pages")


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What the viewer did, by one board of the stream."""

    score: int
    rank: int
    words: str


class Highlight(msgspec.Struct, frozen=True, kw_only=True):
    """A moment as its row: `where` counts from the start of the stream."""

    id: UUID
    at: datetime
    where: str
    words: str
    score: float


class LookBack(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    stream_id: UUID
    parts: tuple[Part, ...]
    highlights: tuple[Highlight, ...]
    recordings: tuple[Vod, ...]
    suggestions: tuple[StreamCard, ...]


def place_in(stream: Stream, moment: Moment) -> str:
    """Where in the stream it was: `1:02:07`, counted from the start."""
    seconds = max(timedelta(), moment.at - (stream.started_at or moment.at)).seconds
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def in_words(moment: Moment) -> str:
    """What happened, such as `50 messages, 12 reactions and 500 tokens in ten seconds`."""
    counted = ((moment.messages, "message"), (moment.reactions, "reaction"), (moment.tokens, "token"))
    parts = [f"{number} {name}{'' if number == 1 else 's'}" for number, name in counted if number]
    listed = ", ".join(parts[:-1]) + " and " * (len(parts) > 1) + parts[-1] if parts else "A stir"
    return f"{listed} in ten seconds"


async def moments_of(clickhouse: AsyncClient, stream_id: UUID, limit: int) -> list[Moment]:
    """The moments to list, the strongest first; none while the history does not answer, for the page lives without."""
    try:
        found = await analytics.moments(clickhouse, stream_id, 100)
    except ClickHouseError as error:
        log.warning("moments_not_read", stream_id=str(stream_id), error=str(error))
        return []
    return sorted(found, key=lambda moment: -moment.score)[:limit]


async def parts_of(visit: Visit, stream_id: UUID) -> list[Part]:
    """Where the viewer stands on the boards of the stream; none for who is on none."""
    if visit.viewer is None:
        return []
    found = []
    for board, words in PARTS:
        near = await leaderboards.read(
            visit.redis,
            visit.pool,
            name=board,
            scope="stream",
            ref=str(stream_id),
            around=visit.viewer.id,
            limit=1,
        )
        found += [Part(score=row.score, rank=row.rank, words=words) for row in near.rows]
    return found


async def suggest(visit: Visit, but: UUID) -> list[StreamCard]:
    """What else is live, the most watched first."""
    found = await streams.browse(visit.pool, status="live", category=None, after=None, limit=100)
    others = [stream for stream in found if stream.id != but]
    return by_viewers(await make_cards(visit.redis, others, visit.settings.session_gap_seconds))[:SUGGESTIONS]


async def look_back(visit: Visit, clickhouse: AsyncClient, stream: Stream) -> LookBack:
    """What there is to show after the end."""
    has_moments = await rollouts.reaches(visit.pool, "moments", visit.viewer_id)
    moments = await moments_of(clickhouse, stream.id, MOMENTS) if has_moments else []
    return LookBack(
        stream_id=stream.id,
        parts=tuple(await parts_of(visit, stream.id)),
        highlights=tuple(
            Highlight(id=one.id, at=one.at, where=place_in(stream, one), words=in_words(one), score=one.score)
            for one in moments
        ),
        recordings=tuple(await vods.of_show(visit.pool, stream.id, RECORDINGS)),
        suggestions=tuple(await suggest(visit, stream.id)),
    )
