# ruff: noqa: S608 - every part of these statements is a constant of this file; what is asked for is a parameter
"""All SQL of the dashboard. Rows that were written twice replace each other, so every read is `FINAL`."""

from domain.analytics.model import PanelName

WHEN = (
    "stream_id = {stream:UUID} AND occurred_at >= fromUnixTimestamp64Milli({since:Int64}) "
    "AND occurred_at < fromUnixTimestamp64Milli({until:Int64})"
)
KEPT = "gift_event_id NOT IN (SELECT gift_event_id FROM gift_refunds WHERE stream_id = {stream:UUID})"
"""Of gifts: those that were not taken back."""
STEP = "intDiv(toUnixTimestamp64Milli(occurred_at), {step:Int64}) * {step:Int64}"
FILL = "ORDER BY step WITH FILL FROM {first:Int64} TO {last:Int64} STEP {step:Int64}"


def by_step(columns: str, steps: str) -> str:
    """A series without gaps: `steps` gives rows grouped by `step` (ms since the epoch), `columns` are shown of them."""
    return f"SELECT fromUnixTimestamp64Milli(step, 'UTC') AS at, {columns} FROM ({steps} {FILL}) ORDER BY at"


# A viewer's signs of life, cut where the silence is longer than the gap.
SESSIONS = f"""
sessions AS (
    SELECT viewer, signed, stretch[1] AS began, stretch[-1] AS ended
    FROM (
        SELECT viewer, any(user_id != {{nobody:UUID}}) AS signed, arraySort(groupArray(moment)) AS signs,
               arrayJoin(arraySplit((at, gap) -> gap > {{gap:Int64}}, signs, arrayDifference(signs))) AS stretch
        FROM (
            SELECT if(user_id = {{nobody:UUID}}, anon_id, toString(user_id)) AS viewer, user_id,
                   toUnixTimestamp64Milli(occurred_at) AS moment
            FROM presence FINAL
            WHERE {WHEN} AND user_id != {{creator:UUID}}
        )
        GROUP BY viewer
    )
),
watched AS (SELECT viewer, any(signed) AS signed, sum(ended - began) AS ms FROM sessions GROUP BY viewer),
samples AS (
    SELECT arrayJoin(range(intDiv(began + {{sample:Int64}} - 1, {{sample:Int64}}),
                           intDiv(ended, {{sample:Int64}}) + 1)) * {{sample:Int64}} AS sample, count() AS viewers
    FROM sessions GROUP BY sample
)"""

TOTALS: dict[PanelName, str] = {
    "viewers": f"""
        WITH {SESSIONS}
        SELECT (SELECT sum(ms) FROM watched) / 60000 AS minutesWatched,
               (SELECT max(viewers) FROM samples) AS peak,
               countIf(ms >= {{unique:Int64}}) AS unique,
               countIf(ms >= {{unique:Int64}} AND NOT signed) AS anonymous,
               countIf(ms >= {{engaged:Int64}} AND signed) AS engaged,
               if(unique = 0, 0, minutesWatched * 60000 / unique) AS avgWatchMs
        FROM watched""",
    "chat": f"""
        SELECT count() AS messages, uniqExact(user_id) AS chatters
        FROM chat_messages FINAL WHERE {WHEN} AND accepted""",
    "gifts": f"""
        SELECT sum(tokens) AS tokens, sum(paid) AS paid, sum(bonus) AS bonus, count() AS count,
               uniqExact(user_id) AS gifters
        FROM gifts FINAL WHERE {WHEN} AND {KEPT}""",
    "engagement": f"""
        WITH {SESSIONS},
        acts AS (
            SELECT 'messages' AS act, user_id FROM chat_messages FINAL WHERE {WHEN} AND accepted
            UNION ALL SELECT 'reactions' AS act, user_id FROM reactions FINAL WHERE {WHEN}
            UNION ALL SELECT 'gifts' AS act, user_id FROM gifts FINAL WHERE {WHEN} AND {KEPT}
        ),
        (SELECT countIf(ms >= {{unique:Int64}}) FROM watched) AS viewers
        SELECT countIf(act = 'messages') AS messages, countIf(act = 'reactions') AS reactions,
               countIf(act = 'gifts') AS gifts, uniqExactIf(user_id, user_id != {{creator:UUID}}) AS engaged,
               if(viewers = 0, 0, engaged / viewers) AS rate
        FROM acts""",
    "retention": f"""
        WITH {SESSIONS}
        SELECT count() AS viewers, avg(ms) / 60000 AS averageMinutes FROM watched""",
    "mood": """
        SELECT mood, count() * 5 AS seconds
        FROM mood_states FINAL
        WHERE stream_id = {stream:UUID} AND hop_end > fromUnixTimestamp64Milli({since:Int64})
          AND hop_end <= fromUnixTimestamp64Milli({until:Int64})
        GROUP BY mood ORDER BY seconds DESC, mood""",
}

