"""Who may say what now: bucket, floods, slow mode, repetition, crowds, and by which filters, in one call to Redis.

A refusal counts against nothing and remembers nothing.
"""

from typing import Any
from uuid import UUID

import msgspec
from redis.asyncio import Redis as AsyncRedis

from domain.chat.similarity import Likeness
from domain.chat.versions import version_keys
from livestreamx import keys
from livestreamx.engines.throttle import GCRA, Limit, script_arguments
from livestreamx.settings import Settings

AUTHOR_SECONDS = 24 * 3600
UNIQUE_SECONDS = 24 * 3600
MOST_UNIQUE = 2000
MOST_SAID = 8
"""Texts of one viewer that a new one is compared with."""

# KEYS: the limits, the author's note, the viewer's texts, the room's unique texts, the versions of the channel's and
# the platform's filters, the bands of the SimHash.
# ARGV after those of the limits: how many limits, author's note, user, same, high, low, unique text, filters' version,
# moderator?
# Answers {why, ms to wait}: a limit from 1 on, 0 taken, -1 repeated, -2 said by a crowd, -3 not unique, -4 outdated.
ADMIT = """
local limits = tonumber(ARGV[#ARGV - 8])
local author, said, unique = KEYS[limits + 1], KEYS[limits + 2], KEYS[limits + 3]
local own, shared, bands = KEYS[limits + 4], KEYS[limits + 5], limits + 6
local note, user, same, high, low, once, version, free = unpack(ARGV, 2 * limits + 2)
local ms = math.floor(now / 1000)

local function differing(a, b)
  local x, n = bit.bxor(a, b), 0
  while x ~= 0 do x, n = bit.band(x, x - 1), n + 1 end
  return n
end

local function repeated()
  if same == '' then return end
  for _, entry in ipairs(redis.call('LRANGE', said, 0, -1)) do
    local at, that, h, l = string.match(entry, '(%d+):(%x*):(%d*):(%d*)')
    local left = at + window - ms
    if left > 0 then
      if that == same then return left end
      if high ~= '' and h ~= '' and differing(tonumber(high), tonumber(h)) + differing(tonumber(low), tonumber(l))
        <= alike_bits then return left end
    end
  end
end

if free == '0' then
  if version ~= (redis.call('GET', own) or '') .. ':' .. (redis.call('GET', shared) or '') then return {-4, 0} end
  local dues, which, wait = due_times(limits)
  if not dues then return {which, wait} end
  if once ~= '' and redis.call('ZSCORE', unique, once) then return {-3, 0} end
  local left = repeated()
  if left then return {-1, left} end
  for i = bands, #KEYS do
    if redis.call('SISMEMBER', KEYS[i], user) == 0 and redis.call('SCARD', KEYS[i]) >= crowd then
      return {-2, math.max(1, redis.call('PTTL', KEYS[i]))}
    end
  end
  count_act(dues)
  if once ~= '' then
    redis.call('ZADD', unique, ms, once)
    redis.call('ZREMRANGEBYRANK', unique, 0, -most_unique - 1)
    redis.call('EXPIRE', unique, unique_seconds)
  end
  if same ~= '' then
    redis.call('LPUSH', said, string.format('%.0f', ms) .. ':' .. same .. ':' .. high .. ':' .. low)
    redis.call('LTRIM', said, 0, most_said - 1)
    redis.call('PEXPIRE', said, window)
  end
  for i = bands, #KEYS do
    redis.call('SADD', KEYS[i], user)
    if redis.call('PTTL', KEYS[i]) < 0 then redis.call('PEXPIRE', KEYS[i], window) end
  end
end
redis.call('SET', author, note, 'EX', author_seconds)
return {0, 0}
"""


def admission_script(settings: Settings) -> str:
    """The script with what is configured: the window (ms), bits that near copies differ in, and a crowd's size."""
    constants = {
        "window": settings.chat_repeat_seconds * 1000,
        "alike_bits": settings.chat_alike_bits,
        "crowd": settings.chat_crowd,
        "author_seconds": AUTHOR_SECONDS,
        "unique_seconds": UNIQUE_SECONDS,
        "most_unique": MOST_UNIQUE,
        "most_said": MOST_SAID,
    }
    return "".join(f"local {name} = {value}\n" for name, value in constants.items()) + GCRA + ADMIT


REPEATED, CROWD, NOT_UNIQUE, OUTDATED = -1, -2, -3, -4


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wants to say something that the filters of `version` let through.

    `unique` where nothing may be said twice, `free` for moderators, whom no filter judges.
    """

    stream_id: UUID
    creator_id: UUID
    user_id: UUID
    message_id: UUID
    likeness: Likeness
    version: bytes = b""
    unique: bool = False
    free: bool = False


class Stop(msgspec.Struct, frozen=True):
    """Why not: the limit that was reached, or `repeated`, `crowd`, `not_unique`; when it would be taken (ms).

    `outdated` where the filters are not those of the attempt any more.
    """

    why: str
    limit: Limit | None
    retry_after_ms: int


WHY = {REPEATED: "repeated", CROWD: "crowd", NOT_UNIQUE: "not_unique", OUTDATED: "outdated"}


class Admission:
    """Counts what is said; one a process."""

    def __init__(self, redis: AsyncRedis, settings: Settings) -> None:
        self._admit = redis.register_script(admission_script(settings))

    async def ask(self, attempt: Attempt, *limits: tuple[Limit, str]) -> Stop | None:
        """Count one message and note its author, or say what stops it, which then counts nothing."""
        names, args = self._call(attempt, limits)
        why, wait = await self._admit(keys=names, args=args)
        if not why:
            return None
        wait = max(1, int(wait)) if why not in (NOT_UNIQUE, OUTDATED) else 0
        return Stop("limit", limits[why - 1][0], wait) if why > 0 else Stop(WHY[why], None, wait)

    def _call(self, attempt: Attempt, limits: tuple[tuple[Limit, str], ...]) -> tuple[list[str], list[Any]]:
        stream, alike = attempt.stream_id, attempt.likeness
        names, args = script_arguments(limits)
        names += [
            keys.chat_author(attempt.message_id),
            keys.chat_said(stream, attempt.user_id),
            keys.chat_unique(stream),
            *version_keys(attempt.creator_id),
            *(keys.chat_alike(stream, band) for band in alike.bands),
        ]
        high, low = alike.halves if alike.simhash is not None else ("", "")
        args += [
            len(limits),
            f"{stream}:{attempt.user_id}",
            str(attempt.user_id),
            alike.same,
            high,
            low,
            alike.exact if attempt.unique else "",
            attempt.version,
            int(attempt.free),
        ]
        return names, args
