"""What goes on in a room, for a page that no script fills: the poll, the challenge, and the open questions."""

from uuid import UUID

import msgspec
from redis.asyncio import Redis as AsyncRedis

from livestreamx import keys
from livestreamx.frames import ChallengeState, PollState, QuestionState

GOALS = {
    "gift_tokens": "tokens of gifts",
    "chat_messages": "messages",
    "reactions": "reactions",
    "followers": "new followers",
    "concurrents": "viewers at once",
}
"""What a challenge counts; the scripts say the same."""


class GoingOn(msgspec.Struct, frozen=True, kw_only=True):
    """As newcomers to the room are told it; `questions` are the open ones with the most votes, most first."""

    poll: PollState | None
    challenge: ChallengeState | None
    questions: tuple[QuestionState, ...]


async def going_on(redis: AsyncRedis, stream_id: UUID) -> GoingOn:
    """Everything of one room in one round trip."""
    poll, challenge, questions = await redis.hmget(keys.room_state(stream_id), ["poll", "challenge", "questions"])
    return GoingOn(
        poll=msgspec.json.decode(poll, type=PollState | None) if poll else None,
        challenge=msgspec.json.decode(challenge, type=ChallengeState | None) if challenge else None,
        questions=msgspec.json.decode(questions, type=tuple[QuestionState, ...]) if questions else (),
    )
