"""Votes: those that wait at the same moment are counted in one transaction, each with its event.

The vote's primary key is the person's one vote, so that no race and no repetition counts twice.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from domain.interactions.polls import queries
from domain.interactions.polls.model import AlreadyVoted, Ballot, Booth, PollOver, UnknownChoice, UnknownPoll
from domain.moderation.model import Banned
from domain.moderation.service import banned_among
from livestreamx.engines.batching import Batches
from livestreamx.engines.outbox import record_all
from livestreamx.engines.postgres import Pool, transaction
from livestreamx.errors import DomainError
from livestreamx.events import PollVoted

CONNECTIONS = 2
MOST_IN_BATCH = 500
MOST_WAITING = 20_000

Verdict = DomainError | None


class BallotBox:
    """Takes votes over connections of its pool; one a process. `start` it, and `close` it."""

    def __init__(self, pool: Pool, *, most_in_batch: int = MOST_IN_BATCH) -> None:
        self._pool = pool
        self._batches: Batches[Ballot, Verdict] = Batches(
            "votes", self._count, workers=CONNECTIONS, most_in_batch=most_in_batch, most_waiting=MOST_WAITING
        )
        self.start, self.close = self._batches.start, self._batches.close

    async def vote(self, ballot: Ballot) -> None:
        """Count a vote: `UnknownPoll`, `UnknownChoice`, `PollOver`, `AlreadyVoted`, `Banned`, `Unavailable`."""
        if verdict := await self._batches.do(ballot):
            raise verdict

    async def _count(self, ballots: Sequence[Ballot]) -> list[Verdict]:
        """Count these votes in one transaction; what is wrong with each."""
        async with transaction(self._pool) as db:
            booths = {booth.id: booth for booth in await queries.enter_booths(db, [*{b.poll_id for b in ballots}])}
            persons = {(booths[b.poll_id].creator_id, b.user_id) for b in ballots if b.poll_id in booths}
            banned = await banned_among(db, persons)
            verdicts = [examine(ballot, booths.get(ballot.poll_id), banned) for ballot in ballots]
            voted = {
                index: voted_event(ballot, booths[ballot.poll_id].creator_id)
                for index, (ballot, verdict) in enumerate(zip(ballots, verdicts, strict=True))
                if verdict is None
            }
            first = await queries.insert_votes(db, [(event.event_id, ballots[i]) for i, event in voted.items()])
            await record_all(
                db, [(event, ballots[i].request_id) for i, event in voted.items() if event.event_id in first]
            )
        for index, event in voted.items():
            if event.event_id not in first:
                verdicts[index] = AlreadyVoted()
        return verdicts


def examine(ballot: Ballot, booth: Booth | None, banned: Mapping[tuple[UUID, UUID], Banned]) -> Verdict:
    """Why a vote may not count; None when it may."""
    if booth is None or booth.stream_id != ballot.stream_id:
        return UnknownPoll()
    if refusal := banned.get((booth.creator_id, ballot.user_id)):
        return refusal
    if not 1 <= ballot.choice_id <= booth.choices:
        return UnknownChoice()
    return None if booth.is_open else PollOver()


def voted_event(ballot: Ballot, creator_id: UUID) -> PollVoted:
    return PollVoted(
        stream_id=ballot.stream_id,
        creator_id=creator_id,
        user_id=ballot.user_id,
        session_id=ballot.session_id,
        poll_id=ballot.poll_id,
        choice_id=ballot.choice_id,
    )
