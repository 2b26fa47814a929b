"""`/api/recommendations`: live streams for who asks, and what they chose of them; both are told to the event log."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
import structlog
from litestar import Controller, Response, get, post
from litestar.background_tasks import BackgroundTask
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from api.recommender import Recommender, Suggestion, Suggestions
from api.schema import Body, View
from api.shows import StreamCard, card
from domain.accounts.tokens import Claims
from domain.streams import service as streams
from livestreamx.engines.kafka import Emitter
from livestreamx.engines.postgres import Pool, connection
from livestreamx.errors import Unavailable
from livestreamx.events import RecommendationClicked, RecommendationShown

log = structlog.get_logger("api.recommendations")

Count = Annotated[int, QueryParameter(ge=1, le=100, description="how many at most")]


class RecommendedStream(View, frozen=True, kw_only=True):
    """A live stream for this viewer; `source` is what proposed it, `reasons` say why in words, strongest first."""

    stream: StreamCard
    score: Annotated[float, msgspec.Meta(ge=0, le=1, examples=[0.31])]
    source: Annotated[str, msgspec.Meta(examples=["repeat"])]
    reasons: Annotated[tuple[str, ...], msgspec.Meta(examples=[["You often watch nightowl"]])]


class Recommendations(View, frozen=True, kw_only=True):
    """Best first; `modelVersion` is `trending` while no trained model serves, `rung` is what answered this viewer."""

    items: tuple[RecommendedStream, ...]
    model_version: Annotated[str, msgspec.Meta(examples=["20261104-120301-9f2c01ab"])]
    rung: Annotated[Literal["ranker", "factors", "trending"], msgspec.Meta(examples=["ranker"])]


class Click(Body, frozen=True, kw_only=True):
    """A recommended stream that was opened, as the list named it; `position` counts from 0."""

    stream_id: UUID
    position: Annotated[int, msgspec.Meta(ge=0, le=99, examples=[0])]
    source: Annotated[str, msgspec.Meta(pattern=r"^[a-z]{1,32}$", examples=["repeat"])]
    model_version: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-z-]{1,64}$", examples=["20261104-120301-9f2c01ab"])]


def show_suggestion(suggestion: Suggestion) -> RecommendedStream:
    """A suggestion as the API tells it."""
    chosen = suggestion.recommended
    return RecommendedStream(
        stream=card(suggestion.stream, suggestion.viewers),
        score=chosen.score,
        source=chosen.source,
        reasons=chosen.reasons,
    )


async def tell_shown(emitter: Emitter, suggestions: Suggestions, user: UUID | None, request_id: str) -> None:
    """Write one `rec.impression` for each item; a log that does not answer costs these events, not the list."""
    shown = [
        RecommendationShown(
            stream_id=item.stream.id,
            creator_id=item.stream.creator_id,
            user_id=user,
            position=position,
            source=item.recommended.source,
            model_version=suggestions.model_version,
        )
        for position, item in enumerate(suggestions.items)
    ]
    try:
        await emitter.emit_all(shown, request_id=request_id)
    except Unavailable as error:
        log.warning("impressions lost", of=len(shown), error=str(error))


async def answer(
    recommender: Recommender, emitter: Emitter, visitor: Claims | None, limit: int, request_id: str
) -> Response[Recommendations]:
    """The list, sent before its impressions are written."""
    suggestions = await recommender.suggest(visitor, limit)
    body = Recommendations(
        items=tuple(map(show_suggestion, suggestions.items)),
        model_version=suggestions.model_version,
        rung=suggestions.rung,
    )
    tell = BackgroundTask(tell_shown, emitter, suggestions, visitor.sub if visitor else None, request_id)
    return Response(body, background=tell, headers={"cache-control": "private, no-store"})


class RecommendationsController(Controller):
    tags = ("Recommendations",)

    @get(["/api/recommendations/streams", "/recommend"])
    async def recommend(
        self,
        visitor: NamedDependency[Claims | None],
        recommender: NamedDependency[Recommender],
        emitter: NamedDependency[Emitter],
        request_id: NamedDependency[str],
        limit: Count = 20,
    ) -> Response[Recommendations]:
        """Live public streams for this visitor, best first, with reasons; without a model what is trending."""
        return await answer(recommender, emitter, visitor, limit, request_id)

    @post("/api/recommendations/clicks", status_code=204)
    async def click(
        self,
        data: JSONBody[Click],
        visitor: NamedDependency[Claims | None],
        pool: NamedDependency[Pool],
        emitter: NamedDependency[Emitter],
        request_id: NamedDependency[str],
    ) -> None:
        """Tell that a recommended stream was opened. 404 `stream_not_found`."""
        async with connection(pool) as db:
            stream = await streams.find_visible(db, data.stream_id, visitor)
        event = RecommendationClicked(
            stream_id=stream.id,
            creator_id=stream.creator_id,
            user_id=visitor.sub if visitor else None,
            position=data.position,
            source=data.source,
            model_version=data.model_version,
        )
        await emitter.emit(event, request_id=request_id)
