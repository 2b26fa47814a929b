"""kill -9 of every part under load: what was accepted is there once, everywhere, and the books balance."""

import asyncio
import contextlib
import secrets
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from livestreamx.client import Account, Refused, Room, Unanswered
from livestreamx.engines.clickhouse import connect_plain
from livestreamx.stack.platform import Platform
from tests.builders import eventually, go_live, make_user
from tests.conftest import free_port

PARTS = ("api", "relay", "dataflows", "kafka", "redis", "clickhouse", "postgres")
CHATTERS = 12


class Storm:
    """Chatters who talk and give until told to stop, and who remember every answer."""

    def __init__(self, base: str, stream: str) -> None:
        self.base, self.stream = base, stream
        self.messages: set[str] = set()
        self.unanswered = 0
        self.gifts: dict[str, str] = {}
        self.shown: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.stop = asyncio.Event()

    def see(self, frame: dict[str, Any]) -> None:
        if frame["event"] == "chat:message":
            self.shown[frame["data"]["messageId"]] += 1
        elif frame["event"] == "room:state":  # after Redis was lost the room starts afresh, from its recent chat
            for message in frame["data"]["chat"]:
                self.shown.setdefault(message["messageId"], 1)

    async def chatter(self, account: Account) -> None:
        async with Room(self.base, self.stream, account, channels="chat,gifts") as room:
            while not self.stop.is_set():
                await self._chat(room)
                await self._give(room)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.stop.wait(), 2.1)

    async def _chat(self, room: Room) -> None:
        try:
            ack = await room.ask("chat:message", text=f"still here {secrets.token_hex(4)} LUL")
            self.messages.add(ack["messageId"])
        except Refused as refusal:
            self.refusals[refusal.code] += 1
            # what timed out on its way to the log may have arrived all the same
            self.unanswered += refusal.code == "unavailable"
        except (Unanswered, TimeoutError):
            self.unanswered += 1

    async def _give(self, room: Room) -> None:
        """One gift, asked for with the same key until the answer is known."""
        key = secrets.token_hex(8)
        for _ in range(60):
            try:
                ack = await room.ask("gift:send", code="HEART", qty=1, idempotencyKey=key)
            except Refused as refusal:
                self.refusals[refusal.code] += 1
                if refusal.code == "insufficient_tokens":
                    return
            except (Unanswered, TimeoutError):
                pass
            else:
                self.gifts[key] = ack["giftEventId"]
                return
            await asyncio.sleep(0.5)
        pytest.fail(f"the gift {key} never learnt its truth")


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A platform of this module's own: it will be killed."""
    home = tmp_path_factory.mktemp("fragile")
    env = {"LSX_DEV_TOPUP": "on", "LSX_RATE_LIMITS": "off"}
    with Platform(home, free_port(), env=env) as platform:
        yield platform


def books(platform: Platform, stream: str) -> dict[str, Any]:
    """What PostgreSQL knows: the audit's faults, and the stream's gifts."""
    with psycopg.connect(platform.settings.postgres_url) as db:
        audit = db.execute("SELECT finding, found FROM ledger.audit").fetchall()
        rows = db.execute("SELECT id::text, tokens FROM gift_events WHERE stream_id = %s", (stream,)).fetchall()
    return {
        "faults": {finding: found for finding, found in audit if found},
        "gifts": dict(rows),
        "tokens": sum(tokens for _, tokens in rows),
    }


def history(platform: Platform, stream: str) -> dict[str, Any]:
    """What ClickHouse knows of the stream, counted exactly."""
    with connect_plain(platform.settings.clickhouse_url) as db:
        chat = db.query(
            "SELECT toString(message_id) FROM chat_messages FINAL WHERE stream_id = {s:UUID}", {"s": stream}
        )
        gifts = db.query(
            "SELECT toString(gift_event_id), tokens FROM gifts FINAL WHERE stream_id = {s:UUID}", {"s": stream}
        )
    return {"messages": [row[0] for row in chat.result_rows], "gifts": {row[0]: row[1] for row in gifts.result_rows}}


async def board_total(platform: Platform, stream: str) -> int:
    async with httpx.AsyncClient(base_url=platform.url, timeout=60) as http:
        answer = await http.get("/api/leaderboard/gifts", params={"scope": "stream", "refId": stream, "limit": 100})
        return sum(row["score"] for row in answer.raise_for_status().json()["items"])


async def check(platform: Platform, storm: Storm) -> None:
    """PostgreSQL, ClickHouse, the board and the chatters agree on every accepted act."""
    truth = await asyncio.to_thread(books, platform, storm.stream)
    assert truth["faults"] == {}
    assert set(storm.gifts.values()) == set(truth["gifts"]), "a gift was lost, doubled or made"

    async def seen() -> dict[str, Any]:
        return await asyncio.to_thread(history, platform, storm.stream)

    found = await eventually(
        seen, lambda kept: kept["gifts"] == truth["gifts"] and storm.messages <= set(kept["messages"]), 120
    )
    assert len(found["messages"]) == len(set(found["messages"]))
    assert len(found["messages"]) - len(storm.messages) <= storm.unanswered
    await eventually(lambda: board_total(platform, storm.stream), lambda total: total == truth["tokens"], 120)
    assert storm.messages <= storm.shown.keys()
    assert max(storm.shown.values()) == 1


async def weather(platform: Platform, storm: Storm, blows: Any) -> None:
    """Run the chatters while `blows` hits the platform, then let what is under way end."""
    async with httpx.AsyncClient(base_url=platform.url, timeout=60) as http:
        accounts = [await make_user(http, "storm") for _ in range(CHATTERS)]
    async with Room(platform.url, storm.stream, on_frame=storm.see):
        chatters = [asyncio.create_task(storm.chatter(account)) for account in accounts]
        await blows()
        await asyncio.sleep(3)
        storm.stop.set()
        await asyncio.gather(*chatters)
        await eventually(lambda: asyncio.sleep(0, storm.shown), lambda shown: storm.messages <= shown.keys())


@pytest.mark.timeout(600)
async def test_every_part_killed_under_load(fragile: Platform) -> None:
    async with httpx.AsyncClient(base_url=fragile.url, timeout=60) as http:
        _, stream = await go_live(http)
    storm = Storm(fragile.url, stream)

    async def blows() -> None:
        for part in PARTS:
            await asyncio.sleep(2)
            killed = fragile.kill(part)
            await asyncio.to_thread(fragile.wait_back, part, killed)

    await weather(fragile, storm, blows)
    assert len(storm.messages) > 20
    assert len(storm.gifts) > 20
    await check(fragile, storm)


@pytest.mark.timeout(600)
async def test_the_supervisor_killed_under_load(fragile: Platform) -> None:
    async with httpx.AsyncClient(base_url=fragile.url, timeout=60) as http:
        _, stream = await go_live(http)
    storm = Storm(fragile.url, stream)

    async def blows() -> None:
        await asyncio.sleep(4)
        fragile.kill_supervisor()
        await asyncio.to_thread(fragile.start)
        await asyncio.sleep(4)

    await weather(fragile, storm, blows)
    await check(fragile, storm)


def test_the_data_folder_is_the_only_thing_left(fragile: Platform) -> None:
    assert Path(fragile.home.root).is_dir()
    assert fragile.stop() == 0
