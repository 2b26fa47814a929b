"""`/studio`: a creator's streams, and `/studio/{id}`: the live charts of one."""

from uuid import UUID

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template

from api.pages.shelves import make_cards
from api.pages.views import Panel, Total
from api.pages.visit import Visit
from domain.accounts import service as accounts
from domain.commands import service as commands
from domain.commands.model import Action
from domain.streams import queries, service
from livestreamx.engines.postgres import connection
from livestreamx.events import MOODS

STREAMS = 50
ACTIONS: dict[Action, str] = {
    "overlay.play": "Fill the screen with an animation",
    "scene.background": "Change the background",
    "scene.filter": "Change the light",
    "minigame.start": "Start a mini-game",
    "challenge.progress": "Strike a blow in a game",
    "sound.play": "Play a sound",
    "tts.say": "Have words read out",
}

PANELS = (
    Panel(
        name="viewers",
        title="Viewers",
        kind="area",
        fields=("viewers",),
        empty="Nobody has watched yet. Share the address of the watch page.",
        broad=True,
        settles=30,
    ),
    Panel(
        name="chat", title="Chat", kind="bars", fields=("messages", "chatters"), empty="Nobody has said anything yet."
    ),
    Panel(name="gifts", title="Gifts", kind="bars", fields=("tokens",), empty="No gifts yet."),
    Panel(name="mood", title="Mood", kind="mood", fields=MOODS, empty="No reactions and no emotes yet.", settles=15),
    Panel(
        name="retention",
        title="Retention",
        kind="share",
        fields=("share",),
        empty="Fills as soon as somebody has watched for a minute.",
    ),
    Panel(
        name="engagement",
        title="Engagement",
        kind="area",
        fields=("messages", "reactions", "gifts"),
        empty="Nobody has taken part yet.",
    ),
)
TOTALS = (
    Total(label="Peak viewers", panel="viewers", key="peak"),
    Total(label="Average viewers", panel="viewers", key="acv"),
    Total(label="Unique viewers", panel="viewers", key="unique"),
    Total(label="Minutes watched", panel="viewers", key="minutesWatched"),
    Total(label="Average watch", panel="viewers", key="avgWatchMs"),
    Total(label="Messages", panel="chat", key="messages"),
    Total(label="Gift tokens", panel="gifts", key="tokens"),
    Total(label="Take part", panel="engagement", key="rate"),
)


class StudioPages(Controller):
    """For creators; somebody else is told how to become one."""

    path = "/studio"

    @get("/")
    async def desk(self, visit: NamedDependency[Visit]) -> Template | Redirect:
        """Own streams, the newest first, and the form for the next one."""
        if visit.viewer is None:
            return visit.sign_in_first()
        async with connection(visit.pool) as db:
            account = await accounts.find(db, visit.viewer.id)
            found = await queries.of_creator(db, visit.viewer.id, None, STREAMS)
        return visit.page(
            "studio.html",
            is_creator="creator" in account.roles,
            actions=ACTIONS,
            switches=await commands.switches(visit.pool, visit.viewer.id),
            streams=await make_cards(visit.redis, found, visit.settings.session_gap_seconds),
        )

    @get("/{stream_id:uuid}")
    async def dashboard(self, stream_id: FromPath[UUID], visit: NamedDependency[Visit]) -> Template | Redirect:
        """The panels of one stream, empty; the script asks the analytics API for what fills them."""
        if visit.claims is None:
            return visit.sign_in_first()
        async with connection(visit.pool) as db:
            stream = await service.find_owned(db, stream_id, visit.claims)
        return visit.page("dashboard.html", stream=stream, panels=PANELS, totals=TOTALS)
