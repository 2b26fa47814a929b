"""kill -9 of PostgreSQL, the API and the relay under gift load: no acknowledged gift is lost or doubled."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from domain.reconciliation.model import Reconciliation
from domain.reconciliation.service import reconcile
from livestreamx.client import Account
from livestreamx.clock import now
from livestreamx.engines.clickhouse import connect_plain as connect_clickhouse
from livestreamx.engines.redis import connect_plain as connect_redis
from livestreamx.stack.platform import Platform
from tests.builders import eventually, go_live, make_user
from tests.conftest import free_port
from tests.integration.test_crashes import board_total, history

KILLS, GIVERS = 20, 12
PARTS = ("postgres", "api", "relay")
BETWEEN_SECONDS = 5.7
"""The supervisor gives a part up that dies five times within a minute."""


class Givers:
    """People who give without pause until told to stop, and ask with the same key until they know the answer."""

    def __init__(self, base: str, stream: str) -> None:
        self.base, self.path = base, f"/api/streams/{stream}/gifts"
        self.acknowledged: dict[str, tuple[Account, str]] = {}
        self.failures: Counter[str] = Counter()
        self.stop = asyncio.Event()

    async def give(self, who: Account) -> None:
        async with httpx.AsyncClient(base_url=self.base, timeout=10) as http:
            while not self.stop.is_set():
                key = secrets.token_hex(8)
                self.acknowledged[key] = (who, await self.answer(http, who, key))

    async def answer(self, http: httpx.AsyncClient, who: Account, key: str) -> str:
        """The id of the gift of this key, whatever breaks meanwhile."""
        headers = {"Authorization": f"Bearer {who.access}", "Idempotency-Key": key}
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                got = await http.post(self.path, json={"code": "HEART"}, headers=headers)
            except httpx.TransportError as error:
                self.failures[type(error).__name__] += 1
            else:
                if got.status_code == 201:
                    return str(got.json()["giftEventId"])
                self.failures[str(got.status_code)] += 1
                assert got.status_code == 503, got.text
            await asyncio.sleep(0.1)
        pytest.fail(f"the gift {key} never learnt its truth")


@pytest.fixture
def doomed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    generous = {"LSX_GIFT_SENDS": "100000", "LSX_YOUNG_ACCOUNT_TOKENS": "100000000"}
    env = {"LSX_DEV_TOPUP": "on", "LSX_RATE_LIMITS": "off", **generous}
    with Platform(tmp_path_factory.mktemp("doomed"), free_port(), env=env) as platform:
        yield platform


async def kill_by_turns(platform: Platform) -> None:
    """Each part dies while the others still recover from the last blow."""
    for number in range(KILLS):
        part = PARTS[number % len(PARTS)]
        began = time.monotonic()
        killed = platform.kill(part)
        await asyncio.to_thread(platform.wait_back, part, killed)
        await asyncio.sleep(max(0.0, BETWEEN_SECONDS - (time.monotonic() - began)))


def compared(platform: Platform) -> Reconciliation:
    settings = platform.settings
    with (
        psycopg.connect(settings.postgres_url) as db,
        connect_clickhouse(settings.clickhouse_url) as told,
        connect_redis(settings.redis_url) as boards,
    ):
        return reconcile(db, told, boards, now())


@pytest.mark.timeout(600)
async def test_no_acknowledged_gift_is_lost_or_doubled(doomed: Platform) -> None:
    async with httpx.AsyncClient(base_url=doomed.url, timeout=60) as http:
        _, stream = await go_live(http)
        people = [await make_user(http) for _ in range(GIVERS)]
    with psycopg.connect(doomed.settings.postgres_url, autocommit=True) as db:
        for who in people:
            db.execute("SELECT ledger.grant_tokens(uuidv7(), %s, 'purchase', 1000000)", (who.user_id,))
    load = Givers(doomed.url, stream)
    giving = [asyncio.create_task(load.give(who)) for who in people]
    await kill_by_turns(doomed)
    load.stop.set()
    await asyncio.gather(*giving)

    told = {gift for _, gift in load.acknowledged.values()}
    assert len(told) == len(load.acknowledged) > 20 * KILLS
    assert sum(load.failures.values()) > KILLS / 2, "the kills were not felt"
    async with httpx.AsyncClient(base_url=doomed.url, timeout=60) as http:
        for key, (who, gift) in list(load.acknowledged.items())[::25]:
            assert await load.answer(http, who, key) == gift
    with psycopg.connect(doomed.settings.postgres_url) as db:
        kept = {row[0] for row in db.execute("SELECT id::text FROM gift_events WHERE stream_id = %s", (stream,))}
    assert kept == told

    async def archived() -> set[str]:
        return set((await asyncio.to_thread(history, doomed, stream))["gifts"])

    await eventually(archived, lambda gifts: gifts == told, 120)
    await eventually(lambda: board_total(doomed, stream), lambda total: total == 5 * len(told), 120)
    await eventually(lambda: asyncio.to_thread(compared, doomed), lambda found: found.agrees, 120)
