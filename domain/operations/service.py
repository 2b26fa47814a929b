"""How the platform is: how far its flows are behind the log, and how its processes are."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from clickhouse_connect.driver.asyncclient import AsyncClient
from redis.asyncio import Redis as AsyncRedis

from domain.operations.model import FlowLag, Role
from domain.operations.queries import ARCHIVED
from livestreamx import keys
from livestreamx.engines.kafka import log_ends

ARCHIVE = "archive"
PARTS = "parts.json"
"""Written by the supervisor, whole each time."""


async def lags(redis: AsyncRedis, clickhouse: AsyncClient, bootstrap: str) -> list[FlowLag]:
    """Each flow that has counted anything, by name; `Unavailable` when the log does not answer."""
    ends = await asyncio.to_thread(log_ends, bootstrap)
    archived = (await clickhouse.query(ARCHIVED)).result_rows
    reached: dict[str, dict[str, int]] = {ARCHIVE: {place: int(offset) for place, offset in archived}}
    found: list[Any] = [key async for key in redis.scan_iter(keys.flow_offsets("*"), count=1000)]
    for key in found:
        fields: dict[Any, Any] = await redis.hgetall(key)
        name = key.decode().split(":")[1]
        reached[name] = {place.decode(): int(offset) for place, offset in fields.items()}
    return [FlowLag(name=name, lag=_behind(places, ends)) for name, places in sorted(reached.items())]


def _behind(places: Mapping[str, int], ends: Mapping[str, int]) -> int:
    """Places that are no partitions, such as what a flow remembers beside them, do not count."""
    return sum(max(0, ends[place] - at) for place, at in places.items() if place in ends)


def roles(home: Path) -> list[Role]:
    """The processes that `livestreamx up` looks after on this machine; none where they run otherwise."""
    try:
        parts = msgspec.json.decode((home / PARTS).read_bytes())["parts"]
    except FileNotFoundError:
        return []
    return [Role(name=name, state=part["state"], deaths=part["deaths"]) for name, part in parts.items()]
