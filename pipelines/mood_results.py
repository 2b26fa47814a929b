"""Where moods are told: to the room, to the event log for history, and to Redis together with the flow's memory."""

from collections.abc import Sequence
from datetime import timedelta
from typing import cast
from uuid import UUID

import msgspec
from confluent_kafka import Producer
from redis import Redis

from features.mood import Decision
from livestreamx import keys
from livestreamx.clock import now
from livestreamx.engines.bus import PlainRoomBus
from livestreamx.events import MoodChanged
from livestreamx.frames import MoodState
from pipelines.effects import Effects
from pipelines.fences import Fence
from pipelines.mood import NAME, Memory, Told
from pipelines.signals import send

CLOSED = "closed"
KEPT_SECONDS = 86_400
STALE = timedelta(seconds=60)
"""A mood older than this is history only: a flow that catches up does not flicker through it in the room."""


def read_memories(redis: Redis, places: Sequence[str]) -> dict[str, Memory]:
    """The memories of a flow's partitions."""
    memories = {}
    for place in places:
        found = cast(dict[bytes, bytes], redis.hgetall(keys.flow_memory(NAME, place)))
        closed = found.pop(CLOSED.encode(), None)
        decisions = {UUID(name.decode()): msgspec.json.decode(said, type=Decision) for name, said in found.items()}
        memories[place] = Memory(int(closed) if closed else None, decisions)
    return memories


def state_of(event: MoodChanged) -> MoodState:
    """The mood as rooms see it."""
    return MoodState(
        mood=event.mood,
        intensity=event.intensity,
        shares=event.shares,
        reactors=event.reactors,
        since=event.since,
        asOf=event.hop_end,
    )


def effects_of(told: Told) -> Effects:
    """The moods that now hold, and the memory from which the flow goes on."""
    effects = Effects()
    for event in told.moods:
        if event.stream_id is None:
            continue
        state = msgspec.json.encode(state_of(event)).decode()
        effects.call("SET", keys.mood(event.stream_id), state, "EX", KEPT_SECONDS)
        effects.show(event.stream_id, "mood", state)
    memory = keys.flow_memory(NAME, told.chunk.place)
    if told.closed is not None:
        effects.put(memory, CLOSED, str(told.closed))
    for stream, decision in told.decisions.items():
        if decision is None:
            effects.call("HDEL", memory, str(stream))
        else:
            effects.put(memory, str(stream), msgspec.json.encode(decision).decode())
    return effects


class MoodTeller:
    """Writes what was decided: frames and events first, each under an id of stream and hop, then the fence."""

    def __init__(self, redis: Redis, producer: Producer) -> None:
        self._bus, self._fence, self._producer = PlainRoomBus(redis), Fence(redis, NAME), producer

    def write(self, many: Sequence[Told]) -> None:
        """Tell; raises when an engine does not take it."""
        for told in many:
            if told.chunk.replay or (not told.moods and told.chunk.next == told.chunk.start):
                continue
            if told.moods:
                self._announce(told.moods)
            self._fence.write(told.chunk, effects_of(told).ops(), {}, since=told.since)

    def _announce(self, moods: Sequence[MoodChanged]) -> None:
        oldest = now() - STALE
        self._bus.publish_all(
            [(event.key, "mood:state", state_of(event), event.event_id) for event in moods if event.hop_end > oldest],
        )
        send(self._producer, moods)
