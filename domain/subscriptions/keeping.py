"""What time brings to subscriptions: months that nobody paid, and those that end. One transaction a subscription."""

from redis.asyncio import Redis as AsyncRedis

from domain.subscriptions import following, queries
from livestreamx.engines.postgres import Pool, transaction


async def move_due(pool: Pool, redis: AsyncRedis) -> bool:
    """Move one subscription on that is due; whether there was one."""
    async with transaction(pool) as db:
        subscription_id = await queries.claim_due(db)
        if subscription_id is None:
            return False
        changed = await following.follow(db, subscription_id)
    await following.tell(redis, changed)
    return True
