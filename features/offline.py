# ruff: noqa: S608 - every part of these statements is a constant of this module; what is asked for is a parameter
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

# What somebody wants forgotten is so at any instant, also at one before they said it.
FORGOTTEN = """
forgotten AS (
  SELECT user_id, if(argMax(opt_out, occurred_at), inf, toUnixTimestamp64Micro(max(occurred_at)) / 1e6) AS since
  FROM history_choices FINAL GROUP BY user_id
)
"""

# A visit is a run of signs of one session without a longer silence than the gap (features/visits.py); it is known once
# the gap has passed after its last sign.
VISITS = f"""
WITH {FORGOTTEN}, sessions AS (
  SELECT stream_id, user_id, arraySort(groupArray(toUnixTimestamp64Micro(occurred_at))) AS signs
  FROM presence FINAL LEFT JOIN forgotten USING (user_id)
  WHERE occurred_at >= fromUnixTimestamp64Micro({{since:Int64}})
    AND occurred_at < fromUnixTimestamp64Micro({{until:Int64}})
    AND user_id != {{nobody:UUID}} AND user_id != creator_id
    AND toUnixTimestamp64Micro(occurred_at) / 1e6 >= forgotten.since
  GROUP BY stream_id, user_id, session_id
)
SELECT toString(stream_id), toString(user_id), run[1] / 1e6, run[-1] / 1e6, (run[-1] - run[1]) / 60e6
FROM sessions
ARRAY JOIN arraySplit((sign, gap) -> gap > {{gap:Int64}}, signs, arrayDifference(signs)) AS run
WHERE run[-1] + {{gap:Int64}} <= {{until:Int64}}
ORDER BY 3, 1, 2
"""

# A gift that was taken back is known until then.
GIFTS = f"""
WITH {FORGOTTEN}
SELECT toString(user_id), toString(creator_id), toUnixTimestamp64Micro(occurred_at) / 1e6, amount
FROM (
  SELECT user_id, creator_id, occurred_at, event_id, toFloat64(tokens) AS amount FROM gifts FINAL
  UNION ALL
  SELECT user_id, creator_id, occurred_at, event_id, -toFloat64(tokens) FROM gift_refunds FINAL
) AS given LEFT JOIN forgotten USING (user_id)
WHERE occurred_at >= fromUnixTimestamp64Micro({{since:Int64}})
  AND occurred_at < fromUnixTimestamp64Micro({{until:Int64}})
  AND user_id != {{nobody:UUID}} AND toUnixTimestamp64Micro(occurred_at) / 1e6 >= forgotten.since
ORDER BY occurred_at, event_id
"""

FOLLOWS = """
SELECT toString(user_id), toString(creator_id), toUnixTimestamp64Micro(occurred_at) / 1e6, type = 'follow.added'
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
    visits = [visit for visit in zip(*_columns(db, VISITS, span, 5), strict=True) if visit[0] in row]
    watched, viewers, first, last, minutes = zip(*visits, strict=True) if visits else ((),) * 5
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
