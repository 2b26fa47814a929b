"""Making challenges and moving them on; each move commits together with its event."""

from typing import Any
from uuid import UUID

import msgspec
from psycopg.errors import UniqueViolation
from redis.asyncio import Redis as AsyncRedis

from domain.accounts.tokens import Claims
from domain.interactions.challenges import queries
from domain.interactions.challenges.model import (
    MOVES,
    Act,
    Challenge,
    ChallengeActive,
    ChallengeOver,
    Draft,
    Due,
    UnknownChallenge,
)
from domain.interactions.challenges.progress import Reached, read_progress
from domain.interactions.lifecycle import move, require_live
from domain.moderation.service import find_moderated
from domain.streams import service as streams
from domain.text import clean_text
from livestreamx.engines.outbox import record, record_all
from livestreamx.engines.postgres import Db, Pool, connection, transaction
from livestreamx.events import (
    ChallengeCancelled,
    ChallengeCompleted,
    ChallengeContributed,
    ChallengeCreated,
    ChallengeFailed,
    ChallengeProgress,
    ChallengeStarted,
)


async def find(db: Db, challenge_id: UUID) -> Challenge:
    challenge = await queries.find(db, challenge_id)
    if challenge is None:
        raise UnknownChallenge()
    return challenge


async def start_challenge(pool: Pool, stream_id: UUID, draft: Draft, claims: Claims, request_id: str) -> Challenge:
    """Announce a challenge in a live stream, for who keeps order there; it starts a moment later.

    `ChallengeActive` while another one is on.
    """
    reward = clean_text(draft.reward)
    draft = Draft(kind=draft.kind, target=draft.target, duration_s=draft.duration_s, reward=reward)
    try:
        async with transaction(pool) as db:
            stream = await find_moderated(db, stream_id, claims)
            require_live(stream)
            made = await queries.insert(
                db, stream_id=stream_id, creator_id=stream.creator_id, made_by=claims.sub, draft=draft
            )
            challenge = await find(db, made)
            await record(db, ChallengeCreated(**as_step(challenge)), request_id=request_id)
    except UniqueViolation as error:
        raise ChallengeActive() from error
    return challenge


async def cancel_challenge(
    pool: Pool, redis: AsyncRedis, stream_id: UUID, challenge_id: UUID, claims: Claims, *, present_seconds: int,
    request_id: str,
) -> Challenge:  # fmt: skip
    """Call a challenge off; the challenge afterwards. `UnknownChallenge`, `ChallengeOver`."""
    async with transaction(pool) as db:
        await find_moderated(db, stream_id, claims)
        challenge = await queries.find_locked(db, challenge_id)
        if challenge is None or challenge.stream_id != stream_id:
            raise UnknownChallenge()
        if challenge.state not in MOVES["cancel"].sources:
            raise ChallengeOver()
        reached = await read_progress(redis, challenge, present_seconds)
        challenge = await _end(db, challenge, "cancel", reached)
        await record(db, ChallengeCancelled(**as_end(challenge) | {"user_id": claims.sub}), request_id=request_id)
    return challenge


async def add_points(db: Db, stream_id: UUID, user_id: UUID, points: int, request_id: str) -> bool:
    """What a command gift adds to the stream's challenge; whether one takes it now."""
    challenge = await queries.active_in(db, stream_id)
    if challenge is None:
        return False
    added = ChallengeProgress(
        stream_id=stream_id,
        creator_id=challenge.creator_id,
        user_id=user_id,
        challenge_id=challenge.id,
        points=points,
    )
    await record(db, added, request_id=request_id)
    return True


async def what_is_on(pool: Pool) -> list[Due]:
    """All challenges that are on."""
    async with connection(pool) as db:
        return await queries.due(db)


async def advance(pool: Pool, redis: AsyncRedis, due: Due, present_seconds: int) -> bool:
    """Start a challenge whose time has come, or end one that is reached or over; whether it moved."""
    async with transaction(pool) as db:
        challenge = await queries.claim(db, due.id)
        if challenge is None:
            return False
        if challenge.state == "pending":
            return await _begin(db, challenge, due)
        reached = await read_progress(redis, challenge, present_seconds)
        if reached.progress >= challenge.target:
            challenge = await _end(db, challenge, "complete", reached)
            await record(db, ChallengeCompleted(**as_end(challenge)))
            await record_all(db, [(event, "") for event in contributions(challenge, reached)])
        elif not due.is_live:
            await record(db, _cancelled(await _end(db, challenge, "cancel", reached)))
        elif due.is_settled:
            await record(db, ChallengeFailed(**as_end(await _end(db, challenge, "fail", reached))))
        else:
            return False
    return True


async def _begin(db: Db, challenge: Challenge, due: Due) -> bool:
    if not due.is_live:
        await record(db, _cancelled(await _end(db, challenge, "cancel", Reached(0, {}))))
    elif due.is_begun:
        await queries.set_state(db, challenge.id, move(MOVES, challenge.state, "start"))
        await record(db, ChallengeStarted(**as_step(challenge)))
    else:
        return False
    return True


async def _end(db: Db, challenge: Challenge, act: Act, reached: Reached) -> Challenge:
    state = move(MOVES, challenge.state, act)
    await queries.set_state(db, challenge.id, state, progress=reached.progress, contributors=len(reached.people))
    return await find(db, challenge.id)


def _cancelled(challenge: Challenge) -> ChallengeCancelled:
    return ChallengeCancelled(**as_end(challenge), reason="stream_ended")


def contributions(challenge: Challenge, reached: Reached) -> list[ChallengeContributed]:
    """One event for each who had a part; the creator has none in their own."""
    return [
        ChallengeContributed(
            stream_id=challenge.stream_id,
            creator_id=challenge.creator_id,
            user_id=user_id,
            challenge_id=challenge.id,
            amount=amount,
        )
        for user_id, amount in reached.people.items()
        if user_id != challenge.creator_id
    ]


def as_step(challenge: Challenge) -> dict[str, Any]:
    """The fields of `ChallengeStep`."""
    return {
        "stream_id": challenge.stream_id,
        "creator_id": challenge.creator_id,
        "user_id": challenge.made_by,
        "challenge_id": challenge.id,
        "handle": challenge.handle,
        "kind": challenge.kind,
        "target": challenge.target,
        "reward": challenge.reward,
        "starts_at": challenge.starts_at,
        "ends_at": challenge.ends_at,
    }


def as_end(challenge: Challenge) -> dict[str, Any]:
    """The fields of `ChallengeEnd`."""
    return as_step(challenge) | {"progress": challenge.progress, "contributors": challenge.contributors}


async def of_stream(
    pool: Pool, redis: AsyncRedis, stream_id: UUID, visitor: Claims | None, *, before: UUID | None, limit: int,
    present_seconds: int,
) -> list[Challenge]:  # fmt: skip
    """The stream's challenges, the newest first; the one that is on with its progress of this moment."""
    async with connection(pool) as db:
        await streams.find_visible(db, stream_id, visitor)
        found = await queries.of_stream(db, stream_id, before, limit)
    for place, challenge in enumerate(found):
        if challenge.state == "active":
            reached = await read_progress(redis, challenge, present_seconds)
            found[place] = msgspec.structs.replace(
                challenge, progress=reached.progress, contributors=len(reached.people)
            )
    return found
