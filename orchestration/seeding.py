"""Writes a synthetic world into the history tables of a ClickHouse database that is made anew for it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import numpy as np
from clickhouse_connect.driver.client import Client
from numpy.typing import NDArray

from livestreamx.engines import clickhouse
from livestreamx.engines.migrate import migrate_clickhouse
from orchestration.synthetic import World, id_of

HEARTBEAT_SECONDS = 15
LIFECYCLE, GIFT, FOLLOW = 4, 5, 6

# The database itself lays out a visit's heartbeats; their ids follow from the visit and the second.
HEARTBEATS = """
INSERT INTO presence (stream_id, occurred_at, event_id, kind, creator_id, user_id, session_id, focus, source)
SELECT stream_id, fromUnixTimestamp64Micro(start + beat * 1000000), reinterpretAsUUID(sipHash128(session_id, beat)),
       if(beat = 0, 'joined', 'heartbeat'), creator_id, user_id, session_id, true, 'live'
FROM synthetic_visits ARRAY JOIN arrayConcat(range(0, seconds, {every:UInt32}), [seconds]) AS beat
"""


def without_database(url: str) -> str:
    """The engine's address without the name of a database."""
    return urlunsplit(urlsplit(url)._replace(path=""))


def seed_database(url: str, database: str, world: World) -> None:
    """Drop `database`, make it anew with every table, and write the world's history into it."""
    url = without_database(url)
    if database == clickhouse.DATABASE:
        raise ValueError(f"{database} holds the platform's own history: choose another name")
    with clickhouse.connect_plain(url, "default") as admin:
        admin.command(f"DROP DATABASE IF EXISTS {database} SYNC")
    migrate_clickhouse(url, database)
    with clickhouse.connect_plain(url, database) as db:
        _write_lifecycle(db, world)
        _write_visits(db, world)
        _write_gifts(db, world)
        _write_follows(db, world)


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _insert(db: Client, table: str, names: str, rows: Iterable[tuple[object, ...]]) -> None:
    found = list(rows)
    if found:
        db.insert(table, found, column_names=names.split())


def _write_lifecycle(db: Client, world: World) -> None:
    rows: list[tuple[object, ...]] = []
    for number, stream in enumerate(world.streams):
        owner = int(world.stream_creator[number])
        title, category, tags = world.stream_told[number]
        start, end = float(world.stream_start[number]), float(world.stream_end[number])
        for kind, moment, ended in (("stream.started", start, None), ("stream.ended", end, _at(end))):
            event = id_of(number, LIFECYCLE, len(rows))
            rows.append(
                (
                    *(stream, _at(moment), event, kind, world.creators[owner], world.handles[owner]),
                    *(title, category, list(tags), "en", False, "public", _at(start), ended),
                )
            )
    names = "stream_id occurred_at event_id type creator_id creator title category tags language mature visibility"
    _insert(db, "lifecycle", f"{names} started_at ended_at", rows)


def _write_visits(db: Client, world: World) -> None:
    db.command(
        "CREATE OR REPLACE TABLE synthetic_visits (stream_id UUID, creator_id UUID, user_id UUID, session_id String, "
        "start Int64, seconds UInt32) ENGINE = MergeTree ORDER BY start"
    )
    _insert(
        db,
        "synthetic_visits",
        "stream_id creator_id user_id session_id start seconds",
        (
            (*_room(world, visit), world.viewers[int(visit[0])], f"visit-{number}", int(visit[2] * 1e6), int(visit[3]))
            for number, visit in enumerate(world.watches)
        ),
    )
    db.command(HEARTBEATS, parameters={"every": HEARTBEAT_SECONDS})
    db.command("DROP TABLE synthetic_visits SYNC")


def _write_gifts(db: Client, world: World) -> None:
    rows = [
        (
            *(*_room(world, gift), _at(float(gift[2])), id_of(0, GIFT, number), id_of(1, GIFT, number)),
            *(world.viewers[int(gift[0])], "HEART", int(gift[3] // 5), int(gift[3]), int(gift[3])),
        )
        for number, gift in enumerate(world.gifts)
    ]
    _insert(db, "gifts", "stream_id creator_id occurred_at event_id gift_event_id user_id code qty tokens bonus", rows)


def _write_follows(db: Client, world: World) -> None:
    rows = [
        (
            *(world.creators[int(follow[1])], _at(float(follow[2])), id_of(0, FOLLOW, number), "follow.added"),
            world.viewers[int(follow[0])],
        )
        for number, follow in enumerate(world.follows)
    ]
    _insert(db, "follows", "creator_id occurred_at event_id type user_id", rows)


def _room(world: World, row: NDArray[np.float64]) -> tuple[UUID, UUID]:
    """The stream and the creator of a visit or gift."""
    stream = int(row[1])
    return world.streams[stream], world.creators[int(world.stream_creator[stream])]
