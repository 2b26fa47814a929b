"""Who may say what now: bucket, flood control, slow mode, repetition and crowds, in one call to Redis.

A refusal counts against nothing and remembers nothing.
"""

from typing import Any
from uuid import UUID

import msgspec
from redis.asyncio import Redis as AsyncRedis

from domain.chat.similarity import Likeness
from livestreamx import keys
from livestreamx.engines.throttle import GCRA, Limit, script_arguments
from livestreamx.settings import Settings

AUTHOR_SECONDS = 24 * 3600
UNIQUE_SECONDS = 24 * 3600
MOST_UNIQUE = 2000
MOST_SAID = 8
"""Texts of one viewer that a new one is compared with."""

# KEYS: the limits, the author's note, the viewer's texts, the room's unique texts, the bands of the SimHash.
# ARGV after those of the limits: how many limits, author's note, its seconds, user, same, high, low, window (ms),
# bits, crowd, unique?, seconds and number of unique texts, number of the viewer's texts, moderator?
# Answers {why, ms to wait}: a limit from 1 on, 0 taken, -1 repeated, -2 said by a crowd, -3 not unique.
ADMIT = (
    GCRA
    + """
local limits = tonumber(ARGV[#ARGV - 14])
local function given(i) return ARGV[2 * limits + 1 + i] end
local author, said, unique = KEYS[limits + 1], KEYS[limits + 2], KEYS[limits + 3]
local same, high, low, window = given(4), given(5), given(6), tonumber(given(7))
local ms = math.floor(now / 1000)

local function differing(a, b)
  local x, n = bit.bxor(a, b), 0
  while x ~= 0 do x, n = bit.band(x, x - 1), n + 1 end
  return n
end

local function repeated()
  for _, entry in ipairs(redis.call('LRANGE', said, 0, -1)) do
    local at, that, h, l = string.match(entry, '(%d+):(%x*):(%d*):(%d*)')
    local left = at + window - ms
    if left > 0 then
      if same ~= '' and that == same then return left end
      if high ~= '' and h ~= '' and differing(tonumber(high), tonumber(h)) + differing(tonumber(low), tonumber(l))
        <= tonumber(given(8)) then return left end
    end
  end
end

if given(14) == '0' then
  local dues, which, wait = due_times(limits)
  if not dues then return {which, wait} end
  if given(10) ~= '' and redis.call('ZSCORE', unique, given(10)) then return {-3, 0} end
  local left = repeated()
  if left then return {-1, left} end
  for i = limits + 4, #KEYS do
    if redis.call('SISMEMBER', KEYS[i], given(3)) == 0 and redis.call('SCARD', KEYS[i]) >= tonumber(given(9)) then
      return {-2, math.max(1, redis.call('PTTL', KEYS[i]))}
    end
  end
  if given(10) ~= '' then
    redis.call('ZADD', unique, ms, given(10))
    redis.call('ZREMRANGEBYRANK', unique, 0, -given(12) - 1)
    redis.call('EXPIRE', unique, given(11))
  end
  count_act(dues)
  if same ~= '' then
    redis.call('LPUSH', said, string.format('%.0f', ms) .. ':' .. same .. ':' .. high .. ':' .. low)
    redis.call('LTRIM', said, 0, given(13) - 1)
    redis.call('PEXPIRE', said, window)
  end
  for i = limits + 4, #KEYS do
    redis.call('SADD', KEYS[i], given(3))
    if redis.call('PTTL', KEYS[i]) < 0 then redis.call('PEXPIRE', KEYS[i], window) end
  end
end
redis.call('SET', author, given(1), 'EX', given(2))
return {0, 0}
"""
)
REPEATED, CROWD, NOT_UNIQUE = -1, -2, -3


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wants to say something; `unique` where nothing may be said twice, `free` for moderators."""

    stream_id: UUID
    user_id: UUID
    message_id: UUID
    likeness: Likeness
    unique: bool = False
    free: bool = False


class Stop(msgspec.Struct, frozen=True):
    """Why not: the limit that was reached, or `repeated`, `crowd`, `not_unique`; when it would be taken (ms)."""

    why: str
    limit: Limit | None
    retry_after_ms: int


WHY = {REPEATED: "repeated", CROWD: "crowd", NOT_UNIQUE: "not_unique"}


class Admission:
    """Counts what is said; one a process."""

    def __init__(self, redis: AsyncRedis, settings: Settings) -> None:
        self._admit = redis.register_script(ADMIT)
        self._settings = settings

    async def ask(self, attempt: Attempt, *limits: tuple[Limit, str]) -> Stop | None:
        """Count one message and note its author, or say what stops it, which then counts nothing."""
        names, args = self._call(attempt, limits)
        why, wait = await self._admit(keys=names, args=args)
        if not why:
            return None
        wait = max(1, int(wait)) if why != NOT_UNIQUE else 0
        return Stop("limit", limits[why - 1][0], wait) if why > 0 else Stop(WHY[why], None, wait)

    def _call(self, attempt: Attempt, limits: tuple[tuple[Limit, str], ...]) -> tuple[list[str], list[Any]]:
        stream, alike = attempt.stream_id, attempt.likeness
        names, args = script_arguments(limits)
        names += [
            keys.chat_author(attempt.message_id),
            keys.chat_said(stream, attempt.user_id),
            keys.chat_unique(stream),
            *(keys.chat_alike(stream, band) for band in alike.bands),
        ]
        high, low = alike.halves if alike.simhash is not None else ("", "")
        settings = self._settings
        args += [
            len(limits),
            f"{stream}:{attempt.user_id}",
            AUTHOR_SECONDS,
            str(attempt.user_id),
            alike.same,
            high,
            low,
            settings.chat_repeat_seconds * 1000,
            settings.chat_alike_bits,
            settings.chat_crowd,
            alike.exact if attempt.unique else "",
            UNIQUE_SECONDS,
            MOST_UNIQUE,
            MOST_SAID,
            int(attempt.free),
        ]
        return names, args
