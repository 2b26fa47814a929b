"""Challenges over the socket: made and called off by who keeps order; the dataflows count what the room does."""

from domain.interactions.challenges import service as challenges
from domain.interactions.challenges.model import Draft
from livestreamx.frames import CancelChallenge, StartChallenge
from livestreamx.frames.answers import ChallengeCancelled, ChallengeMade
from livestreamx.observe.request import request_id
from realtime.context import Context
from realtime.session import Session


class Challenges:
    """Starts and cancels challenges; one a process."""

    def __init__(self, context: Context) -> None:
        self._pool, self._redis = context.pool, context.redis
        self._present_seconds = context.settings.session_gap_seconds

    async def start(self, session: Session, request: StartChallenge) -> ChallengeMade:
        """The refusals of `start_challenge`."""
        draft = Draft(kind=request.type, target=request.target, duration_s=request.durationS, reward=request.reward)
        made = await challenges.start_challenge(self._pool, session.room.id, draft, session.user, request_id())
        return ChallengeMade(challengeId=made.id, startsAt=made.starts_at, endsAt=made.ends_at)

    async def cancel(self, session: Session, request: CancelChallenge) -> ChallengeCancelled:
        """The refusals of `cancel_challenge`."""
        cancelled = await challenges.cancel_challenge(
            self._pool,
            self._redis,
            session.room.id,
            request.challengeId,
            session.user,
            present_seconds=self._present_seconds,
            request_id=request_id(),
        )
        return ChallengeCancelled(challengeId=cancelled.id, state=cancelled.state)
