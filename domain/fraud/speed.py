"""How fast somebody may give: so many sends in a window, and for young accounts so many tokens an hour.

Counted in Redis, in one call. While Redis is away the ledger's own gifts are counted instead, one sender at a time.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID
from weakref import WeakValueDictionary

import msgspec
import structlog
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError

from domain.fraud import queries
from domain.fraud.model import Pace
from livestreamx import keys
from livestreamx.engines.postgres import Pool, connection
from livestreamx.settings import Settings

HOUR_MS = 3_600_000
AWAY_SECONDS = 1.0
"""So long a Redis that did not answer is not asked again: gifts should not wait for it one by one."""
OUTAGES = (RedisError, OSError)

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


class Send(msgspec.Struct, frozen=True):
    """One gift before it is charged; `tokens` count against a young account, 0 for an older one."""

    sender: UUID
    key: str
    tokens: int


class Verdict(msgspec.Struct, frozen=True):
    """Which limit refuses, if one does, and after how many ms there is room again."""

    refused_by: str = ""
    wait_ms: int = 0


SENDS, TOKENS = "sends", "tokens"
ADMITTED = Verdict()


class SpeedLimits:
    """Counts the sends of everybody; one a process."""

    def __init__(self, pool: Pool, redis: AsyncRedis, settings: Settings) -> None:
        self._pool, self._redis, self._rule = pool, redis, settings
        self._admit = redis.register_script(ADMIT)
        self._asked_again_at = 0.0
        self._turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def judged(self, send: Send) -> AsyncIterator[Verdict]:
        """The verdict; send the gift inside, so that the next one of the same sender is judged after it."""
        if time.monotonic() >= self._asked_again_at:
            try:
                verdict = await self._count(send)
            except OUTAGES as error:
                self._asked_again_at = time.monotonic() + AWAY_SECONDS
                log.warning("speed_counted_in_ledger", error=type(error).__name__)
            else:
                yield verdict
                return
        async with self._turns.setdefault(send.sender, asyncio.Lock()):
            yield await self._look_up(send)

    async def forget(self, send: Send) -> None:
        """The ledger refused it: its tokens count no more; while Redis is away they never did."""
        if not send.tokens or time.monotonic() < self._asked_again_at:
            return
        try:
            await self._redis.zrem(keys.gift_tokens(send.sender), send.key)
            await self._redis.hdel(keys.gift_amounts(send.sender), send.key)
        except OUTAGES as error:
            log.warning("send_not_forgotten", error=type(error).__name__)

    async def _count(self, send: Send) -> Verdict:
        rule, sender = self._rule, send.sender
        names = (keys.gift_sends(sender), keys.gift_tokens(sender), keys.gift_amounts(sender))
        asked = (send.key, rule.gift_sends, round(rule.gift_window_seconds * 1000), send.tokens)
        which, wait = await self._admit(keys=names, args=(*asked, rule.young_account_tokens if send.tokens else 0))
        return Verdict((SENDS, TOKENS)[which - 1], max(1, int(wait))) if which else ADMITTED

    async def _look_up(self, send: Send) -> Verdict:
        window_ms = round(self._rule.gift_window_seconds * 1000)
        async with connection(self._pool) as db:
            given = await queries.pace(db, send.sender, send.key, window_ms, self._rule.gift_sends)
        return judge(given, send, self._rule)


def judge(given: Pace, send: Send, rule: Settings) -> Verdict:
    """What Redis would say of a sender who gave so much lately."""
    if given.is_known:
        return ADMITTED
    if given.sends >= rule.gift_sends:
        return Verdict(SENDS, max(1, round(rule.gift_window_seconds * 1000) - given.oldest_send_ms))
    if send.tokens and given.tokens + send.tokens > rule.young_account_tokens:
        return Verdict(TOKENS, max(1, HOUR_MS - given.oldest_token_ms))
    return ADMITTED
