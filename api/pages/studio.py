"""`/studio`: a creator's numbers, streams and earnings, and `/studio/{id}`: the numbers of one stream."""

from typing import Annotated, Any
from uuid import UUID

from clickhouse_connect.driver.asyncclient import AsyncClient
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template

from api.pages.desk import STATES, Row, books, checklist
from api.pages.panels import CHANNEL_PANELS, CHANNEL_TOTALS, STREAM_PANELS, STREAM_TOTALS
from api.pages.visit import Visit
from api.paging import cursor_after, decode_cursor
from domain.accounts import service as accounts
from domain.analytics.figures import figures_of
from domain.media import queries as media
from domain.streams import queries, service
from livestreamx.engines.postgres import connection
from livestreamx.errors import Unauthenticated

STREAMS = 12
Place = Annotated[str | None, QueryParameter(name="cursor", max_length=200)]


async def read_streams(visit: Visit, clickhouse: AsyncClient, creator_id: UUID, cursor: str | None) -> dict[str, Any]:
    """A page of one's own streams, the newest first, and where the next one begins."""
    async with connection(visit.pool) as db:
        found = await queries.of_creator(db, creator_id, decode_cursor(cursor, UUID), STREAMS + 1)
    shown = found[:STREAMS]
    figures = await figures_of(clickhouse, [one.id for one in shown if one.started_at])
    rows = [Row(stream=one, figures=figures.get(one.id)) for one in shown]
    return {"rows": rows, "more": cursor_after(found, STREAMS)}


class StudioPages(Controller):
    """For creators; somebody else is told how to become one."""

    path = "/studio"

    @get("/")
    async def desk(
        self, visit: NamedDependency[Visit], clickhouse: NamedDependency[AsyncClient], cursor: Place = None
    ) -> Template | Redirect:
        """What to do next, the numbers of the last 30 days, streams and earnings."""
        if visit.viewer is None:
            return visit.sign_in_first()
        creator_id = visit.viewer.id
        async with connection(visit.pool) as db:
            account = await accounts.find(db, creator_id)
            if "creator" not in account.roles:
                return visit.page("studio_enroll.html")
            announced = await queries.next_announced(db, creator_id)
            last = await queries.started_before(db, creator_id, None)
            live = await queries.live_now(db, creator_id)
        return visit.page(
            "studio.html",
            announced=announced,
            live=live,
            has_numbers=bool(last or live),
            items=await checklist(visit, creator_id, announced),
            panels=CHANNEL_PANELS,
            totals=CHANNEL_TOTALS,
            books=await books(visit, creator_id),
            states=STATES,
            **await read_streams(visit, clickhouse, creator_id, cursor),
        )

    @get("/streams")
    async def streams(
        self, visit: NamedDependency[Visit], clickhouse: NamedDependency[AsyncClient], cursor: Place = None
    ) -> Template:
        """The rest of the list of streams, to put in its place."""
        if visit.viewer is None:
            raise Unauthenticated("Sign in to see your streams")
        return visit.page(
            "partials/studio_streams.html", **await read_streams(visit, clickhouse, visit.viewer.id, cursor)
        )

    @get("/{stream_id:uuid}")
    async def dashboard(self, stream_id: FromPath[UUID], visit: NamedDependency[Visit]) -> Template | Redirect:
        """The panels of one stream, empty; the script asks the analytics API for what fills them."""
        if visit.claims is None:
            return visit.sign_in_first()
        async with connection(visit.pool) as db:
            stream = await service.find_owned(db, stream_id, visit.claims)
            key = await media.key_of(db, stream_id)
            before = await queries.started_before(db, stream.creator_id, stream.started_at)
        return visit.page(
            "dashboard.html",
            stream=stream,
            before=before,
            key=key,
            media_on=visit.settings.media_on,
            is_creator=stream.creator_id == visit.claims.sub,
            panels=STREAM_PANELS,
            totals=STREAM_TOTALS,
            vod_megabytes=visit.settings.vod_megabytes,
        )
