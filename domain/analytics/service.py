"""The creator's numbers: panels of one stream for a span of time, and their series as files."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from clickhouse_connect.driver.asyncclient import AsyncClient

from domain.analytics.model import (
    DEFINITIONS,
    GRAIN_SECONDS,
    MOST_POINTS,
    ExportFormat,
    Grain,
    Panel,
    PanelName,
    Span,
)
from domain.analytics.queries import GIFTS_BY_CODE, SERIES, TOTALS
from domain.streams.model import Stream
from livestreamx.clock import now
from livestreamx.errors import Invalid

SETTINGS = {"do_not_merge_across_partitions_select_final": 1}
SETTLING = timedelta(seconds=60)
"""What was under way when a stream ended still counts for it."""
FORMATS: dict[ExportFormat, str] = {"csv": "CSVWithNames", "json": "JSONEachRow", "parquet": "Parquet"}


def span_of(stream: Stream, since: datetime | None, until: datetime | None, grain: Grain) -> Span:
    """The span asked for, by default the whole stream; `Invalid` when it is empty or too long for its grain."""
    moment = now()
    began = stream.started_at or stream.created_at
    ended = stream.ended_at or moment
    first = since or began
    last = until or (ended + SETTLING if stream.ended_at else moment + timedelta(seconds=1))
    last = min(last, moment + timedelta(days=1))
    if last <= first:
        raise Invalid("The span is empty: `from` lies before `to`", code="empty_span")
    if (last - first).total_seconds() / GRAIN_SECONDS[grain] > MOST_POINTS:
        raise Invalid(f"That is more than {MOST_POINTS} points: take a coarser grain", code="too_many_points")
    live = (min(last, ended) - max(first, began)).total_seconds() if stream.started_at else 0.0
    return Span(
        stream_id=stream.id,
        creator_id=stream.creator_id,
        since=first,
        until=last,
        grain=grain,
        live_seconds=max(0.0, live),
        over=stream.ended_at,
    )


async def _rows(clickhouse: AsyncClient, sql: str, span: Span) -> list[dict[str, Any]]:
    found = await clickhouse.query(sql, parameters=span.parameters(), settings=SETTINGS)
    return [
        {name: in_utc(value) for name, value in zip(found.column_names, row, strict=True)} for row in found.result_rows
    ]


def in_utc(value: Any) -> Any:
    """ClickHouse's times are UTC and say so here; other values as they are."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


async def _totals(clickhouse: AsyncClient, name: PanelName, span: Span) -> dict[str, Any]:
    found = await _rows(clickhouse, TOTALS[name], span)
    match name:
        case "mood":
            return mood_totals({row["mood"]: row["seconds"] for row in found}, span.live_seconds)
        case "gifts":
            return found[0] | {"byGift": await _rows(clickhouse, GIFTS_BY_CODE, span)}
        case "viewers":
            minutes = span.live_seconds / 60
            return found[0] | {"acv": found[0]["minutesWatched"] / minutes if minutes else 0.0}
        case _:
            return found[0]


def mood_totals(told: dict[str, int], live_seconds: float) -> dict[str, Any]:
    """Seconds in each mood; neutral is what is left of the time live."""
    felt = {mood: seconds for mood, seconds in told.items() if mood != "neutral"}
    neutral = max(told.get("neutral", 0), round(live_seconds) - sum(felt.values()))
    dominant = max(felt, key=lambda mood: felt[mood]) if felt else "neutral"
    return {"seconds": felt | {"neutral": neutral}, "dominant": dominant}


async def panels(clickhouse: AsyncClient, span: Span, names: Sequence[PanelName]) -> dict[PanelName, Panel]:
    """The panels asked for, each with its definition, totals and series in steps of the grain."""

    async def panel(name: PanelName) -> Panel:
        totals, series = await asyncio.gather(_totals(clickhouse, name, span), _rows(clickhouse, SERIES[name], span))
        return Panel(definition=DEFINITIONS[name], totals=totals, series=series)

    return dict(zip(names, await asyncio.gather(*map(panel, names)), strict=True))


async def export(
    clickhouse: AsyncClient, span: Span, name: PanelName, file_format: ExportFormat
) -> AsyncIterator[bytes]:
    """The series of a panel as a file, in pieces as ClickHouse writes it."""
    stream = await clickhouse.raw_stream(
        SERIES[name],
        parameters=span.parameters(),
        settings={**SETTINGS, "date_time_output_format": "iso"},
        fmt=FORMATS[file_format],
    )
    async with stream as pieces:
        async for piece in pieces:
            yield piece
