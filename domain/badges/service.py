"""Recording what was earned: the account, and one event for each level and badge, in one transaction."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

import msgspec
from redis.asyncio import Redis as AsyncRedis

from domain.accounts.model import User
from domain.badges import queries
from domain.badges.model import Award, Earned, Level, News
from domain.badges.queries import Plain
from features.badges import badges
from features.experience import level_of
from livestreamx import keys
from livestreamx.engines.postgres import Pool, connection
from livestreamx.events import BadgeEarned, LevelReached


def record_news(db: Plain, news: Sequence[News]) -> list[News]:
    """Write it down; those that were new. Told again, nothing happens: what is known by then is left out."""
    with db.transaction():
        return [one for one in news if _record(db, one)]


def _record(db: Plain, news: News) -> bool:
    match news:
        case Level(user_id=user, level=level, room=room, xp=xp):
            is_new = queries.raise_level(db, news)
            event: LevelReached | BadgeEarned = LevelReached(user_id=user, stream_id=room, level=level, xp=xp)
        case Award(user_id=user, badge=badge, room=room):
            is_new = queries.award(db, news)
            event = BadgeEarned(user_id=user, stream_id=room, badge=badge)
    if is_new:
        queries.record(db, event)
    return is_new


def name_of(badge: str) -> str:
    """What a badge is called; its code when it is not in the list any more."""
    known = badges().get(badge)
    return known.name if known else badge


async def up_to_date(redis: AsyncRedis, user: User) -> User:
    """The account with the experience that was counted by now; the level it has reached is never taken away."""
    counted = cast(bytes | None, await redis.hget(keys.experience(user.id), "xp"))
    xp = max(0, int(counted)) if counted is not None else user.xp
    return msgspec.structs.replace(user, xp=xp, level=max(user.level, level_of(xp)))


async def of_user(pool: Pool, user_id: UUID) -> list[Earned]:
    """Somebody's badges, the latest first."""
    async with connection(pool) as db:
        return await queries.earned(db, user_id)
