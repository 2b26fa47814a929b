"""Polls over the socket; the room learns of them by the events that commit with each act."""

from domain.interactions.polls import service as polls
from domain.interactions.polls.model import Ballot, Draft
from livestreamx.frames import CastVote, CreatePoll, EndPoll
from livestreamx.frames.answers import PollEnded, PollOpened, VoteCounted
from livestreamx.observe.request import request_id
from realtime.context import Context
from realtime.session import Session


class Polls:
    """Opens and ends polls and takes votes; one a process."""

    def __init__(self, context: Context) -> None:
        self._pool, self._redis, self._ballots = context.pool, context.redis, context.ballots
        self._present_seconds = context.settings.session_gap_seconds

    async def create(self, session: Session, request: CreatePoll) -> PollOpened:
        """The refusals of `open_poll`."""
        draft = Draft(question=request.question, choices=request.choices, duration_s=request.durationS)
        poll = await polls.open_poll(
            self._pool,
            self._redis,
            session.room.id,
            draft,
            session.user,
            present_seconds=self._present_seconds,
            request_id=request_id(),
        )
        return PollOpened(pollId=poll.id, endsAt=poll.ends_at)

    async def vote(self, session: Session, request: CastVote) -> VoteCounted:
        """Once the vote counts; the refusals of `BallotBox.vote`."""
        ballot = Ballot(
            stream_id=session.room.id,
            poll_id=request.pollId,
            user_id=session.user.sub,
            choice_id=request.choiceId,
            session_id=session.session_id,
            request_id=request_id(),
        )
        await self._ballots.vote(ballot)
        return VoteCounted(pollId=request.pollId, choiceId=request.choiceId)

    async def end(self, session: Session, request: EndPoll) -> PollEnded:
        """The refusals of `end_poll`."""
        poll = await polls.end_poll(self._pool, session.room.id, request.pollId, session.user, request_id())
        return PollEnded(pollId=poll.id, state=poll.state)
