"""`/studio`: a creator's streams, and `/studio/{id}`: the live charts of one."""

from uuid import UUID

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template

from api.pages.panels import STREAM_PANELS, STREAM_TOTALS
from api.pages.shelves import make_cards
from api.pages.visit import Visit
from domain.accounts import service as accounts
from domain.commands import service as commands
from domain.commands.model import Action
from domain.streams import queries, service
from livestreamx.engines.postgres import connection

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
            before = await queries.started_before(db, stream.creator_id, stream.started_at)
        return visit.page("dashboard.html", stream=stream, before=before, panels=STREAM_PANELS, totals=STREAM_TOTALS)
