"""A combo in its room: each gift once, and its end once, though the dataflows are killed in the midst of it."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
import pytest
from redis import Redis

from livestreamx import keys
from livestreamx.clock import now, uuid7
from livestreamx.engines.redis import connect_plain as connect_redis
from livestreamx.events import GiftSent, StreamEnded
from livestreamx.settings import Settings
from tests.builders import eventually
from tests.integration.flows import Log, dataflows

Told = tuple[str, int, bool]
"""Of a `gift:received`: the gift, the combo's count, and whether it is the final one."""


@pytest.fixture(scope="module")
def cache(settings: Settings) -> Iterator[Redis]:
    with connect_redis(settings.redis_url) as client:
        yield client


class Stage:
    """A stream, and what its room was told of gifts."""

    def __init__(self, cache: Redis, log: Log) -> None:
        self.cache, self.log = cache, log
        self.ids: dict[str, Any] = {"stream_id": uuid7(), "creator_id": uuid7()}

    def gift(self, giver: UUID, combo: str | None, number: int = 1) -> GiftSent:
        sent = GiftSent(
            gift_event_id=uuid7(),
            code="HEART",
            qty=1,
            tokens=5,
            paid=0,
            bonus=5,
            handle="giver",
            combo_id=combo,
            combo_count=number,
            user_id=giver,
            **self.ids,
        )
        self.log.write([sent])
        return sent

    def told(self) -> list[Told]:
        frames = [fields for _, fields in self.cache.xrange(keys.room_frames(self.ids["stream_id"]))]
        shown = [msgspec.json.decode(fields[b"d"]) for fields in frames if fields[b"e"] == b"gift:received"]
        return [(gift["giftEventId"], gift["comboCount"], gift["comboFinal"]) for gift in shown]

    async def wait(self, *expected: Told) -> None:
        """Until the room was told just that."""

        async def told() -> list[Told]:
            return await asyncio.to_thread(self.told)

        found = await eventually(told, lambda found: len(found) >= len(expected))
        assert found == [*expected]

    async def begin(self, *expected: Told) -> None:
        """Until the room was told that first; the end of a combo may have come as well by now."""

        async def told() -> list[Told]:
            return (await asyncio.to_thread(self.told))[: len(expected)]

        await eventually(told, lambda found: found == [*expected])


async def test_a_combo_ends_once_though_the_dataflows_are_killed(settings: Settings, cache: Redis) -> None:
    stage, log, giver = Stage(cache, Log(settings)), Log(settings), uuid7()
    with dataflows(settings, "overlays") as running:
        gifts = [stage.gift(giver, "c-1", number) for number in (1, 2, 3)]
        one, two, three = (str(sent.gift_event_id) for sent in gifts)
        shown = ((one, 1, False), (two, 2, False), (three, 3, False))
        await stage.begin(*shown)
        running.kill()
    with dataflows(settings, "overlays") as running:
        await stage.wait(*shown, (three, 3, True))
        running.kill()
    with dataflows(settings, "overlays"):
        log.write(gifts)  # the relay repeats itself
        lone = str(stage.gift(giver, None).gift_event_id)
        await stage.wait(*shown, (three, 3, True), (lone, 1, True))


async def test_the_next_combo_and_the_end_of_the_stream_end_a_combo(settings: Settings, cache: Redis) -> None:
    stage, giver = Stage(cache, Log(settings)), uuid7()
    with dataflows(settings, "overlays"):
        first, second = (str(stage.gift(giver, combo).gift_event_id) for combo in ("c-1", "c-2"))
        ended = StreamEnded(started_at=now(), ended_at=now(), title="A show", creator="maker", **stage.ids)
        stage.log.write([ended])
        await stage.wait((first, 1, False), (first, 1, True), (second, 1, False), (second, 1, True))
