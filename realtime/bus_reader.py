"""Reads the room bus for this gateway: one XREAD over all rooms with local viewers, each frame once per room.

It also notices when Redis came back from a restart or forgot a room, and has the room begin anew.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog
from redis.asyncio import Connection
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError

from livestreamx import keys
from livestreamx.clock import now
from livestreamx.engines.bus import Frame, RawEntry, read_raw_entry
from livestreamx.engines.redis import connect_once
from realtime.context import Context
from realtime.history import History, run_id
from realtime.rooms import Room, Rooms

BLOCK_MS = 5000
BATCH = 500
WAKE_SECONDS = 3600
RETRY_SECONDS = (0.05, 1.0)

log = structlog.get_logger("realtime")


def age(frame: Frame) -> float:
    """Seconds since the frame's time, as its maker's clock has it."""
    return max(0.0, (now() - datetime.fromisoformat(frame.ts)).total_seconds())


class BusReader:
    """Follows the open rooms. `on_restart` is told of each room whose numbering began anew."""

    def __init__(self, gateway: str, context: Context, rooms: Rooms, on_restart: Callable[[Room], None]) -> None:
        self._wake_key = keys.gateway_wake(gateway)
        self._woken = b"0-0"
        self._url, self._redis, self._metrics = context.settings.redis_url, context.redis, context.metrics
        self._rooms, self._on_restart = rooms, on_restart
        self._followed: dict[bytes, Room] = {}
        self._run = ""

    def follow(self, room: Room, history: History) -> bool:
        """Read a new room from the end of its history; False when that is from another run of Redis."""
        if history.numbering.run != self._run:
            return False
        room.restart(history)
        self._followed[keys.room_frames(room.id).encode()] = room
        return True

    def forget(self, room: Room) -> None:
        self._followed.pop(keys.room_frames(room.id).encode(), None)

    async def wake(self) -> None:
        """End the wait on the rooms known so far, so that a new one is read at once."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.xadd(self._wake_key, {"w": "1"}, maxlen=1, approximate=False)
            pipe.expire(self._wake_key, WAKE_SECONDS)
            await pipe.execute()

    async def run(self, started: asyncio.Event) -> None:
        """Read until cancelled; outages of Redis are waited out."""
        wait = RETRY_SECONDS[0]
        while True:
            client = connect_once(self._url)
            line: Connection = client.connection_pool.make_connection()  # type: ignore[no-untyped-call]
            try:
                await line.connect()  # type: ignore[no-untyped-call]
                await self._begin(client)
                started.set()
                wait = RETRY_SECONDS[0]
                while True:
                    await self._read(line)
            except (RedisError, OSError) as error:
                log.warning("room_bus_lost", error=str(error), retry_seconds=wait)
            except Exception:
                log.exception("room_bus_failed", retry_seconds=wait)
            finally:
                await line.disconnect()
                await client.aclose()
            await asyncio.sleep(wait)
            wait = min(2 * wait, RETRY_SECONDS[1])

    async def _begin(self, client: AsyncRedis) -> None:
        """On a new connection: is it the same run of Redis, which has forgotten nothing?"""
        self._run = await run_id(client)
        for room in list(self._followed.values()):
            if room.numbering.run != self._run:
                await self.restart(room, "redis restarted")

    async def _read(self, line: Connection) -> None:
        """One XREAD, on a connection of its own without the client's ways around it: this runs for every frame."""
        names = [self._wake_key, *self._followed]
        places = [self._woken, *(f"{room.ring.top}-0" for room in self._followed.values())]
        await line.send_command("XREAD", "COUNT", BATCH, "BLOCK", BLOCK_MS, "STREAMS", *names, *places)
        found: dict[bytes, list[RawEntry]] | None = await line.read_response()
        for name, entries in (found or {}).items():
            room = self._followed.get(name)
            if room is None:
                if name.decode() == self._wake_key:
                    self._woken = entries[-1][0]
                continue
            for entry in entries:
                frame = read_raw_entry(entry)
                if not room.append(frame):
                    await self.restart(room, "frames are missing")
                    break
            self._metrics.bus_lag.observe(age(frame))

    async def restart(self, room: Room, reason: str) -> None:
        """Read a room from the start again, and have its viewers told."""
        log.warning("room_restarted", stream_id=str(room.id), reason=reason, was=room.epoch)
        room.restart(await self._rooms.history(room.id))
        self._on_restart(room)

    async def check_epochs(self) -> None:
        """Find rooms that Redis has forgotten while it kept running."""
        rooms = list(self._followed.values())
        if not rooms:
            return
        stored = await self._redis.mget([keys.room_epoch(room.id) for room in rooms])
        forgotten = [room for room, epoch in zip(rooms, stored, strict=True) if epoch != room.numbering.epoch.encode()]
        for room in forgotten:
            await self.restart(room, "the room was forgotten")
        if forgotten:
            await self.wake()
