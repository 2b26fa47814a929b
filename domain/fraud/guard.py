"""What every gift passes: limits of speed before it is charged, and a look for gifts in circles after it.

So many sends in ten seconds, and for young accounts so many tokens an hour: one call to Redis before the charge.
A retry counts once, because sends are kept under their own keys.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from redis.asyncio import Redis as AsyncRedis

from domain.accounts.tokens import Claims
from domain.economy import service as economy
from domain.fraud import service
from domain.fraud.model import VelocityLimit
from livestreamx import keys
from livestreamx.clock import now
from livestreamx.engines.postgres import Pool, transaction
from livestreamx.errors import DomainError, TooMany
from livestreamx.settings import Settings

CATALOGUE_SECONDS = 2.0

# KEYS: the sends (ZSET key -> ms), the tokens (ZSET key -> ms) and their amounts (HASH). ARGV: the send's key, how many
# sends in how many ms, tokens of this one, how many tokens an hour (0 asks no such question). Answers which limit
# refuses (0 none, 1 sends, 2 tokens) and after how many ms there is room again.
ADMIT = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local key, most, window, tokens, allowance = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]),
  tonumber(ARGV[5])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
local is_new = not redis.call('ZSCORE', KEYS[1], key)
if is_new and redis.call('ZCARD', KEYS[1]) >= most then
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  return {1, oldest[2] + window - now}
end
if allowance > 0 then
  for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - 3600000)) do
    redis.call('ZREM', KEYS[2], gone)
    redis.call('HDEL', KEYS[3], gone)
  end
  if not redis.call('ZSCORE', KEYS[2], key) then
    local spent = 0
    for _, amount in ipairs(redis.call('HVALS', KEYS[3])) do spent = spent + amount end
    if spent + tokens > allowance then
      local oldest = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
      return {2, oldest[2] and oldest[2] + 3600000 - now or 3600000}
    end
    redis.call('ZADD', KEYS[2], now, key)
    redis.call('HSET', KEYS[3], key, tokens)
    redis.call('PEXPIRE', KEYS[2], 3600000)
    redis.call('PEXPIRE', KEYS[3], 3600000)
  end
end
if is_new then
  redis.call('ZADD', KEYS[1], now, key)
  redis.call('PEXPIRE', KEYS[1], window)
end
return {0, 0}
"""

log = structlog.get_logger("domain.fraud")


def account_age(user_id: UUID) -> timedelta:
    """How long ago an account was made: its id is a UUIDv7, whose first 48 bits are the time in ms (RFC 9562)."""
    return now() - datetime.fromtimestamp((user_id.int >> 80) / 1000, UTC)


class GiftGuard:
    """Admits gifts; one a process, for it remembers for a moment what they cost."""

    def __init__(self, pool: Pool, redis: AsyncRedis, settings: Settings) -> None:
        self._pool, self._redis, self._settings = pool, redis, settings
        self._admit = redis.register_script(ADMIT)
        self._prices: dict[str, int] = {}
        self._read_at = -CATALOGUE_SECONDS

    @asynccontextmanager
    async def admitted(
        self, claims: Claims, stream_id: UUID, *, code: str, qty: int, key: str, request_id: str
    ) -> AsyncIterator[None]:
        """Send one gift inside; what the ledger refuses gives its tokens back to the hour's allowance.

        `TooMany` for too many sends, `VelocityLimit` for too many tokens of a young account; it is flagged then.
        """
        sender = claims.sub
        tokens = await self._cost(sender, code, qty)
        rule = self._settings
        names = (keys.gift_sends(sender), keys.gift_tokens(sender), keys.gift_amounts(sender))
        asked = (key, rule.gift_sends, round(rule.gift_window_seconds * 1000), tokens)
        which, wait = await self._admit(keys=names, args=(*asked, rule.young_account_tokens if tokens else 0))
        wait = max(1, int(wait))
        if which == 1:
            seconds = f"{rule.gift_window_seconds:g} seconds"
            raise TooMany(f"At most {rule.gift_sends} gifts in {seconds}", retry_after_ms=wait)
        if which == 2:
            await self._flag(sender, tokens, request_id)
            raise VelocityLimit(
                f"An account younger than {rule.young_account_days} days gives at most {rule.young_account_tokens} "
                f"tokens an hour; there is room again in {-(-wait // 60_000)} min",
                retryAfterMs=wait,
            )
        try:
            yield
        except DomainError:
            if tokens:
                await self._redis.zrem(names[1], key)
                await self._redis.hdel(names[2], key)
            raise
        if "creator" in claims.roles:  # only somebody who receives gifts can be part of a circle
            await service.look_for_ring(self._pool, sender, stream_id, request_id=request_id)

    async def _cost(self, sender: UUID, code: str, qty: int) -> int:
        """Tokens that count against a young account, 0 for an older one; what cannot be sent costs nothing."""
        if account_age(sender) >= timedelta(days=self._settings.young_account_days):
            return 0
        if time.monotonic() - self._read_at > CATALOGUE_SECONDS:
            self._prices = {gift.code: gift.token_cost for gift in await economy.catalogue(self._pool)}
            self._read_at = time.monotonic()  # only now: whoever asks meanwhile reads it too
        return max(0, self._prices.get(code, 0) * qty)

    async def _flag(self, sender: UUID, tokens: int, request_id: str) -> None:
        async with transaction(self._pool) as db:
            await service.flag(db, "velocity", sender, str(sender), {"wanted": tokens}, request_id=request_id)
        log.warning("velocity_limit", user_id=str(sender), tokens=tokens)
