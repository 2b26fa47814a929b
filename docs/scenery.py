"""What a photograph of each page shows: streams before, people who misbehave, a payment, questions, a moment.

It comes on top of the demo, whose audience chats, reacts and gives by itself.
"""

import asyncio
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import httpx

from bench import dashboard_world as history
from domain.chat.showing import Showing
from domain.fraud.service import flag
from domain.rollups.service import rebuild
from features.experience import level_of
from livestreamx.client import Account, Room
from livestreamx.clock import now, uuid7
from livestreamx.engines.bus import RoomBus
from livestreamx.engines.clickhouse import connect_plain
from livestreamx.engines.postgres import Db, make_pool
from livestreamx.engines.redis import connect
from livestreamx.frames import ChatShown
from livestreamx.frames.room import Person
from livestreamx.stack.platform import Platform

CREATOR, VIEWER, ADMIN = "nova_plays", "demo", "house_lamp"
EVENINGS = history.Size(streams=9, minutes=120, visits=420, people=1100, acts=52_000)
TITLES = (
    "Obby marathon: fastest finger wins",
    "Fall Guys: the night of the yeti",
    "Building a castle in two hours",
    "Viewers pick every move",
    "Speedruns with a blindfold",
    "Quiz night: games of the nineties",
    "Co-op with whoever is awake",
    "Fall Guys: crowns for everybody",
    "The finals, from the couch",
)
QUESTIONS = ("Which controller do you use?", "Will there be a community cup?", "How long did the first crown take?")
LINKS = (
    "my clip of it: example.com/crown-9",
    "we talk about it on example.org/nova",
    "cheap skins at example.net/skins",
)
FAREWELLS = (
    ("sable_moth", "that last round was unreal"),
    ("quiet_fern", "I cannot believe the couch won"),
    ("otto_grin", "one more? please?"),
    (CREATOR, "not tonight! thank you all for coming"),
    ("brave_heron", "GG everybody"),
    ("mellow_waffle", "best finals so far <3"),
    ("quiet_fern", "good night chat"),
    ("paper_kite", "same time on Thursday?"),
    (CREATOR, "same time on Thursday. Sleep well!"),
)
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile Safari/604.1"
BADGES = ("first_gift", "streak_7", "poll_pro_25", "early_bird_10")
EARNED = 4_650
"""Experience of who has streamed for so many evenings."""


class Scenery(NamedTuple):
    """What stands in the addresses of pages."""

    creator: str
    live: str
    over: str
    overlay: str


async def lay_out(platform: Platform, password: str) -> Scenery:
    """Bring it all on; `password` is that of all accounts."""
    async with httpx.AsyncClient(base_url=platform.url, timeout=30, headers={"user-agent": PHONE}) as http:
        nova = await Account.login(http, CREATOR, password)
        demo = await Account.login(http, VIEWER, password)
        admin = await Account.register(http, ADMIN, password)
        live = str((await nova.call("GET", "/api/me/streams"))["items"][0]["id"])
        fans = [await Account.register(http, name, password) for name in ("sable_moth", "quiet_fern", "otto_grin")]
        over = await asyncio.to_thread(write_evenings, platform, UUID(nova.user_id))
        await say_farewell(platform, nova, over)
        async with make_pool(platform.settings.postgres_url) as pool, pool.connection() as db:
            await settle(db, nova, demo, admin, fans[2])
        await dress(nova, demo)
        await announce(http, password)
        for fan, question in zip(fans, QUESTIONS, strict=True):
            await fan.call("POST", f"/api/streams/{live}/questions", {"text": question})
        await misbehave(platform.url, nova, live, fans)
        overlay = await nova.call("POST", "/api/me/overlay-key")
    return Scenery(nova.user_id, live, over, str(overlay["key"]))


def write_evenings(platform: Platform, creator: UUID) -> str:
    """Streams of the evenings before, as the archive would have kept them; the id of the latest."""
    began = now().replace(hour=18, minute=0, second=0, microsecond=0) - timedelta(days=EVENINGS.streams + 1)
    with connect_plain(platform.settings.clickhouse_url) as db:
        history.write(db, EVENINGS, creator, began)
        rebuild(db, began, now())
    return str(history.lives(EVENINGS, began)[-1][0])


