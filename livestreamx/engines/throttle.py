"""Rate limits: GCRA over any number of keys in one call to Redis, so that a refusal counts against none of them.

GCRA keeps one time stamp a key: a burst is allowed, then one act every `seconds / acts`.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from redis.asyncio import Redis as AsyncRedis

from livestreamx import keys
from livestreamx.errors import TooMany

# For scripts that begin with it: the first `count` KEYS are limits, ARGV has the interval (us) and burst of each.
# `due_times` answers when each is due next, or nil, the first limit that refuses (from 1) and how long to wait (ms);
# `count_act` writes what it answered. Redis' own clock, so that every process counts alike.
GCRA = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function due_times(count)
  local dues = {}
  for i = 1, count do
    local interval, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    local due = math.max(tonumber(redis.call('GET', KEYS[i]) or now), now) + interval
    if due - burst * interval > now then return nil, i, math.ceil((due - burst * interval - now) / 1000) end
    dues[i] = due
  end
  return dues
end
local function count_act(dues)
  for i, due in ipairs(dues) do
    redis.call('SET', KEYS[i], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 1)
  end
end
"""

# KEYS: one a limit. Answers the first that refuses (0 for none) and how long to wait (ms).
CHECK = (
    GCRA
    + """
local dues, which, wait = due_times(#KEYS)
if not dues then return {which, wait} end
count_act(dues)
return {0, 0}
"""
)


class Limit(msgspec.Struct, frozen=True):
    """`acts` in `seconds`, all of them at once if need be; `scope` names it, such as `login`."""

    scope: str
    acts: int
    seconds: float

    @property
    def interval_us(self) -> int:
        return round(self.seconds * 1_000_000 / self.acts)


def script_arguments(limits: Sequence[tuple[Limit, str]]) -> tuple[list[str], list[Any]]:
    """The keys and arguments of a script that begins with `GCRA`."""
    names = [keys.limit(limit.scope, who) for limit, who in limits]
    return names, [number for limit, _ in limits for number in (limit.interval_us, limit.acts)]


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
        names, args = script_arguments(limits)
        which, wait = await self._check(keys=names, args=args)
        return Refusal(limits[which - 1][0], max(1, int(wait))) if which else None

    async def require(self, *limits: tuple[Limit, str]) -> None:
        """Count one act; `TooMany` when a limit refuses."""
        if refusal := await self.check(*limits):
            raise TooMany(f"Slow down: {refusal.limit.scope}", retry_after_ms=refusal.retry_after_ms)
