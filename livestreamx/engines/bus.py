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

# KEYS: seq, frames, epoch, once. ARGV: new epoch, event, ts, data, how many frames to keep, seconds the guard lives.
# A numbering without its epoch was lost by Redis: it gets a new epoch, so that no client mistakes it for the old one.
PUBLISH = """
if KEYS[4] and not redis.call('SET', KEYS[4], '1', 'NX', 'EX', ARGV[6]) then return 0 end
redis.call('SET', KEYS[3], ARGV[1], 'NX')
local seq = redis.call('INCR', KEYS[1])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[5], seq .. '-0', 'e', ARGV[2], 't', ARGV[3], 'd', ARGV[4])
return seq
"""

_encode = msgspec.json.Encoder().encode


class Frame(msgspec.Struct, frozen=True):
    """One frame of a room as it lies on the bus; `data` is its JSON text."""

    seq: int
    event: str
    ts: str
    data: bytes


def read_entry(entry: tuple[bytes, dict[bytes, bytes]]) -> Frame:
    """A frame from a Redis Stream entry."""
    name, fields = entry
    return Frame(int(name.partition(b"-")[0]), fields[b"e"].decode(), fields[b"t"].decode(), fields[b"d"])


def _call(
    stream: UUID | str, event: str, data: Any, once: UUID | str | None, at: datetime | None
) -> tuple[list[str], list[Any]]:
    names = [keys.room_seq(stream), keys.room_frames(stream), keys.room_epoch(stream)]
    if once is not None:
        names.append(keys.room_once(stream, f"{once}:{event}"))
    stamp = (at or now()).isoformat().replace("+00:00", "Z")
    return names, [secrets.token_hex(4), event, stamp, _encode(data), HISTORY_FRAMES, ONCE_SECONDS]


class RoomBus:
    """Publishes to rooms from async code."""

    def __init__(self, redis: AsyncRedis) -> None:
        self._publish = redis.register_script(PUBLISH)

    async def publish(
        self, stream: UUID | str, event: str, data: Any, *, once: UUID | str | None = None, at: datetime | None = None
    ) -> int:
        """Append a frame; its sequence number. With `once`, a second frame for the same cause is dropped (0)."""
        names, args = _call(stream, event, data, once, at)
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
                names, args = _call(stream, event, data, once, None)
                self._publish(keys=names, args=args, client=pipe)
            pipe.execute()
