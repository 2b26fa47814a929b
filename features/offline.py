"""The history in ClickHouse as it was known at an instant: nothing that happened or ended later comes through.

Visits are put together from heartbeats; only signed-in viewers count, and nobody watches their own stream.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from clickhouse_connect.driver.client import Client

from features.history import Follows, Gifts, History, Numbering, Streams, Watches

WINDOW_DAYS = 60
NOBODY = "00000000-0000-0000-0000-000000000000"

STREAMS = """
SELECT toString(stream_id), toString(argMax(creator_id, occurred_at)), argMax(creator, occurred_at),
       argMax(title, occurred_at), argMax(category, occurred_at), argMax(tags, occurred_at),
       toFloat64(minIf(occurred_at, type = 'stream.started')),
       if(countIf(type = 'stream.ended') = 0, inf, toFloat64(maxIf(occurred_at, type = 'stream.ended')))
FROM lifecycle FINAL
WHERE occurred_at < fromUnixTimestamp64Micro({until:Int64}) AND type LIKE 'stream.%'
GROUP BY stream_id
HAVING countIf(type = 'stream.started') > 0 AND argMax(visibility, occurred_at) = 'public'
ORDER BY 7, 1
"""

# A visit is one session of one viewer in one stream; silence longer than the gap is not watching.
# It is known once the gap has passed after its last sign of life.
VISITS = """
SELECT toString(stream_id), toString(user_id), arraySort(groupArray(toUnixTimestamp64Micro(occurred_at))) AS signs,
       signs[1] / 1e6, signs[-1] / 1e6,
       arraySum(gap -> if(gap <= {gap:Int64}, gap, 0), arrayDifference(signs)) / 60e6
FROM presence FINAL
WHERE occurred_at >= fromUnixTimestamp64Micro({since:Int64}) AND occurred_at < fromUnixTimestamp64Micro({until:Int64})
  AND user_id != {nobody:UUID} AND user_id != creator_id
GROUP BY stream_id, user_id, session_id
HAVING signs[-1] + {gap:Int64} <= {until:Int64}
ORDER BY 4, 1, 2
"""

GIFTS = """
SELECT toString(user_id), toString(creator_id), toFloat64(occurred_at), toFloat64(tokens)
FROM gifts FINAL
WHERE occurred_at >= fromUnixTimestamp64Micro({since:Int64}) AND occurred_at < fromUnixTimestamp64Micro({until:Int64})
  AND user_id != {nobody:UUID} AND gift_event_id NOT IN (SELECT gift_event_id FROM gift_refunds)
ORDER BY occurred_at, event_id
"""

FOLLOWS = """
SELECT toString(user_id), toString(creator_id), toFloat64(occurred_at), type = 'follow.added'
FROM follows FINAL
WHERE occurred_at < fromUnixTimestamp64Micro({until:Int64})
ORDER BY occurred_at, event_id
"""

COUNTS = """
SELECT (SELECT count() FROM presence FINAL WHERE toDate(occurred_at) = {day:Date}) AS presence,
       (SELECT count() FROM chat_messages FINAL WHERE toDate(occurred_at) = {day:Date}) AS chat,
       (SELECT count() FROM reactions FINAL WHERE toDate(occurred_at) = {day:Date}) AS reactions,
       (SELECT count() FROM gifts FINAL WHERE toDate(occurred_at) = {day:Date}) AS gifts,
       (SELECT count() FROM lifecycle FINAL WHERE toDate(occurred_at) = {day:Date}) AS lifecycle,
       (SELECT count() FROM follows FINAL WHERE toDate(occurred_at) = {day:Date}) AS follows
"""


def count_events(db: Client, day: str) -> dict[str, int]:
    """How many events each table has of one UTC day (`yyyy-mm-dd`)."""
    result = db.query(COUNTS, parameters={"day": day})
    return {table: int(count) for table, count in zip(result.column_names, result.result_rows[0], strict=True)}


def read_history(db: Client, *, until: float, gap_seconds: int, window_days: int = WINDOW_DAYS) -> History:
    """Everything known before the instant `until` (seconds since the epoch), visits no older than the window.

    `gap_seconds` is the silence that ends a visit (`Settings.session_gap_seconds`).
    """
    span = {
        "until": int(until * 1e6),
        "since": int((until - window_days * 86400) * 1e6),
        "gap": gap_seconds * 1_000_000,
        "nobody": NOBODY,
    }
    stream_ids, owners, handles, titles, categories, tags, starts, ends = _columns(db, STREAMS, span, 8)
    people, creators = Numbering(), Numbering()
    owner = creators.rows(owners)
    row = {stream: number for number, stream in enumerate(stream_ids)}
    visits = [visit for visit in zip(*_columns(db, VISITS, span, 6), strict=True) if visit[0] in row]
    watched, viewers, _, first, last, minutes = zip(*visits, strict=True) if visits else ((),) * 6
    givers, receivers, given_at, tokens = _columns(db, GIFTS, span, 4)
    followers, followed, followed_at, added = _columns(db, FOLLOWS, span, 4)
    watches = Watches(
        user=people.rows(viewers),
        stream=np.fromiter((row[stream] for stream in watched), np.int32, len(watched)),
        start=np.asarray(first, np.float64),
        stop=np.asarray(last, np.float64),
        minutes=np.asarray(minutes, np.float64),
    )
    gifts = Gifts(
        user=people.rows(givers),
        creator=creators.rows(receivers),
        at=np.asarray(given_at, np.float64),
        tokens=np.asarray(tokens, np.float64),
    )
    follows = Follows(
        user=people.rows(followers),
        creator=creators.rows(followed),
        at=np.asarray(followed_at, np.float64),
        added=np.asarray(added, np.bool_),
    )
    named = dict(zip(owners, handles, strict=True))
    return History(
        until=until,
        users=people.names,
        creators=creators.names,
        handles=[named.get(creator, "") for creator in creators.names],
        streams=Streams(
            ids=list(stream_ids),
            creator=owner,
            start=np.asarray(starts, np.float64),
            end=np.asarray(ends, np.float64),
            title=list(titles),
            category=list(categories),
            tags=[tuple(said) for said in tags],
        ),
        watches=watches,
        gifts=gifts,
        follows=follows,
        settling=float(gap_seconds),
    )


def _columns(db: Client, sql: str, parameters: dict[str, Any], width: int) -> Sequence[Sequence[Any]]:
    columns: Sequence[Sequence[Any]] = db.query(sql, parameters=parameters).result_columns
    return columns or [()] * width
