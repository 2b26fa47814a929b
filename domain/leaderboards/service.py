"""Reading a leaderboard: the best, or the places around one person."""

import re
from collections.abc import Sequence
from typing import cast
from uuid import UUID

from redis.asyncio import Redis as AsyncRedis

from domain.leaderboards import queries
from domain.leaderboards.model import Board, Person, Row
from features.leaderboards import Board as BoardName
from features.leaderboards import Scope, current_ref, decompose
from livestreamx import keys
from livestreamx.clock import now
from livestreamx.engines.postgres import Pool, connection
from livestreamx.errors import Invalid

MOST_CHARACTERS = 64
NAMED = {"weekly": re.compile(r"\d{4}-w\d{2}"), "season": re.compile(r"s\d{1,4}")}


def board_ref(scope: Scope, ref: str | None) -> str:
    """The board meant: the running one unless named. `Invalid` with code `ref_needed` for a stream without its id."""
    if scope == "stream":
        try:
            return str(UUID(ref or ""))
        except ValueError as error:
            raise Invalid("A stream's board needs the stream's id as refId", code="ref_needed") from error
    running = current_ref(scope, now()) or ""
    if ref is None or scope == "global":
        return running
    if not NAMED[scope].fullmatch(ref):
        raise Invalid(f"A {scope} board is named like {running}", code="bad_ref")
    return ref


async def read(
    redis: AsyncRedis, pool: Pool, *, name: BoardName, scope: Scope, ref: str | None, around: UUID | None, limit: int
) -> Board:
    """At most `limit` rows: from the top, or with `around` the places about that person (none if not on the board)."""
    key_ref, as_of, first = board_ref(scope, ref), now(), 0
    key = keys.board(name, scope, key_ref)
    if around is not None:
        place = cast(int | None, await redis.zrevrank(key, str(around)))
        if place is None:
            return Board(name=name, scope=scope, ref=key_ref, rows=(), as_of=as_of)
        first = max(0, place - limit // 2)
    found = cast(list[tuple[bytes, float]], await redis.zrevrange(key, first, first + limit - 1, withscores=True))
    scores = {UUID(member.decode()): decompose(composite)[0] for member, composite in found}
    people, levels = await _people(pool, [*scores]), await _levels(redis, [*scores])
    rows = tuple(
        Row(
            rank=rank,
            user_id=user,
            handle=people[user].handle,
            avatar_url=people[user].avatar_url,
            level=levels.get(user, people[user].level),
            score=score,
        )
        for rank, (user, score) in enumerate(scores.items(), first + 1)
        if user in people
    )
    return Board(name=name, scope=scope, ref=key_ref, rows=rows, as_of=as_of)


async def _people(pool: Pool, users: Sequence[UUID]) -> dict[UUID, Person]:
    if not users:
        return {}
    async with connection(pool) as db:
        return await queries.people(db, users)


async def _levels(redis: AsyncRedis, users: Sequence[UUID]) -> dict[UUID, int]:
    """Levels as the progress flow has them, of those who have any experience."""
    async with redis.pipeline(transaction=False) as pipe:
        for user in users:
            pipe.hget(keys.experience(user), "level")
        levels = await pipe.execute() if users else []
    return {user: int(level) for user, level in zip(users, levels, strict=True) if level}
