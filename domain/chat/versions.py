"""Which version of a channel's filters is in force: a name in Redis, new with every change of a list or policy.

Gateways remember filters; the call that counts a message also compares versions, so the next one is judged anew.
"""

from typing import Any
from uuid import UUID

from redis.asyncio import Redis as AsyncRedis

from livestreamx import keys
from livestreamx.clock import uuid7


def version_keys(creator_id: UUID) -> tuple[str, str]:
    """The names of the channel's own version and of the platform's list's."""
    return keys.chat_filters(creator_id), keys.chat_filters(None)


async def filters_version(redis: AsyncRedis, creator_id: UUID) -> bytes:
    """`<own>:<platform's>`, as the admission script compares it."""
    names: Any = await redis.mget(version_keys(creator_id))
    return b":".join(name or b"" for name in names)


async def tell_filters(redis: AsyncRedis, creator_id: UUID | None) -> None:
    """Outdate what gateways remember of a channel, or with None of all; call it once the change has committed."""
    await redis.set(keys.chat_filters(creator_id), uuid7().hex)
