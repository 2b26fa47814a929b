"""How far a challenge is, as the dataflow has counted it, and who had a part in it."""

from uuid import UUID

import msgspec
from redis.asyncio import Redis as AsyncRedis

from domain.interactions.challenges.model import MOST_CONTRIBUTORS, Challenge
from livestreamx import keys
from livestreamx.clock import now_ms


class Reached(msgspec.Struct, frozen=True):
    """The progress so far, and what each person gave to it."""

    progress: int
    people: dict[UUID, int]


async def read_progress(redis: AsyncRedis, challenge: Challenge, present_seconds: int) -> Reached:
    """Where the kind counts viewers, everybody signed in who was heard of in the last `present_seconds` has a part."""
    async with redis.pipeline(transaction=False) as pipe:
        pipe.hmget(keys.challenge(challenge.creator_id), ["id", "progress"])
        pipe.hgetall(keys.challenge_people(challenge.id))
        pipe.zrangebyscore(keys.room_viewers(challenge.stream_id), now_ms() - present_seconds * 1000, "+inf")
        (challenge_id, progress), given, present = await pipe.execute()
    if challenge_id is None or UUID(challenge_id.decode()) != challenge.id:
        return Reached(0, {})
    people = {UUID(user.decode()): int(amount) for user, amount in given.items() if int(amount) > 0}
    if challenge.kind == "concurrents":
        viewers = [name.decode().removeprefix("user:") for name in present if name.startswith(b"user:")]
        people |= {UUID(user): people.get(UUID(user), 0) + 1 for user in viewers}
    most = sorted(people.items(), key=lambda one: (-one[1], one[0]))[:MOST_CONTRIBUTORS]
    return Reached(max(0, int(progress or 0)), dict(most))
