"""The room bus: every frame of a room goes through one Redis Stream, which is fan-out, order and history at once.

Redis numbers and appends in one script, so all gateways and dataflows share one sequence without gaps.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from livestreamx import keys
from livestreamx.clock import now

HISTORY_FRAMES = 2000
ONCE_SECONDS = 24 * 3600
ROOM_SECONDS = 7 * 24 * 3600
"""How long a room's numbering and history outlive its last frame; they go together."""

# KEYS: seq, frames, epoch, then the guard if ARGV[7] is 1, then the list of recent data if ARGV[8] > 0.
# ARGV: new epoch, event, ts, data, frames to keep, seconds the guard lives, guarded?, data to keep, seconds the room
# lives.
# A numbering without its epoch was lost by Redis: it gets a new epoch, so that no client mistakes it for the old one.
PUBLISH = """
local list = KEYS[4]
if ARGV[7] == '1' then
  if not redis.call('SET', KEYS[4], '1', 'NX', 'EX', ARGV[6]) then return 0 end
  list = KEYS[5]
end
redis.call('SET', KEYS[3], ARGV[1], 'NX')
local seq = redis.call('INCR', KEYS[1])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[5], seq .. '-0', 'e', ARGV[2], 't', ARGV[3], 'd', ARGV[4])
if list then
  redis.call('LPUSH', list, ARGV[4])
  redis.call('LTRIM', list, 0, ARGV[8] - 1)
  redis.call('EXPIRE', list, ARGV[9])
end
for i = 1, 3 do redis.call('EXPIRE', KEYS[i], ARGV[9]) end
return seq
"""

_encode = msgspec.json.Encoder().encode


class Frame(msgspec.Struct, frozen=True):
    """One frame of a room as it lies on the bus; `data` is its JSON text."""

    seq: int
    event: str
    ts: str
    data: bytes


RawEntry = tuple[bytes, list[bytes]]


def read_entry(entry: tuple[bytes, dict[bytes, bytes]]) -> Frame:
    """A frame from a Redis Stream entry."""
    name, fields = entry
    return Frame(int(name.partition(b"-")[0]), fields[b"e"].decode(), fields[b"t"].decode(), fields[b"d"])


def read_raw_entry(entry: RawEntry) -> Frame:
    """A frame from an entry as it comes over the wire, its fields and values by turns."""
    name, fields = entry
    return read_entry((name, dict(zip(fields[::2], fields[1::2], strict=True))))


class Recent(msgspec.Struct, frozen=True):
    """A list that keeps the data of the last frames of one kind, newest first: it changes together with the bus."""

    key: str
    length: int


def publication(
    stream: UUID | str,
    event: str,
    data: Any,
    *,
    once: UUID | str | None,
    at: datetime | None = None,
    recent: Recent | None = None,
) -> tuple[list[str], list[Any]]:
    """Keys and arguments of `PUBLISH` for one frame."""
    names = [keys.room_seq(stream), keys.room_frames(stream), keys.room_epoch(stream)]
    if once is not None:
        names.append(keys.room_once(stream, f"{once}:{event}"))
    if recent is not None:
        names.append(recent.key)
    stamp = (at or now()).isoformat().replace("+00:00", "Z")
    guarded, length = int(once is not None), recent.length if recent else 0
    frame = [secrets.token_hex(4), event, stamp, _encode(data)]
    return names, [*frame, HISTORY_FRAMES, ONCE_SECONDS, guarded, length, ROOM_SECONDS]


class RoomBus:
    """Publishes to rooms from async code."""

    def __init__(self, redis: AsyncRedis) -> None:
        self._publish = redis.register_script(PUBLISH)

    async def publish(
        self,
        stream: UUID | str,
        event: str,
        data: Any,
        *,
        once: UUID | str | None = None,
        at: datetime | None = None,
        recent: Recent | None = None,
    ) -> int:
        """Append a frame; its sequence number. With `once`, a second frame for the same cause is dropped (0)."""
        names, args = publication(stream, event, data, once=once, at=at, recent=recent)
        return int(await self._publish(keys=names, args=args))


class PlainRoomBus:
    """Publishes to rooms from the dataflows, many frames in one round trip."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._publish = redis.register_script(PUBLISH)

    def publish_all(self, frames: Sequence[tuple[UUID | str, str, Any, UUID | str | None]]) -> None:
        """Append `(stream, event, data, once)` frames, in order."""
        with self._redis.pipeline(transaction=False) as pipe:
            for stream, event, data, once in frames:
                names, args = publication(stream, event, data, once=once)
                self._publish(keys=names, args=args, client=pipe)
            pipe.execute()
