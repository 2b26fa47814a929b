"""Rate limits: GCRA over any number of keys in one call to Redis, so that a refusal counts against none of them.

GCRA keeps one time stamp a key: a burst is allowed, then one act every `seconds / acts`.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec
from redis.asyncio import Redis as AsyncRedis

from livestreamx import keys
from livestreamx.errors import TooMany

# For scripts that begin with it: so many KEYS, after those `before`, are limits; ARGV has the interval (us) and burst
# of each. `due_times` answers when each is due next, or nil, the first limit that refuses (from 1) and how long to
# wait (ms); `count_act` writes what it answered. Redis' own clock, so that every process counts alike.
GCRA = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function due_times(count, before)
  local dues = {}
  for i = 1, count do
    local at = (before or 0) + i
    local interval, burst = tonumber(ARGV[2 * at - 1]), tonumber(ARGV[2 * at])
    local due = math.max(tonumber(redis.call('GET', KEYS[at]) or now), now) + interval
    if due - burst * interval > now then return nil, i, math.ceil((due - burst * interval - now) / 1000) end
    dues[i] = due
  end
  return dues
end
local function count_act(dues, before)
  for i, due in ipairs(dues) do
    redis.call('SET', KEYS[(before or 0) + i], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 1)
  end
end
"""

# KEYS: the limits of every act, and behind those of all in ARGV how many each act has. Answers for each act the first
# limit that refuses (0 for none) and how long to wait (ms).
CHECK = (
    GCRA
    + """
local answers, before = {}, 0
for act = 2 * #KEYS + 1, #ARGV do
  local count = tonumber(ARGV[act])
  local dues, which, wait = due_times(count, before)
  if dues then count_act(dues, before) end
  answers[#answers + 1] = {which or 0, wait or 0}
  before = before + count
end
return answers
"""
)
MOST_AT_ONCE = 100
"""Acts of one question, so that Redis is never long about it."""


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


Limits = tuple[tuple[Limit, str], ...]
Asked = tuple[Limits, asyncio.Future[tuple[int, int]]]
"""Limits with who is counted, and the answer: which of them refuses (0: none), and how long to wait (ms)."""


class Throttle:
    """Counts acts against limits; one a process. Acts that come while Redis is asked share the next question."""

    def __init__(self, redis: AsyncRedis) -> None:
        self._check = redis.register_script(CHECK)
        self._waiting: deque[Asked] = deque()
        self._asking: asyncio.Task[None] | None = None

    async def check(self, *limits: tuple[Limit, str]) -> Refusal | None:
        """Count one act against every `(limit, who)`, or against none when one of them refuses."""
        if not limits:
            return None
        answer: asyncio.Future[tuple[int, int]] = asyncio.get_running_loop().create_future()
        self._waiting.append((limits, answer))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask(), name="throttle")
        which, wait = await answer
        return Refusal(limits[which - 1][0], max(1, wait)) if which else None

    async def require(self, *limits: tuple[Limit, str]) -> None:
        """Count one act; `TooMany` when a limit refuses."""
        if refusal := await self.check(*limits):
            raise TooMany(f"Slow down: {refusal.limit.scope}", retry_after_ms=refusal.retry_after_ms)

    async def _ask(self) -> None:
        """Ask Redis until nobody waits."""
        try:
            while self._waiting:
                acts = [self._waiting.popleft() for _ in range(min(MOST_AT_ONCE, len(self._waiting)))]
                await self._ask_about(acts)
        finally:
            self._asking = None

    async def _ask_about(self, acts: Sequence[Asked]) -> None:
        names, args = script_arguments([one for limits, _ in acts for one in limits])
        try:
            found = await self._check(keys=names, args=[*args, *(len(limits) for limits, _ in acts)])
        except Exception as error:  # whatever it is, it belongs to those who wait, and the next are asked about
            for _, answer in acts:
                if not answer.done():
                    answer.set_exception(error)
            return
        for (_, answer), (which, wait) in zip(acts, found, strict=True):
            if not answer.done():
                answer.set_result((which, wait))