GIFTS_BY_CODE = f"""
SELECT code, count() AS count, sum(qty) AS qty, sum(tokens) AS tokens, sum(paid) AS paid, sum(bonus) AS bonus
FROM gifts FINAL WHERE {WHEN} AND {KEPT} GROUP BY code ORDER BY tokens DESC, code"""

# Kaplan-Meier over each viewer's time from the first sign of life to the last: a viewer who was there at the end of
# the span is not a loss, and leaves the denominator at that minute.
RETENTION = f"""
WITH {SESSIONS},
stays AS (
    SELECT viewer, intDiv(max(ended) - min(began), 60000) AS minutes,
           max(ended) + {{gap:Int64}} < {{over:Int64}} AS gone
    FROM sessions GROUP BY viewer
),
(SELECT max(minutes) FROM stays) AS longest,
steps AS (
    SELECT minute, countIf(minutes >= minute) AS present, countIf(minutes = minute AND gone) AS lost
    FROM stays ARRAY JOIN range(toUInt32(longest + 1)) AS minute
    GROUP BY minute
)
SELECT fromUnixTimestamp64Milli({{first:Int64}} + minute * 60000, 'UTC') AS at, minute,
       round(exp(sum(log(1 - before / was)) OVER (ORDER BY minute ROWS UNBOUNDED PRECEDING)), 6) AS share
FROM (
    SELECT minute,
           lagInFrame(lost, 1, 0) OVER (ORDER BY minute ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before,
           lagInFrame(present, 1, 1) OVER (ORDER BY minute ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS was
    FROM steps
)
ORDER BY minute"""

MOODS = "hype joy love surprise sad angry calm".split()
MOOD_SHARES = ", ".join(f"round(avg(shares['{mood}']), 6) AS {mood}" for mood in MOODS)

VIEWERS = f"""
WITH {SESSIONS}
SELECT step, max(most) AS viewers, sum(ms) / 60000 AS minutes
FROM (
    SELECT intDiv(sample, {{step:Int64}}) * {{step:Int64}} AS step, max(viewers) AS most, 0 AS ms
    FROM samples GROUP BY step
    UNION ALL
    SELECT arrayJoin(range(intDiv(began, {{step:Int64}}), intDiv(ended, {{step:Int64}}) + 1)) * {{step:Int64}} AS step,
           0 AS most, sum(least(ended, step + {{step:Int64}}) - greatest(began, step)) AS ms
    FROM sessions GROUP BY step
)
GROUP BY step"""

CHAT = f"""
SELECT {STEP} AS step, count() AS messages, uniqExact(user_id) AS chatters
FROM chat_messages FINAL WHERE {WHEN} AND accepted GROUP BY step"""

GIFTS = f"""
SELECT {STEP} AS step, sum(tokens) AS tokens, sum(paid) AS paid, sum(bonus) AS bonus, count() AS count
FROM gifts FINAL WHERE {WHEN} AND {KEPT} GROUP BY step"""

ENGAGEMENT = f"""
SELECT {STEP} AS step, countIf(act = 'm') AS messages, countIf(act = 'r') AS reactions, countIf(act = 'g') AS gifts
FROM (
    SELECT 'm' AS act, occurred_at FROM chat_messages FINAL WHERE {WHEN} AND accepted
    UNION ALL SELECT 'r' AS act, occurred_at FROM reactions FINAL WHERE {WHEN}
    UNION ALL SELECT 'g' AS act, occurred_at FROM gifts FINAL WHERE {WHEN} AND {KEPT}
)
GROUP BY step"""

MOOD = f"""
SELECT intDiv(toUnixTimestamp64Milli(hop_end) - 1, {{step:Int64}}) * {{step:Int64}} AS step,
       arrayElement(topK(1)(mood), 1) AS dominant, round(avg(intensity), 6) AS intensity,
       max(reactors) AS reactors, {MOOD_SHARES}
FROM mood_states FINAL
WHERE stream_id = {{stream:UUID}} AND hop_end > fromUnixTimestamp64Milli({{since:Int64}})
  AND hop_end <= fromUnixTimestamp64Milli({{until:Int64}})
GROUP BY step"""

SERIES: dict[PanelName, str] = {
    "viewers": by_step("viewers, minutes", VIEWERS),
    "chat": by_step("messages, chatters", CHAT),
    "gifts": by_step("tokens, paid, bonus, count", GIFTS),
    "engagement": by_step("messages, reactions, gifts", ENGAGEMENT),
    "mood": by_step(f"if(dominant = '', 'neutral', dominant) AS mood, intensity, reactors, {', '.join(MOODS)}", MOOD),
    "retention": RETENTION,
}
