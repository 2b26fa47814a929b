"""`/studio/channel`: what gifts may do, the overlay, the scene, the looks of moods, helpers, raids and goals."""

from typing import get_args

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from api.overlays import OverlaysView
from api.pages.visit import Visit
from domain.accounts.tokens import Claims
from domain.assets import queries as assets
from domain.chat import listing
from domain.commands import overlay_keys, scenes
from domain.commands import service as commands
from domain.commands.model import Action, Background, Filter, Scene, StageEffect, Theme
from domain.interactions.raids import service as raids
from domain.moderation import service as moderation
from domain.moodmaps import service as moodmaps
from domain.moodmaps.model import LEAST_DWELL, MOST_DWELL, Effect, Look, Mood, MoodMap, MoodOverlay
from domain.overlays import service as overlays
from domain.overlays.model import MOST_OVERLAYS
from domain.streams import queries as streams
from domain.streams.model import Stream
from livestreamx.engines.postgres import connection

MODERATORS = 100
ACTIONS: dict[Action, str] = {
    "overlay.play": "Fill the screen with an animation",
    "scene.background": "Change the background",
    "scene.filter": "Change the light",
    "minigame.start": "Start a mini-game",
    "challenge.progress": "Strike a blow in a game",
    "sound.play": "Play a sound",
    "tts.say": "Have words read out",
}
FIRST_LOOKS: dict[Mood, Look] = {
    "hype": Look(surface="#3a1204", text="#ffe9df", glow="#ff7a3d"),
    "joy": Look(surface="#332500", text="#fff3cf", glow="#ffd04d"),
    "love": Look(surface="#390d22", text="#ffe6f1", glow="#ff79b2"),
    "surprise": Look(surface="#241540", text="#f1e9ff", glow="#b991ff"),
    "sad": Look(surface="#0d2340", text="#e4f0ff", glow="#76b4ff"),
    "angry": Look(surface="#3a0a0a", text="#ffe5e3", glow="#ff6b62"),
    "calm": Look(surface="#06302a", text="#dcfff7", glow="#4fd6b6"),
    "neutral": Look(surface="#221f26", text="#f5f1f8", glow="#9d94a8"),
}
"""Where the editor begins for a mood that has no look yet."""


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """A challenge that is started by one press; `kind` as in `challenge:start`."""

    words: str
    kind: str
    target: int
    minutes: int


GOALS = (
    Goal(words="500 tokens in ten minutes", kind="gift_tokens", target=500, minutes=10),
    Goal(words="200 messages in five minutes", kind="chat_messages", target=200, minutes=5),
    Goal(words="100 reactions in two minutes", kind="reactions", target=100, minutes=2),
    Goal(words="Ten followers in half an hour", kind="followers", target=10, minutes=30),
    Goal(words="50 viewers at once within an hour", kind="concurrents", target=50, minutes=60),
)


class MoodRow(msgspec.Struct, frozen=True, kw_only=True):
    """A mood in the editor; `is_own` says whether the creator chose its look."""

    mood: Mood
    look: Look
    is_own: bool


def mood_rows(chosen: MoodMap) -> list[MoodRow]:
    """Every mood, with the look it has or could have."""
    return [
        MoodRow(mood=mood, look=chosen.looks.get(mood, first), is_own=mood in chosen.looks)
        for mood, first in FIRST_LOOKS.items()
    ]


async def read_channel(visit: Visit, claims: Claims) -> dict[str, object]:
    """Everything that the page changes, as it is now."""
    creator_id = claims.sub
    async with connection(visit.pool) as db:
        live = await streams.live_now(db, creator_id)
        dressed: Stream | None = live or await streams.next_announced(db, creator_id)
        scene = await scenes.scene_of(db, dressed.id) if dressed else Scene()
        pictures = [file for file in await assets.of_owner(db, creator_id) if file.is_picture]
        has_key = await overlay_keys.has_key(db, creator_id)
        chosen = await moodmaps.map_of(db, creator_id)
    own = OverlaysView.of(await overlays.of_creator(visit.pool, creator_id))
    return {
        "creator_id": creator_id,
        "live": live,
        "dressed": dressed,
        "scene": scene,
        "own_overlays": own,
        "overlays_told": msgspec.json.encode(own.overlays).decode(),
        "pictures": pictures,
        "has_key": has_key,
        "moods": mood_rows(chosen),
        "dwell": chosen.dwell_seconds,
        "switches": await commands.switches(visit.pool, creator_id),
        "accepts_raids": await raids.accepts_raids(visit.pool, creator_id),
        "policy": await listing.policy(visit.pool, creator_id, claims),
        "moderators": await moderation.moderators(visit.pool, creator_id, claims, None, MODERATORS),
    }


class ChannelPages(Controller):
    """For creators; somebody else is sent to where one becomes one."""

    path = "/studio/channel"

    @get("/")
    async def channel(self, visit: NamedDependency[Visit]) -> Template | Redirect:
        """Each part saves by itself."""
        if visit.claims is None:
            return visit.sign_in_first()
        if "creator" not in visit.claims.roles:
            return Redirect("/studio", status_code=303)
        return visit.page(
            "channel.html",
            actions=ACTIONS,
            goals=GOALS,
            themes=get_args(Theme),
            filters=get_args(Filter),
            backgrounds=get_args(Background),
            stage_effects=get_args(StageEffect),
            effects=get_args(Effect),
            mood_overlays=get_args(MoodOverlay),
            most_overlays=MOST_OVERLAYS,
            dwells=(LEAST_DWELL, MOST_DWELL),
            **await read_channel(visit, visit.claims),
        )
