"""The same numbers counted plainly over raw rows, in SQL that shares nothing with the panels."""

from typing import Any

from clickhouse_connect.driver.client import Client

NOBODY = "toUUID('00000000-0000-0000-0000-000000000000')"
VIEWER = f"if(user_id = {NOBODY}, reinterpretAsUUID(sipHash128(anon_id)), user_id)"

# Signs of life of a viewer in a stream, cut where the silence is longer than 45 s, while it is live.
SESSIONS = f"""
SELECT stream_id, viewer, signed, greatest(stretch[1], began) AS since, least(stretch[-1], over) AS until
FROM (
    SELECT stream_id, viewer, any(signed) AS signed, arraySort(groupArray(at)) AS signs,
           arrayJoin(arraySplit((x, gap) -> gap > 45000, signs, arrayDifference(signs))) AS stretch
    FROM (
        SELECT stream_id, {VIEWER} AS viewer, user_id != {NOBODY} AS signed, toUnixTimestamp64Milli(occurred_at) AS at
        FROM presence FINAL WHERE user_id != creator_id
    )
    GROUP BY stream_id, viewer
) AS seen JOIN (
    SELECT stream_id, toUnixTimestamp64Milli(assumeNotNull(started_at)) AS began,
           toUnixTimestamp64Milli(assumeNotNull(ended_at)) AS over FROM lifecycle FINAL
) AS lives USING (stream_id)
WHERE since <= until"""
WATCHED = f"SELECT viewer, any(signed) AS signed, sum(until - since) AS ms FROM ({SESSIONS}) GROUP BY viewer"
SAMPLES = f"""
SELECT stream_id, arrayJoin(range(toUInt64(intDiv(since + 9999, 10000)), toUInt64(intDiv(until, 10000)) + 1)) AS sample,
       count() AS open FROM ({SESSIONS}) GROUP BY stream_id, sample"""
ACTS = """
SELECT stream_id, user_id AS viewer, occurred_at FROM chat_messages FINAL
UNION ALL SELECT stream_id, user_id AS viewer, occurred_at FROM reactions FINAL
UNION ALL SELECT stream_id, user_id AS viewer, occurred_at FROM gifts FINAL"""
REACHED = f"""
SELECT stream_id AS about, viewer, needed.1 AS step, min(closed - (total - needed.2)) AS first, max(ended) AS last
FROM (
    SELECT stream_id, viewer, needed, sessions.until AS closed,
           max(sessions.until) OVER (PARTITION BY stream_id, viewer) AS ended,
           sum(sessions.until - sessions.since)
           OVER (PARTITION BY stream_id, viewer, needed ORDER BY sessions.since) AS total
    FROM ({SESSIONS}) AS sessions ARRAY JOIN [(2, 10000), (3, 60000)] AS needed
)
WHERE total >= needed.2 GROUP BY about, viewer, step"""
MOMENT = "toInt64(toUnixTimestamp64Milli(toDateTime64(occurred_at, 3)))"
STEPS = f"""
SELECT stream_id AS about, {VIEWER} AS viewer, 1 AS step, min({MOMENT}) AS first, max({MOMENT}) AS last
FROM recommendations GROUP BY about, viewer
UNION ALL {REACHED}
UNION ALL SELECT stream_id AS about, viewer, 4 AS step, min({MOMENT}) AS first, max({MOMENT}) AS last
FROM ({ACTS}) GROUP BY about, viewer"""
FUNNEL = f"""
SELECT countIf(level >= 1), countIf(level >= 2), countIf(level >= 3), countIf(level >= 4)
FROM (
    SELECT viewer, max(furthest) AS level
    FROM (
        SELECT viewer, windowFunnel(86400000)(toUInt64(moment), step = 1, step = 2, step = 3, step = 4) AS furthest
        FROM (SELECT about, viewer, step, arrayJoin([first, last]) AS moment FROM ({STEPS})) GROUP BY about, viewer
    )
    GROUP BY viewer
)"""

TRUTH: dict[str, tuple[str, tuple[str, ...]]] = {
    "viewers": (
        f"""SELECT sum(ms) / 60000, countIf(ms >= 10000), countIf(ms >= 10000 AND NOT signed),
                   countIf(ms >= 300000 AND signed), (SELECT max(open) FROM ({SAMPLES})) FROM ({WATCHED})""",
        ("minutesWatched", "unique", "anonymous", "engaged", "peak"),
    ),
    "chat": (
        "SELECT count(), uniqExact(user_id) FROM chat_messages FINAL WHERE accepted",
        ("messages", "chatters"),
    ),
    "gifts": (
        "SELECT sum(tokens), sum(paid), sum(bonus), count(), uniqExact(user_id) FROM gifts FINAL",
        ("tokens", "paid", "bonus", "count", "gifters"),
    ),
    "retention": (f"SELECT count(), avg(ms) / 60000 FROM ({WATCHED})", ("viewers", "averageMinutes")),
    "engagement": (
        f"""SELECT (SELECT count() FROM chat_messages FINAL), (SELECT count() FROM reactions FINAL),
                   uniqExact(viewer) FROM ({ACTS})
            WHERE viewer IN (SELECT viewer FROM ({WATCHED}) WHERE ms >= 10000)""",
        ("messages", "reactions", "engaged"),
    ),
    "density": (
        f"SELECT (SELECT count() FROM chat_messages FINAL), (SELECT sum(ms) / 60000 FROM ({WATCHED}))",
        ("messages", "viewerMinutes"),
    ),
    "velocity": (
        """SELECT sum(number), max(number) / 10 FROM (
               SELECT stream_id, intDiv(toUnixTimestamp(occurred_at), 10) AS ten, count() AS number
               FROM reactions FINAL GROUP BY stream_id, ten)""",
        ("reactions", "fastest"),
    ),
    "supporters": (
        "SELECT uniqExact(user_id), sum(tokens), sum(paid) FROM gifts FINAL",
        ("supporters", "tokens", "paid"),
    ),
    "followers": (
        "SELECT countIf(type = 'follow.added'), countIf(type = 'follow.removed') FROM follows FINAL",
        ("followed", "unfollowed"),
    ),
    "returning": (
        f"""SELECT uniqExact(viewer) FROM (
                SELECT viewer FROM ({SESSIONS}) GROUP BY stream_id, viewer HAVING sum(until - since) >= 60000)""",
        ("new",),
    ),
    "funnel": (FUNNEL, ("shown", "viewed", "stayed", "engaged")),
    "mood": (
        """SELECT count() * 5, uniqExact(mood) FROM mood_states FINAL
           JOIN (SELECT stream_id, max(ended_at) AS over FROM lifecycle FINAL GROUP BY stream_id) AS lives
           USING (stream_id) WHERE hop_end <= over""",
        ("told", "kinds"),
    ),
}


def truth(db: Client, panel: str) -> dict[str, Any]:
    """The totals of a panel by plain counting; empty where there is nothing to count."""
    if panel not in TRUTH:
        return {}
    statement, names = TRUTH[panel]
    return dict(zip(names, db.query(statement).result_rows[0], strict=True))
