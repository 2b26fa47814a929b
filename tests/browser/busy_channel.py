"""A channel with something of everything: what tests that look at whole pages find there."""

import secrets
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import httpx

from livestreamx.client import Account, Room
from livestreamx.clock import now, uuid7
from livestreamx.engines.clickhouse import connect_plain
from livestreamx.engines.postgres import make_pool
from livestreamx.events import ReactionSent, encode
from livestreamx.stack.platform import Platform
from tests.browser.guests import PASSWORD
from tests.builders import make_user
from tests.integration.clips import LONG
from tests.integration.test_dead_letters import set_aside

LONG_TITLE = "A rather long title of a stream, to see how it is wrapped on a narrow screen"
MOMENTS = ["stream_id", "happened_at", "event_id", "creator_id", "score", "messages", "reactions", "tokens"]


class BusyChannel(NamedTuple):
    """A creator who is an admin as well, and the ids of what they made."""

    creator: Account
    live: str
    over: str
    announced: str
    moment: UUID
    overlay: str
    clip: str

    def addresses(self) -> dict[str, str]:
        """What stands in the paths of its pages."""
        given = {name: str(value) for name, value in self._asdict().items()}
        return given | {"creator": self.creator.user_id, "handle": self.creator.handle}


async def open_channel(http: httpx.AsyncClient, platform: Platform) -> BusyChannel:
    """One stream before, one on air, one to come, and every queue of moderators and admins with a row in it."""
    creator = await Account.register(http, f"busy_{secrets.token_hex(4)}", PASSWORD)
    await creator.become_creator()
    over = await creator.go_live("The one before")
    await creator.call("POST", f"/api/streams/{over}/end")
    announced = await creator.call("POST", "/api/streams", {"title": "The one to come"})
    live = await creator.go_live(LONG_TITLE, category="Fall Guys", tags=["party", "cozy"], language="en")
    fan, troll = await make_user(http, "fan"), await make_user(http, "troll")
    await play(http, creator, live, fan)
    await misbehave(creator, live, fan, troll)
    moment = uuid7()
    with connect_plain(platform.settings.clickhouse_url) as history:
        at = now() - timedelta(seconds=30)
        row = [UUID(live), at, moment, UUID(creator.user_id), 4.25, 50, 12, 0]
        history.insert("moments", [row], column_names=MOMENTS)
        set_aside(
            history, encode(ReactionSent(stream_id=uuid7(), user_id=uuid7(), mood="joy")), secrets.randbelow(2**31)
        )
    async with make_pool(platform.settings.postgres_url) as pool, pool.connection() as db:
        await db.execute("UPDATE users SET roles = roles || 'admin'::text WHERE id = %s", (creator.user_id,))
        await db.execute("SELECT award_badge(%s, 'streak_7', NULL)", (creator.user_id,))
        await db.execute(
            "INSERT INTO fraud_flags (kind, user_id, subject, evidence) "
            "VALUES ('velocity', %s, 'first', '{\"gifts\": 40}')",
            (fan.user_id,),
        )
    overlay = (await creator.call("POST", "/api/me/overlay-key"))["key"]
    clip = await bring(http, creator, LONG_TITLE)
    return BusyChannel(creator, live, over, str(announced["id"]), moment, str(overlay), str(clip["id"]))


async def bring(http: httpx.AsyncClient, creator: Account, title: str = "How we met") -> dict[str, Any]:
    """A clip of the creator's."""
    headers = {"Authorization": f"Bearer {creator.access}"}
    answer = await http.post("/api/vods", data={"title": title}, files={"file": ("a", LONG)}, headers=headers)
    assert answer.is_success, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def play(http: httpx.AsyncClient, creator: Account, live: str, fan: Account) -> None:
    """What a room does together."""
    show = f"/api/streams/{live}"
    await creator.call(
        "POST", f"{show}/polls", {"question": "Which map?", "choices": ["Skyline", "Mines"], "durationS": 600}
    )
    challenge = {"type": "chat_messages", "target": 500, "durationS": 600, "reward": "I sing"}
    await creator.call("POST", f"{show}/challenges", challenge)
    await fan.call("POST", f"{show}/questions", {"text": "Which keyboard is that?"})
    await fan.call("POST", f"{show}/gifts", {"code": "ROSE"}, idempotency_key="one")
    await fan.call("PUT", f"/api/creators/{creator.user_id}/follow")
    async with Room(str(http.base_url), live, creator) as room:
        said = await room.ask("chat:message", text="Welcome, everybody")
        await creator.call("PUT", f"{show}/chat/pin", {"messageId": said["messageId"]})


async def misbehave(creator: Account, live: str, fan: Account, troll: Account) -> None:
    """What moderators have to do with."""
    channel = f"/api/creators/{creator.user_id}"
    await creator.call("PUT", f"{channel}/moderators/{fan.user_id}")
    await creator.call("PUT", f"{channel}/chat-policy", {"links": "hold"})
    await creator.call("POST", f"{channel}/blocked-terms", {"text": "buy followers", "action": "refuse"})
    async with Room(str(creator.http.base_url), live, troll) as room:
        await room.ask("chat:message", text="look at example.com/page")
        await room.ask("chat:message", text="something rude")
    await fan.call("POST", "/api/reports", {"streamId": live, "userId": troll.user_id, "reason": "Rude to everybody"})
    await creator.call("POST", f"/api/streams/{live}/bans", {"userId": troll.user_id, "reason": "Rude to everybody"})
    await troll.call("POST", f"/api/streams/{live}/unban-requests", {"text": "I will not do it again"})
