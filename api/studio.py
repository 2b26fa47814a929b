"""`/api/studio`: a creator's exact numbers of one stream or of all of them, as panels and as files."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from clickhouse_connect.driver.asyncclient import AsyncClient
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream as StreamedResponse

from api.openapi import answering
from api.schema import View
from domain.accounts.tokens import Claims
from domain.analytics import service
from domain.analytics.model import PANEL_NAMES, ExportFormat, Grain, Panel, PanelName, Span
from domain.streams.service import find_owned
from livestreamx.clock import now
from livestreamx.engines.postgres import Pool, connection
from livestreamx.errors import Invalid

MEDIA_TYPES: dict[ExportFormat, str] = {
    "csv": "text/csv",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}
EXPORT = ["/export", "/analytics/export"]
Since = Annotated[datetime | None, QueryParameter(name="from", description="From this time on (ISO 8601, with zone)")]
Until = Annotated[datetime | None, QueryParameter(name="to", description="Before this time (ISO 8601, with zone)")]


class PanelView(View, frozen=True, kw_only=True):
    """What a panel's numbers mean, the numbers, and their course in steps of the grain."""

    definition: str
    totals: Annotated[dict[str, Any], msgspec.Meta(examples=[{"messages": 120, "chatters": 31}])]
    series: Annotated[
        list[dict[str, Any]],
        msgspec.Meta(examples=[[{"at": "2027-01-30T19:00:00Z", "messages": 12, "chatters": 7}]]),
    ]

    @classmethod
    def of(cls, panel: Panel) -> "PanelView":
        return cls(definition=panel.definition, totals=panel.totals, series=panel.series)


class Analytics(View, frozen=True, kw_only=True):
    """Panels by name; everything that happened before `asOf`, less what is a second or two under way, is in them."""

    as_of: datetime
    panels: dict[str, PanelView]

    @classmethod
    def of(cls, as_of: datetime, panels: Mapping[PanelName, Panel]) -> "Analytics":
        return cls(as_of=as_of, panels={name: PanelView.of(panel) for name, panel in panels.items()})


def panel_names(text: str | None) -> Sequence[PanelName]:
    """The panels of a list with commas; all for none. `Invalid` for a name that is none."""
    asked = [name.strip() for name in text.split(",")] if text else list(PANEL_NAMES)
    try:
        return msgspec.convert(list(dict.fromkeys(asked)), list[PanelName])
    except msgspec.ValidationError as error:
        raise Invalid(f"Panels are {', '.join(PANEL_NAMES)}", code="unknown_panel") from error


def one_panel(text: str) -> PanelName:
    """The panel of that name. `Invalid` for a name that is none, and for several."""
    names = panel_names(text)
    if len(names) != 1:
        raise Invalid("A file holds one panel", code="one_panel")
    return names[0]


def aware(at: datetime | None) -> datetime | None:
    """The time, once it says its zone; `Invalid` without."""
    if at is not None and at.tzinfo is None:
        raise Invalid("Times need a zone, such as Z", code="naive_time")
    return at


Names = Annotated[str | None, QueryParameter(max_length=200, description="Names with commas between")]
OneName = Annotated[str, QueryParameter(max_length=200, description="The name of one panel")]
Format = Annotated[ExportFormat, QueryParameter(name="format")]


def file_of(
    clickhouse: AsyncClient, span: Span, panel: PanelName, file_format: ExportFormat, of: UUID
) -> StreamedResponse:
    """A panel's series to download; `of` is what its name says."""
    pieces = service.export(clickhouse, span, panel, file_format)
    name = f'attachment; filename="{panel}-{of}.{file_format}"'
    return StreamedResponse(pieces, media_type=MEDIA_TYPES[file_format], headers={"content-disposition": name})


class StreamStudioController(Controller):
    path = "/api/studio/streams/{stream_id:uuid}"
    tags = ("Studio",)

    @get("/analytics", summary="A stream's numbers, for its creator")
    async def analytics(
        self,
        stream_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        clickhouse: NamedDependency[AsyncClient],
        panels: Names = None,
        since: Since = None,
        until: Until = None,
        grain: FromQuery[Grain] = "1m",
    ) -> Analytics:
        """403 for others than the creator and admins; 422 for an unknown panel or a span that is empty or too long."""
        names = panel_names(panels)
        async with connection(pool) as db:
            stream = await find_owned(db, stream_id, user)
        as_of = now()
        found = await service.panels(clickhouse, service.span_of(stream, aware(since), aware(until), grain), names)
        return Analytics.of(as_of, found)

    @get(EXPORT, summary="A panel's series as a file", operation_class=answering(*MEDIA_TYPES.values()))
    async def export(
        self,
        stream_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        clickhouse: NamedDependency[AsyncClient],
        panels: OneName = "viewers",
        file_format: Format = "csv",
        since: Since = None,
        until: Until = None,
        grain: FromQuery[Grain] = "1m",
    ) -> StreamedResponse:
        """One panel as CSV with a header, as a JSON list of objects, or as Parquet; times are UTC."""
        async with connection(pool) as db:
            stream = await find_owned(db, stream_id, user)
        span = service.span_of(stream, aware(since), aware(until), grain)
        return file_of(clickhouse, span, one_panel(panels), file_format, stream_id)


class StudioController(Controller):
    path = "/api/studio"
    tags = ("Studio",)

    @get("/analytics", summary="Your numbers over all of your streams")
    async def analytics(
        self,
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        clickhouse: NamedDependency[AsyncClient],
        panels: Names = None,
        since: Since = None,
        until: Until = None,
        grain: FromQuery[Grain] = "1d",
    ) -> Analytics:
        """The last 30 days unless asked otherwise, widened to whole steps; viewers of several streams count once."""
        names = panel_names(panels)
        as_of = now()
        span = await service.span_of_creator(pool, user.sub, aware(since), aware(until), grain)
        return Analytics.of(as_of, await service.panels(clickhouse, span, names))

    @get(EXPORT, summary="A panel over all of your streams", operation_class=answering(*MEDIA_TYPES.values()))
    async def export(
        self,
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        clickhouse: NamedDependency[AsyncClient],
        panels: OneName = "viewers",
        file_format: Format = "csv",
        since: Since = None,
        until: Until = None,
        grain: FromQuery[Grain] = "1d",
    ) -> StreamedResponse:
        """One panel as CSV with a header, as a JSON list of objects, or as Parquet; times are UTC."""
        span = await service.span_of_creator(pool, user.sub, aware(since), aware(until), grain)
        return file_of(clickhouse, span, one_panel(panels), file_format, user.sub)
