"""What Redis holds of a room: its numbering and frames, and the snapshot that a newcomer gets.

Each is read in one transaction, so that the `seq` it names is exact.
"""

from typing import Any
from uuid import UUID

import msgspec
from redis.asyncio import Redis as AsyncRedis

from livestreamx import keys
from livestreamx.clock import now_ms
from livestreamx.engines.bus import ROOM_SECONDS, Frame, read_entry

NOTHING, NONE = msgspec.Raw(b"null"), msgspec.Raw(b"[]")


class Numbering(msgspec.Struct, frozen=True):
    """Which count of frames this is: a new one after data was lost, and after every restart of Redis.

    A server that came back from disk may have forgotten the last frames without knowing, hence its run id.
    """

    epoch: str
    run: str

    def __str__(self) -> str:
        return f"{self.epoch}-{self.run[:8]}"


class History(msgspec.Struct, frozen=True):
    """The last frames of a room, oldest first; `top` is the newest seq, also when no frame is kept."""

    numbering: Numbering
    top: int
    frames: list[Frame]


class Snapshot(msgspec.Struct, frozen=True):
    """What a newcomer is told of a room as of `seq`, each part a JSON text."""

    epoch: str
    seq: int
    mood: msgspec.Raw
    poll: msgspec.Raw
    challenge: msgspec.Raw
    questions: msgspec.Raw
    scene: msgspec.Raw
    minigame: msgspec.Raw
    segment: msgspec.Raw
    viewers: int
    chat: tuple[msgspec.Raw, ...]
    """Recent messages, oldest first."""


async def run_id(redis: AsyncRedis) -> str:
    """The name of this run of the Redis server."""
    return str((await redis.info("server"))["run_id"])


async def read_history(redis: AsyncRedis, stream: UUID, length: int, fresh_epoch: str) -> History:
    """The room's numbering, which begins as `fresh_epoch` when there is none, and its last frames."""
    async with redis.pipeline(transaction=True) as pipe:
        pipe.info("server")
        pipe.set(keys.room_epoch(stream), fresh_epoch, nx=True, ex=ROOM_SECONDS)
        pipe.get(keys.room_epoch(stream))
        pipe.get(keys.room_seq(stream))
        pipe.xrevrange(keys.room_frames(stream), count=length)
        server, _, epoch, seq, entries = await pipe.execute()
    frames = [read_entry(entry) for entry in reversed(entries)]
    top = int(seq or 0)
    if frames and frames[-1].seq != top:
        frames = []
    gap = max((i for i in range(1, len(frames)) if frames[i].seq != frames[i - 1].seq + 1), default=0)
    return History(Numbering(epoch.decode(), str(server["run_id"])), top, frames[gap:])


async def read_snapshot(redis: AsyncRedis, stream: UUID, *, chat: int, present_ms: int) -> Snapshot:
    """The room as of one moment; viewers are those heard of in the last `present_ms`."""
    async with redis.pipeline(transaction=True) as pipe:
        pipe.get(keys.room_epoch(stream))
        pipe.get(keys.room_seq(stream))
        pipe.hgetall(keys.room_state(stream))
        pipe.zcount(keys.room_viewers(stream), now_ms() - present_ms, "+inf")
        pipe.lrange(keys.room_chat(stream), 0, chat - 1)
        epoch, seq, state, viewers, messages = await pipe.execute()

    def part(name: bytes, nothing: msgspec.Raw = NOTHING) -> msgspec.Raw:
        text: Any = state.get(name)
        return msgspec.Raw(text) if text else nothing

    return Snapshot(
        epoch=epoch.decode() if epoch else "",
        seq=int(seq or 0),
        mood=part(b"mood"),
        poll=part(b"poll"),
        challenge=part(b"challenge"),
        questions=part(b"questions", NONE),
        scene=part(b"scene"),
        minigame=part(b"minigame"),
        segment=part(b"segment"),
        viewers=int(viewers),
        chat=tuple(msgspec.Raw(message) for message in reversed(messages)),
    )