async def say_farewell(platform: Platform, nova: Account, over: str) -> None:
    """The last lines of the evening before."""
    redis = connect(platform.settings.redis_url)
    showing = Showing(redis, RoomBus(redis), len(FAREWELLS))
    host = Person(id=UUID(nova.user_id), handle=nova.handle, level=level_of(EARNED))
    at = now().replace(hour=19, minute=59, second=0, microsecond=0) - timedelta(days=2)
    for number, (handle, text) in enumerate(FAREWELLS):
        person = host if handle == CREATOR else Person(id=uuid7(), handle=handle, level=len(handle) - 7)
        said = ChatShown(messageId=uuid7(), user=person, text=text, createdAt=at + timedelta(seconds=5 * number))
        await showing.message(UUID(over), said)
    await redis.aclose()


def write_moment(platform: Platform, scenery: Scenery) -> str:
    """A moment that stood out half a minute ago, once the audience has played; its id."""
    moment, at = uuid7(), now() - timedelta(seconds=30)
    columns = ["stream_id", "happened_at", "event_id", "creator_id", "score", "messages", "reactions", "tokens"]
    row = [UUID(scenery.live), at, moment, UUID(scenery.creator), 5.2, 41, 63, 50]
    with connect_plain(platform.settings.clickhouse_url) as db:
        db.insert("moments", [row], column_names=columns)
    return str(moment)


async def settle(db: Db, nova: Account, demo: Account, admin: Account, odd: Account) -> None:
    """What no route does: rights, experience and badges, the evenings before, and a flag."""
    began = now().replace(hour=18, minute=0, second=0, microsecond=0) - timedelta(days=EVENINGS.streams + 1)
    await db.execute("UPDATE users SET roles = roles || 'admin'::text WHERE id = %s", (admin.user_id,))
    for (stream, since, until), title in zip(history.lives(EVENINGS, began), TITLES, strict=True):
        await db.execute(
            "INSERT INTO streams (id, creator_id, title, category, status, started_at, ended_at, created_at) "
            "VALUES (%s, %s, %s, 'Fall Guys', 'ended', %s, %s, %s)",
            (stream, nova.user_id, title, since, until, since),
        )
    await db.execute("UPDATE users SET xp = %s, level = %s WHERE id = %s", (EARNED, level_of(EARNED), nova.user_id))
    for one in (nova, demo):
        for badge in BADGES:
            await db.execute("SELECT award_badge(%s, %s, NULL)", (one.user_id, badge))
    await flag(db, "velocity", UUID(odd.user_id), odd.user_id, {"wanted": 2600})


async def dress(nova: Account, demo: Account) -> None:
    """Profiles that somebody has filled in."""
    words = "Party games most evenings. The audience picks the map, the hat and the punishment."
    links = {"website": "https://nova.example", "youtube": "https://youtube.example/nova"}
    await nova.call("PATCH", "/api/me/profile", {"bio": words, "theme": "violet", "socials": links})
    await demo.call("PATCH", "/api/me/profile", {"bio": "Here for the quiz nights.", "theme": "ocean", "socials": {}})


async def announce(http: httpx.AsyncClient, password: str) -> None:
    """What is on tomorrow."""
    for days, (handle, title) in enumerate((("luma_keys", "Requests, the long night"), ("ines_draws", "Cats only")), 1):
        creator = await Account.login(http, handle, password)
        at = (now() + timedelta(days=days)).replace(minute=0, second=0, microsecond=0)
        await creator.call("POST", "/api/streams", {"title": title, "scheduledAt": at.isoformat()})


async def misbehave(url: str, nova: Account, live: str, fans: list[Account]) -> None:
    """What moderators find in their queues."""
    channel = f"/api/creators/{nova.user_id}"
    await nova.call("PUT", f"{channel}/chat-policy", {"links": "hold"})
    for term in ("buy followers*", "free coins"):
        await nova.call("POST", f"{channel}/blocked-terms", {"text": term})
    await nova.call("PUT", f"{channel}/moderators/{fans[0].user_id}")
    for fan, link in zip(fans, LINKS, strict=True):
        async with Room(url, live, fan) as room:
            said = await room.ask("chat:message", text="what a round that was")
            await room.ask("chat:message", text=link)
        if fan is not fans[0]:
            report = {"streamId": live, "messageId": said["messageId"], "reason": "Writes the same everywhere"}
            await fans[0].call("POST", "/api/reports", report)
    ban = {"userId": fans[2].user_id, "reason": "Advertising, three times"}
    await nova.call("POST", f"/api/streams/{live}/bans", ban)
    await fans[2].call("POST", f"/api/streams/{live}/unban-requests", {"text": "I did not know the rules. Sorry!"})
