"""The origin's verification steps in order, then what was missed while away: one walk through the running platform."""

import asyncio
import secrets
from typing import Any

import httpx

from livestreamx.client import Account, Room
from livestreamx.engines.clickhouse import connect
from livestreamx.stack.platform import Platform
from tests.builders import eventually, go_live, make_user


class Watcher:
    """The frames that one reader of a room has seen, in order."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []

    def of(self, event: str) -> list[dict[str, Any]]:
        return [frame["data"] for frame in self.frames if frame["event"] == event]

    async def until(self, event: str, count: int = 1, seconds: float = 60) -> list[dict[str, Any]]:
        async def seen() -> list[dict[str, Any]]:
            return self.of(event)

        return await eventually(seen, lambda found: len(found) >= count, seconds)


async def test_register_gift_board_topup_refresh(http: httpx.AsyncClient, server: str) -> None:
    tester = await make_user(http, "tester")
    assert (await tester.call("GET", "/api/wallet"))["tokens"] == 100
    catalogue = (await http.get("/api/gifts")).json()["items"]
    assert {gift["code"]: gift["tokenCost"] for gift in catalogue}["HEART"] == 5
    creator, stream = await go_live(http)
    watcher = Watcher()
    async with Room(server, stream, on_frame=watcher.frames.append), Room(server, stream, tester) as room:
        ack = await room.ask("gift:send", code="HEART")
        assert ack["balance"] == 95
        assert (await watcher.until("gift:received"))[0]["giftEventId"] == ack["giftEventId"]
        assert (await watcher.until("overlay:trigger"))[0]["actor"] == tester.handle
        assert (await watcher.until("leaderboard:update"))[-1]["items"][0]["score"] == 5
    events = (await creator.call("GET", f"/api/streams/{stream}/gift-events"))["items"]
    assert [(event["giftCode"], event["tokens"], event["fromUser"]) for event in events] == [
        ("HEART", 5, tester.handle)
    ]
    board = (await http.get("/api/leaderboard/gifts", params={"scope": "stream", "refId": stream})).json()["items"]
    assert [(row["rank"], row["handle"], row["score"]) for row in board] == [(1, tester.handle, 5)]
    await tester.call("POST", "/api/wallet/topup", {"amount": 50}, Idempotency_Key=secrets.token_hex(8))
    assert (await tester.call("GET", "/api/wallet"))["tokens"] == 145
    await tester.renew()
    assert (await tester.call("GET", "/api/me"))["handle"] == tester.handle


async def test_engagement_moves_the_mood_and_the_dashboard(http: httpx.AsyncClient, server: str) -> None:
    creator, stream = await go_live(http)
    people = [await make_user(http, "fan") for _ in range(5)]
    watcher = Watcher()
    async with Room(server, stream, on_frame=watcher.frames.append):

        async def cheer(person: Account) -> None:
            async with Room(server, stream, person) as room:
                await room.ask("chat:message", text="LUL that was good")
                await room.ask("mood:react", mood="joy")

        await asyncio.gather(*(cheer(person) for person in people))

        async def felt() -> list[tuple[str, int]]:
            return [(state["mood"], state["reactors"]) for state in watcher.of("mood:state")]

        await eventually(felt, lambda seen: ("joy", 5) in seen)

    async def totals() -> dict[str, int]:
        path = f"/api/studio/streams/{stream}/analytics?panels=chat"
        found: dict[str, int] = (await creator.call("GET", path))["panels"]["chat"]["totals"]
        return found

    await eventually(totals, lambda seen: seen == {"messages": 5, "chatters": 5})
    assert (await http.get(f"/api/streams/{stream}")).json()["moodState"]["mood"] == "joy"
    assert (await creator.call("POST", f"/api/streams/{stream}/end"))["status"] == "ended"


async def test_every_accepted_act_is_one_event(http: httpx.AsyncClient, server: str) -> None:
    """Acts counted at the socket equal acts counted behind Kafka, chat and reactions and gifts alike."""
    creator, stream = await go_live(http)
    people = [await make_user(http, "one") for _ in range(3)]
    accepted = {"chat": 0, "gifts": 0}

    async def act(person: Account) -> None:
        async with Room(server, stream, person) as room:
            for number in range(3):
                await room.ask("chat:message", text=f"message {number} of {person.handle}")
                accepted["chat"] += 1
            for _ in range(2):
                await room.ask("gift:send", code="HEART")
                accepted["gifts"] += 1

    await asyncio.gather(*(act(person) for person in people))

    async def panels() -> tuple[int, int]:
        found = (await creator.call("GET", f"/api/studio/streams/{stream}/analytics?panels=chat,gifts"))["panels"]
        return found["chat"]["totals"]["messages"], found["gifts"]["totals"]["tokens"]

    await eventually(panels, lambda seen: seen == (accepted["chat"], accepted["gifts"] * 5))


async def test_a_request_id_reaches_history(http: httpx.AsyncClient, platform: Platform) -> None:
    """From the header of a REST call through outbox and Kafka to the archive."""
    viewer = await make_user(http, "traced")
    _, stream = await go_live(http)
    name = f"trace-{secrets.token_hex(6)}"
    sent = await viewer.call(
        "POST", f"/api/streams/{stream}/gifts", {"code": "ROSE"}, Idempotency_Key=name, X_Request_Id=name
    )

    async def recorded() -> list[tuple[str, str]]:
        query = (
            "SELECT type, JSONExtractString(payload, 'gift_event_id') FROM events FINAL WHERE request_id = {r:String}"
        )
        client = await connect(platform.settings.clickhouse_url)
        try:
            return [(row[0], row[1]) for row in (await client.query(query, {"r": name})).result_rows]
        finally:
            await client.close()

    await eventually(recorded, lambda rows: rows == [("gift.sent", sent["giftEventId"])])
