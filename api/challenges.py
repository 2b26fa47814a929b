"""`/api/streams/{id}/challenges`: the REST twins of `challenge:start` and `challenge:cancel`, and the list."""

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from redis.asyncio import Redis as AsyncRedis

from api.paging import Cursor, Limit, decode_cursor, page_of
from api.schema import Body, Page, View
from domain.accounts.tokens import Claims
from domain.interactions.challenges import service as challenges
from domain.interactions.challenges.model import Challenge, Draft, State
from livestreamx.engines.postgres import Pool
from livestreamx.events import ChallengeKind
from livestreamx.frames import ChallengeSeconds, ChallengeTarget, RewardText
from livestreamx.settings import Settings


class NewChallenge(Body, frozen=True, kw_only=True):
    """`reward` is what the creator promises, in words."""

    kind: ChallengeKind = msgspec.field(name="type")
    target: ChallengeTarget
    duration_s: ChallengeSeconds
    reward: RewardText = ""


class ChallengeView(View, frozen=True, kw_only=True):
    """A challenge; `progress` is that of this moment while it is on, and what it came to afterwards."""

    id: UUID
    kind: ChallengeKind = msgspec.field(name="type")
    target: int
    progress: int
    reward: str
    state: State
    by: str
    contributors: int
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, challenge: Challenge) -> "ChallengeView":
        return cls(
            id=challenge.id,
            kind=challenge.kind,
            target=challenge.target,
            progress=challenge.progress,
            reward=challenge.reward,
            state=challenge.state,
            by=challenge.handle,
            contributors=challenge.contributors,
            starts_at=challenge.starts_at,
            ends_at=challenge.ends_at,
            ended_at=challenge.ended_at,
        )


class ChallengesController(Controller):
    path = "/api/streams/{stream_id:uuid}/challenges"
    tags = ("Challenges",)

    @post("/", summary="Challenge the room")
    async def start(
        self,
        stream_id: FromPath[UUID],
        data: JSONBody[NewChallenge],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        request_id: NamedDependency[str],
    ) -> ChallengeView:
        """Creator and moderators, in a live stream; it starts in some seconds. 409 `challenge_active`."""
        draft = Draft(kind=data.kind, target=data.target, duration_s=data.duration_s, reward=data.reward)
        return ChallengeView.of(await challenges.start_challenge(pool, stream_id, draft, user, request_id))

    @get("/", summary="A stream's challenges, the newest first")
    async def browse(
        self,
        stream_id: FromPath[UUID],
        visitor: NamedDependency[Claims | None],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        settings: NamedDependency[Settings],
        cursor: Cursor = None,
        limit: Limit = 20,
    ) -> Page[ChallengeView]:
        before = decode_cursor(cursor, UUID)
        gap = settings.session_gap_seconds
        found = await challenges.of_stream(
            pool, redis, stream_id, visitor, before=before, limit=limit + 1, present_seconds=gap
        )
        return page_of(found, limit, ChallengeView.of)

    @post("/{challenge_id:uuid}/cancel", status_code=200, summary="Call a challenge off")
    async def cancel(
        self,
        stream_id: FromPath[UUID],
        challenge_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        settings: NamedDependency[Settings],
        request_id: NamedDependency[str],
    ) -> ChallengeView:
        """409 `challenge_over` when it has ended."""
        cancelled = await challenges.cancel_challenge(
            pool,
            redis,
            stream_id,
            challenge_id,
            user,
            present_seconds=settings.session_gap_seconds,
            request_id=request_id,
        )
        return ChallengeView.of(cancelled)
