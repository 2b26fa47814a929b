"""Rate limits: GCRA over any number of keys in one call to Redis, so that a refusal counts against none of them.

GCRA keeps one time stamp a key: a burst is allowed, then one act every `seconds / acts`.
"""

import msgspec
from redis.asyncio import Redis as AsyncRedis

from livestreamx import keys
from livestreamx.errors import TooMany

# KEYS: one a limit. ARGV: for each its interval (us) and burst. Answers the first limit that refuses (1-based, 0 for
# none) and how long to wait (ms). Redis' own clock, so that every process counts alike.
CHECK = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local next_due = {}
for i = 1, #KEYS do
  local interval, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local due = math.max(tonumber(redis.call('GET', KEYS[i]) or now), now) + interval
  if due - burst * interval > now then return {i, math.ceil((due - burst * interval - now) / 1000)} end
  next_due[i] = due
end
for i = 1, #KEYS do
  redis.call('SET', KEYS[i], string.format('%.0f', next_due[i]), 'PX', math.ceil((next_due[i] - now) / 1000) + 1)
end
return {0, 0}
"""


class Limit(msgspec.Struct, frozen=True):
    """`acts` in `seconds`, all of them at once if need be; `scope` names it, such as `login`."""

    scope: str
    acts: int
    seconds: float

    @property
    def interval_us(self) -> int:
        return round(self.seconds * 1_000_000 / self.acts)


class Refusal(msgspec.Struct, frozen=True):
    """The limit that was reached and when the act would be taken again."""

    limit: Limit
    retry_after_ms: int


class Throttle:
    """Counts acts against limits; one a process."""

    def __init__(self, redis: AsyncRedis) -> None:
        self._check = redis.register_script(CHECK)

    async def check(self, *limits: tuple[Limit, str]) -> Refusal | None:
        """Count one act against every `(limit, who)`, or against none when one of them refuses."""
        if not limits:
            return None
        names = [keys.limit(limit.scope, who) for limit, who in limits]
        args = [number for limit, _ in limits for number in (limit.interval_us, limit.acts)]
        which, wait = await self._check(keys=names, args=args)
        return Refusal(limits[which - 1][0], max(1, int(wait))) if which else None

    async def require(self, *limits: tuple[Limit, str]) -> None:
        """Count one act; `TooMany` when a limit refuses."""
        if refusal := await self.check(*limits):
            raise TooMany(f"Slow down: {refusal.limit.scope}", retry_after_ms=refusal.retry_after_ms)
