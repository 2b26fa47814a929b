"""`/api/streams/{id}/polls`: the REST twins of `poll:create`, `poll:vote` and `poll:end`, and the list."""

from datetime import datetime
from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from redis.asyncio import Redis as AsyncRedis

from api.paging import Cursor, Limit, decode_cursor, page_of
from api.schema import Body, Page, View
from domain.accounts.tokens import Claims
from domain.interactions.polls import service as polls
from domain.interactions.polls.model import Ballot, Draft, Poll, State, outcome
from domain.interactions.polls.voting import BallotBox
from livestreamx.engines.postgres import Pool
from livestreamx.frames import ChoiceId, PollChoiceTexts, PollQuestion, PollSeconds
from livestreamx.settings import Settings


class NewPoll(Body, frozen=True, kw_only=True):
    question: PollQuestion
    choices: PollChoiceTexts
    duration_s: PollSeconds


class Vote(Body, frozen=True, kw_only=True):
    choice_id: ChoiceId


class VoteView(View, frozen=True, kw_only=True):
    poll_id: UUID
    choice_id: int


class ChoiceView(View, frozen=True, kw_only=True):
    """A choice and its votes; ids count from 1."""

    id: int
    text: str
    votes: int


class PollView(View, frozen=True, kw_only=True):
    """A poll as of this moment; `winner` is the id of a choice, `turnout` voters over those who watched at its opening.

    While it is on, `winner` and `tie` say who leads; `turnout` is null where nobody watched.
    """

    id: UUID
    question: str
    choices: tuple[ChoiceView, ...]
    state: State
    by: str
    voters: int
    winner: int | None
    tie: bool
    viewers: int
    turnout: float | None
    opened_at: datetime
    ends_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, poll: Poll) -> "PollView":
        result, voters = outcome(poll.votes), sum(poll.votes)
        choices = enumerate(zip(poll.choices, poll.votes, strict=True), 1)
        return cls(
            id=poll.id,
            question=poll.question,
            choices=tuple(ChoiceView(id=number, text=text, votes=votes) for number, (text, votes) in choices),
            state=poll.state,
            by=poll.handle,
            voters=voters,
            winner=result.winner,
            tie=result.tie,
            viewers=poll.viewers,
            turnout=round(voters / poll.viewers, 4) if poll.viewers else None,
            opened_at=poll.opened_at,
            ends_at=poll.ends_at,
            ended_at=poll.ended_at,
        )


class PollsController(Controller):
    path = "/api/streams/{stream_id:uuid}/polls"
    tags = ("Polls",)

    @post("/", summary="Open a poll")
    async def create(
        self,
        stream_id: FromPath[UUID],
        data: JSONBody[NewPoll],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        settings: NamedDependency[Settings],
        request_id: NamedDependency[str],
    ) -> PollView:
        """Creator and moderators, in a live stream; 409 `poll_active` while another is on."""
        opened = await polls.open_poll(
            pool,
            redis,
            stream_id,
            Draft(question=data.question, choices=data.choices, duration_s=data.duration_s),
            user,
            present_seconds=settings.session_gap_seconds,
            request_id=request_id,
        )
        return PollView.of(opened)

    @get("/", summary="A stream's polls with their results, the newest first")
    async def browse(
        self,
        stream_id: FromPath[UUID],
        visitor: NamedDependency[Claims | None],
        pool: NamedDependency[Pool],
        cursor: Cursor = None,
        limit: Limit = 20,
    ) -> Page[PollView]:
        found = await polls.of_stream(pool, stream_id, visitor, decode_cursor(cursor, UUID), limit + 1)
        return page_of(found, limit, PollView.of)

    @post("/{poll_id:uuid}/votes", summary="Vote, once and for good")
    async def vote(
        self,
        stream_id: FromPath[UUID],
        poll_id: FromPath[UUID],
        data: JSONBody[Vote],
        user: NamedDependency[Claims],
        ballots: NamedDependency[BallotBox],
        request_id: NamedDependency[str],
    ) -> VoteView:
        """409 `already_voted` for a second vote, 409 `poll_over` after its end."""
        await ballots.vote(
            Ballot(
                stream_id=stream_id,
                poll_id=poll_id,
                user_id=user.sub,
                choice_id=data.choice_id,
                request_id=request_id,
            )
        )
        return VoteView(poll_id=poll_id, choice_id=data.choice_id)

    @post("/{poll_id:uuid}/end", status_code=200, summary="End a poll before its time")
    async def end(
        self,
        stream_id: FromPath[UUID],
        poll_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        request_id: NamedDependency[str],
    ) -> PollView:
        """The poll with its result; 409 `poll_over` when it has ended."""
        return PollView.of(await polls.end_poll(pool, stream_id, poll_id, user, request_id))
