"""`/w/{id}/moments/{moment}`: one moment of a stream, to be shared, with what was going on."""

from datetime import timedelta
from uuid import UUID

from clickhouse_connect.driver.asyncclient import AsyncClient
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from api.pages import art
from api.pages.over import in_words, place_in
from api.pages.views import card_of
from api.pages.visit import Visit
from api.pages.watch import gift_icon, name_hue
from domain.moments import service as moments
from domain.streams import service as streams
from livestreamx.engines.postgres import connection


class MomentPages(Controller):
    """What somebody sees who follows a link to a moment."""

    path = "/w/{stream_id:uuid}/moments/{moment_id:uuid}"

    @get("/")
    async def show(
        self,
        stream_id: FromPath[UUID],
        moment_id: FromPath[UUID],
        visit: NamedDependency[Visit],
        clickhouse: NamedDependency[AsyncClient],
    ) -> Template:
        """The moment and the chat around it; 404 for none, and for a stream that this viewer may not know of."""
        async with connection(visit.pool) as db:
            stream = await streams.find_visible(db, stream_id, visit.claims)
        scene = await moments.look(visit.pool, clickhouse, stream_id, moment_id)
        return visit.page(
            "moment.html",
            site=visit.settings.url,
            share_seed=art.poster_seed(stream.title, stream.category),
            stream=card_of(stream),
            scene=scene,
            moment=scene.moment,
            ends_at=scene.moment.at + timedelta(seconds=10),
            where=place_in(stream, scene.moment),
            words=in_words(scene.moment),
            name_hue=name_hue,
            gift_icon=gift_icon,
        )
