"""`/w/{id}`: the watch page, complete as the server knows it; its script then follows the room over the websocket."""

from uuid import UUID
from zlib import crc32

import msgspec
from clickhouse_connect.driver.asyncclient import AsyncClient
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template
from redis.asyncio import Redis as AsyncRedis

from api.pages import art
from api.pages.going_on import GOALS, going_on
from api.pages.insignia import badge_book, insignia_of
from api.pages.over import look_back
from api.pages.subscribing import PERKS, channel_offer
from api.pages.views import card_of
from api.pages.visit import Visit
from domain.chat import queries as chats
from domain.commands import service as commands
from domain.commands.scenes import shown_scene
from domain.economy import service as economy
from domain.economy.model import Gift
from domain.leaderboards import service as leaderboards
from domain.moderation import service as moderation
from domain.moderation.model import Standing
from domain.moodmaps import service as moodmaps
from domain.profiles import queries as profiles
from domain.streams import service as streams
from domain.streams.pulse import take_pulse
from livestreamx import keys
from livestreamx.clock import now
from livestreamx.engines.postgres import connection
from livestreamx.events import MOODS
from livestreamx.frames import ChatShown, MoodState

OVER = frozenset({"ended", "archived", "cancelled"})
MESSAGES = 100
BOARD_ROWS = 10
NAME_HUES = 8
GIFT_ICONS = {
    "HEART": "gift-heart",
    "ROSE": "gift-rose",
    "CONFETTI": "gift-confetti",
    "ROCKET": "gift-rocket",
    "BG_SWAP": "gift-swap",
    "WHEEL": "gift-wheel",
    "CROWN": "gift-crown",
}


def name_hue(handle: str) -> int:
    """Which of the colours for names a handle has; the scripts compute the same."""
    return crc32(handle.encode()) % NAME_HUES


def gift_icon(code: str) -> str:
    """The picture of a gift; a plain parcel for one without."""
    return GIFT_ICONS.get(code, "gift")


def quiet_mood() -> MoodState:
    """The mood of a room where nobody has reacted."""
    return MoodState(mood="neutral", intensity=0.0, shares={}, reactors=0, since=now(), asOf=now())


async def recent_chat(redis: AsyncRedis, stream_id: UUID) -> list[ChatShown]:
    """The last messages, oldest first."""
    found = await redis.lrange(keys.room_chat(stream_id), 0, MESSAGES - 1)
    return [msgspec.json.decode(message, type=ChatShown) for message in reversed(found)]


async def gifts_of(visit: Visit, creator_id: UUID) -> list[Gift]:
    """The catalogue without the gifts whose action this channel does not take."""
    switches = await commands.switches(visit.pool, creator_id)
    refused = {action for action, is_on in switches.items() if not is_on}
    return [gift for gift in await economy.catalogue(visit.pool) if gift.command_action not in refused]


class WatchPages(Controller):
    """The watch page, and what it shows when the stream is over."""

    path = "/w/{stream_id:uuid}"

    @get("/")
    async def watch(
        self, stream_id: FromPath[UUID], visit: NamedDependency[Visit], clickhouse: NamedDependency[AsyncClient]
    ) -> Template:
        """Stream, chat, mood, gifts, board; 404 for a stream that this viewer may not know of."""
        async with connection(visit.pool) as db:
            stream = await streams.find_visible(db, stream_id, visit.claims)
            scene = await shown_scene(db, stream)
            following = visit.viewer is not None and await profiles.follows(db, visit.viewer.id, stream.creator_id)
            standing = await moderation.standing(db, visit.viewer.id, stream.creator_id) if visit.viewer else Standing()
            pinned = (await chats.chat(db, stream_id)).pinned
            looks = await moodmaps.map_of(db, stream.creator_id)
        pulse = await take_pulse(visit.redis, stream_id, visit.settings.session_gap_seconds)
        mood = pulse.mood or quiet_mood()
        board = await leaderboards.read(
            visit.redis, visit.pool, name="gifts", scope="stream", ref=str(stream_id), around=None, limit=BOARD_ROWS
        )
        over = stream.status in OVER
        return visit.page(
            "watch.html",
            site=visit.settings.url,
            share_seed=art.poster_seed(stream.title, stream.category),
            stream=card_of(stream, pulse.viewers, mood.mood),
            has_picture=visit.settings.media_on and stream.status == "live",
            media_url=visit.settings.media_url,
            is_owner=visit.viewer is not None and visit.viewer.id == stream.creator_id,
            following=following,
            offer=await channel_offer(visit, stream.creator_id, stream.creator),
            perks=PERKS,
            moderates=standing.moderates,
            standing=standing,
            pinned=pinned,
            mood=mood,
            moods=MOODS,
            chat=await recent_chat(visit.redis, stream_id),
            gifts=await gifts_of(visit, stream.creator_id),
            scene=scene,
            scene_told=msgspec.json.encode(scene).decode(),
            board=board.rows,
            going_on=await going_on(visit.redis, stream_id),
            goals=GOALS,
            looks=msgspec.json.encode(looks).decode() if looks.looks else "",
            badge_book=badge_book(),
            insignia_of=insignia_of,
            over=await look_back(visit, clickhouse, stream) if over else None,
            name_hue=name_hue,
            gift_icon=gift_icon,
            signup_tokens=visit.settings.signup_tokens,
        )

    @get("/over")
    async def after(
        self, stream_id: FromPath[UUID], visit: NamedDependency[Visit], clickhouse: NamedDependency[AsyncClient]
    ) -> Template:
        """The part of the page that comes when the stream has just ended."""
        async with connection(visit.pool) as db:
            stream = await streams.find_visible(db, stream_id, visit.claims)
        return visit.page("partials/over.html", over=await look_back(visit, clickhouse, stream))
