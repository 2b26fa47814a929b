"""The room bus: one numbering without gaps for all who publish, and a new epoch when Redis lost the old one."""

import asyncio
from uuid import uuid4

from redis.asyncio import Redis as AsyncRedis

from livestreamx import keys
from livestreamx.engines.bus import PlainRoomBus, RoomBus, read_entry
from livestreamx.engines.redis import connect_plain
from livestreamx.settings import Settings


async def test_many_publishers_share_one_sequence(redis: AsyncRedis, settings: Settings) -> None:
    stream, bus = uuid4(), RoomBus(redis)
    with connect_plain(settings.redis_url) as plain_redis:
        plain = PlainRoomBus(plain_redis)
        seqs = await asyncio.gather(*(bus.publish(stream, "chat:message", {"n": n}) for n in range(50)))
        await asyncio.to_thread(plain.publish_all, [(stream, "mood:state", {"n": n}, None) for n in range(50)])
    assert sorted(seqs) == list(range(1, 51))
    frames = [read_entry(entry) for entry in await redis.xrange(keys.room_frames(stream))]
    assert [frame.seq for frame in frames] == list(range(1, 101))
    assert {frame.event for frame in frames[50:]} == {"mood:state"}


async def test_one_cause_is_one_frame(redis: AsyncRedis) -> None:
    stream, cause, bus = uuid4(), uuid4(), RoomBus(redis)
    assert await bus.publish(stream, "gift:received", {}, once=cause) == 1
    assert await bus.publish(stream, "gift:received", {}, once=cause) == 0
    assert await bus.publish(stream, "overlay:trigger", {}, once=cause) == 2
    assert await redis.xlen(keys.room_frames(stream)) == 2


async def test_a_lost_numbering_gets_another_epoch(redis: AsyncRedis) -> None:
    stream, bus = uuid4(), RoomBus(redis)
    await bus.publish(stream, "chat:message", {})
    epoch = await redis.get(keys.room_epoch(stream))
    await bus.publish(stream, "chat:message", {})
    assert await redis.get(keys.room_epoch(stream)) == epoch
    await redis.delete(keys.room_epoch(stream), keys.room_seq(stream), keys.room_frames(stream))
    assert await bus.publish(stream, "chat:message", {}) == 1
    assert await redis.get(keys.room_epoch(stream)) != epoch
