"""Telling every gateway what changed for somebody in a channel, so that their sockets follow at once."""

from uuid import UUID

import msgspec
from redis.asyncio import Redis as AsyncRedis

from domain.moderation.model import Appeal
from livestreamx import keys
from livestreamx.frames import UnbanAnswered

STANDING = "standing"
"""The news' name on a person's channel; gateways ask the database what is true now, whatever order news come in."""


class StandingNews(msgspec.Struct, frozen=True):
    """Whose channel it is about."""

    creator_id: UUID


async def tell_standing(redis: AsyncRedis, user_id: UUID, creator_id: UUID) -> None:
    """Let the gateways look again at this person's standing; call it once the change has committed."""
    news = {"event": STANDING, "data": StandingNews(creator_id)}
    await redis.publish(keys.person_channel(user_id), msgspec.json.encode(news))


async def tell_answer(redis: AsyncRedis, decided: Appeal) -> None:
    """Let a person read what was answered to their unban request; call it once the decision has committed."""
    told = msgspec.convert(
        {"creatorId": decided.creator_id, "state": decided.state, "answer": decided.answer}, UnbanAnswered
    )
    frame = {"event": "unban:answered", "data": told}
    await redis.publish(keys.person_channel(decided.user_id), msgspec.json.encode(frame))
