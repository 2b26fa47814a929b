"""Compares what every engine says of the same gifts. Nothing is changed and nobody is kept waiting.

Gifts newer than the cut may still be on their way through the log, so they are left for the next time.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import psycopg
from clickhouse_connect.driver.client import Client
from psycopg.rows import TupleRow
from redis import Redis

from domain.reconciliation import queries
from domain.reconciliation.model import Finding, Reconciliation
from features.leaderboards import GLOBAL_REF
from livestreamx import keys
from livestreamx.clock import now

SETTLING = timedelta(seconds=60)
"""How long a gift may take through relay, log and dataflows."""
HISTORY = timedelta(days=360)
"""History is kept for 13 months."""
COLUMNS = ("gifts", "paid tokens", "bonus tokens", "gifts taken back", "tokens taken back", "tokens lost in disputes")
NOTHING = (0,) * len(COLUMNS)

Plain = psycopg.Connection[TupleRow]


def reconcile(db: Plain, history: Client, boards: Redis, cut: datetime | None = None) -> Reconciliation:
    """Everything before `cut` (by default a minute ago), to the token."""
    until = cut or now() - SETTLING
    since = until - HISTORY
    given = streams_in_ledger(db, since, until)
    people = db.execute(queries.PEOPLE, {"cut": until}).fetchall()
    settled = [row for row in people if not row[3]]
    findings = (
        *ledger_findings(db),
        *history_findings(given, streams_in_history(history, since, until)),
        *board_findings(boards, "gifts", {row[0]: row[1] for row in settled}, {row[0] for row in people}),
        *board_findings(boards, "creators", {row[0]: row[2] for row in settled}, {row[0] for row in people}),
    )
    return Reconciliation(
        cut=until,
        gifts=sum(row[0] for row in given.values()),
        tokens=sum(row[1] + row[2] for row in given.values()),
        people=len(settled),
        moving=len(people) - len(settled),
        findings=findings,
    )


def remember(db: Plain, found: Reconciliation) -> None:
    """Keep what was found: payouts ask for the newest."""
    db.execute(queries.REMEMBER, (len(found.findings), found.report()))


def ledger_findings(db: Plain) -> Iterator[Finding]:
    """What the ledger's own audit says: balances = transfers = gift events."""
    for finding, found in db.execute(queries.AUDIT).fetchall():
        if found:
            yield Finding(place="ledger", subject=finding, expected=0, found=found)


def streams_in_ledger(db: Plain, since: datetime, until: datetime) -> dict[str, Sequence[int]]:
    found = db.execute(queries.GIFTS_BY_STREAM, {"since": since, "cut": until}).fetchall()
    return {row[0]: row[1:] for row in found}


def streams_in_history(history: Client, since: datetime, until: datetime) -> dict[str, Sequence[int]]:
    span = {"since": micros(since), "cut": micros(until)}
    return {row[0]: row[1:] for row in history.query(queries.HISTORY_BY_STREAM, span).result_rows}


def micros(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


def history_findings(given: Mapping[str, Sequence[int]], told: Mapping[str, Sequence[int]]) -> Iterator[Finding]:
    """Streams whose gifts in ClickHouse are not those of the ledger."""
    for stream in sorted(given.keys() | told.keys()):
        both = zip(COLUMNS, given.get(stream, NOTHING), told.get(stream, NOTHING), strict=True)
        for column, expected, found in both:
            if expected != found:
                yield Finding(place="history", subject=f"{column} of stream {stream}", expected=expected, found=found)


def board_findings(boards: Redis, name: str, totals: Mapping[str, int], known: set[str]) -> Iterator[Finding]:
    """People whose total of all times is not what they gave or received; also those who never did."""
    kept = cast(dict[bytes, bytes], boards.hgetall(keys.board_totals(name, "global", GLOBAL_REF)))
    scores: dict[str, Any] = {who.decode(): int(score) for who, score in kept.items()}
    for who in sorted(totals.keys() | (scores.keys() - known)):
        expected, found = totals.get(who, 0), scores.get(who, 0)
        if expected != found:
            yield Finding(place="leaderboards", subject=f"{name} board of {who}", expected=expected, found=found)
