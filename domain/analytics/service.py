"""The creator's numbers: panels of one stream or of all of them for a span of time, and their series as files."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from clickhouse_connect.driver.asyncclient import AsyncClient

from domain.analytics.model import (
    GRAIN_SECONDS,
    MOST_POINTS,
    ExportFormat,
    Grain,
    Moment,
    Panel,
    PanelName,
    Shown,
    Span,
)
from domain.analytics.panels import PANELS, Statement
from domain.analytics.queries import MOMENTS_OF_STREAM
from domain.analytics.relations import fitting
from domain.streams import queries as streams
from domain.streams.model import Stream
from livestreamx.clock import now
from livestreamx.engines.postgres import Pool, connection
from livestreamx.errors import Invalid

SETTINGS = {"do_not_merge_across_partitions_select_final": 1}
SETTLING = timedelta(seconds=60)
"""What was under way when a stream ended still counts for it."""
CREATOR_SPAN = timedelta(days=30)
"""What a dashboard over all streams shows unless asked otherwise."""
MINUTE = 60
FORMATS: dict[ExportFormat, str] = {"csv": "CSVWithNames", "json": "JSONEachRow", "parquet": "Parquet"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def span_of(stream: Stream, since: datetime | None, until: datetime | None, grain: Grain) -> Span:
    """The span asked for, by default the whole stream; `Invalid` when it is empty or too long for its grain."""
    moment = now()
    began = stream.started_at or stream.created_at
    last = until or (stream.ended_at + SETTLING if stream.ended_at else moment + timedelta(seconds=1))
    over = stream.ended_at if stream.started_at else began
    first, last = checked(since or began, last, grain)
    unit = min(MINUTE, GRAIN_SECONDS[grain])
    return Span(
        creator_id=stream.creator_id,
        streams=(Shown(id=stream.id, began=began, over=over),),
        since=floor(first, unit),
        until=ceiling(last, unit),
        grain=grain,
    )


async def span_of_creator(
    pool: Pool, creator_id: UUID, since: datetime | None, until: datetime | None, grain: Grain
) -> Span:
    """All of a creator's streams in the span, by default the last 30 days, widened to whole steps. `Invalid` too."""
    last = until or now() + timedelta(seconds=1)
    first, last = checked(since or last - CREATOR_SPAN, last, grain)
    async with connection(pool) as db:
        found = await streams.shown_between(db, creator_id, first, last)
    unit = GRAIN_SECONDS[grain]
    return Span(
        creator_id=creator_id,
        streams=tuple(Shown(id=one.id, began=one.started_at or one.created_at, over=one.ended_at) for one in found),
        since=floor(first, unit),
        until=ceiling(last, unit),
        grain=grain,
    )


def checked(first: datetime, last: datetime, grain: Grain) -> tuple[datetime, datetime]:
    """The ends, once there is something between them; `Invalid` for nothing or for too many points."""
    last = min(last, now() + timedelta(days=1))
    if last <= first:
        raise Invalid("The span is empty: `from` lies before `to`", code="empty_span")
    if first < EPOCH or (last - first).total_seconds() / GRAIN_SECONDS[grain] > MOST_POINTS:
        raise Invalid(f"That is more than {MOST_POINTS} points: take a coarser grain", code="too_many_points")
    return first, last


def floor(at: datetime, seconds: int) -> datetime:
    """The whole step (since the epoch, UTC) that a moment lies in."""
    return at.astimezone(UTC) - (at - EPOCH) % timedelta(seconds=seconds)


def ceiling(at: datetime, seconds: int) -> datetime:
    """The first whole step that is not before a moment."""
    return at.astimezone(UTC) + (EPOCH - at) % timedelta(seconds=seconds)


async def _rows(clickhouse: AsyncClient, name: PanelName, statement: Statement, span: Span) -> list[dict[str, Any]]:
    found = await clickhouse.query(
        statement(fitting(span.step)), parameters=span.parameters(PANELS[name].of), settings=SETTINGS
    )
    return [
        {name: in_utc(value) for name, value in zip(found.column_names, row, strict=True)} for row in found.result_rows
    ]


def in_utc(value: Any) -> Any:
    """ClickHouse's times are UTC and say so here; other values as they are."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


async def _totals(clickhouse: AsyncClient, name: PanelName, span: Span, totals: Statement) -> dict[str, Any]:
    panel = PANELS[name]
    found, *lists = await asyncio.gather(
        *(_rows(clickhouse, name, statement, span) for statement in (totals, *panel.lists.values()))
    )
    if name == "mood":
        return mood_totals(found, span.live_seconds)
    if name == "viewers":
        minutes = span.live_seconds / 60
        return found[0] | {"acv": found[0]["minutesWatched"] / minutes if minutes else 0.0}
    return found[0] | dict(zip(panel.lists, lists, strict=True))


def mood_totals(found: Sequence[dict[str, Any]], live_seconds: float) -> dict[str, Any]:
    """Seconds in each mood, to a tenth, and their mean intensity; neutral is what is left of the time live."""
    felt = {row["mood"]: round(row["seconds"], 1) for row in found if row["mood"] != "neutral"}
    neutral = round(max(0.0, live_seconds - sum(felt.values())), 1)
    return {
        "seconds": felt | {"neutral": neutral},
        "dominant": max(felt, key=lambda mood: felt[mood]) if felt else "neutral",
        "transitions": sum(row["changes"] for row in found),
        "intensity": {row["mood"]: row["intensity"] for row in found if row["mood"] in felt},
    }


async def panels(clickhouse: AsyncClient, span: Span, names: Sequence[PanelName]) -> dict[PanelName, Panel]:
    """The panels asked for, each with its definition, totals and series in steps of the grain."""

    async def panel(name: PanelName) -> Panel:
        told, counting = PANELS[name], _rows(clickhouse, name, PANELS[name].series, span)
        if told.totals is None:
            series = await counting
            totals = {row["step"]: row["people"] for row in series}
        else:
            totals, series = await asyncio.gather(_totals(clickhouse, name, span, told.totals), counting)
        return Panel(definition=told.definition, totals=totals, series=series)

    return dict(zip(names, await asyncio.gather(*map(panel, names)), strict=True))


async def export(
    clickhouse: AsyncClient, span: Span, name: PanelName, file_format: ExportFormat
) -> AsyncIterator[bytes]:
    """The series of a panel as a file, in pieces as ClickHouse writes it."""
    stream = await clickhouse.raw_stream(
        PANELS[name].series(fitting(span.step)),
        parameters=span.parameters(PANELS[name].of),
        settings={**SETTINGS, "date_time_output_format": "iso", "output_format_json_array_of_rows": 1},
        fmt=FORMATS[file_format],
    )
    is_empty = True
    async with stream as pieces:
        async for piece in pieces:
            is_empty = False
            yield piece
    if is_empty and file_format == "json":  # no rows make no output at all, not an empty list
        yield b"[]"


async def moments(clickhouse: AsyncClient, stream_id: UUID, limit: int) -> list[Moment]:
    """The moments of a stream that stood out, the latest first."""
    found = await clickhouse.query(MOMENTS_OF_STREAM, parameters={"stream": str(stream_id), "limit": limit})
    return [
        Moment(id=UUID(str(row[0])), at=in_utc(row[1]), score=row[2], messages=row[3], reactions=row[4], tokens=row[5])
        for row in found.result_rows
    ]
