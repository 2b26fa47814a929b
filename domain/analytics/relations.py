# ruff: noqa: S608 - every part of these statements is a constant of this file; what is asked for is a parameter
"""What the panels' SQL reads: rollup cells of the grain that fits, or raw acts where ten seconds are asked for."""

import msgspec

from domain.rollups.queries import ACTS, MOODS_FELT, hops

IN_CELLS = (
    "grain = {level:UInt32} AND at >= toDateTime(intDiv({since:Int64}, 1000), 'UTC') "
    "AND at < toDateTime(intDiv({until:Int64}, 1000), 'UTC')"
)

ACT_CELLS = f"""
SELECT toInt64(toUnixTimestamp(at)) * 1000 AS ms, act, code, count, qty, tokens, paid, bonus, fastest, people
FROM act_cells FINAL WHERE about IN {{about:Array(UUID)}} AND {IN_CELLS}"""

RAW_ACTS = f"""
SELECT intDiv(toUnixTimestamp64Milli(occurred_at), 10000) * 10000 AS ms, act, code, countIf(counts) AS count,
       sumIf(acts.qty, counts) AS qty, sumIf(acts.tokens, counts) AS tokens, sumIf(acts.paid, counts) AS paid,
       sumIf(acts.bonus, counts) AS bonus, count AS fastest, groupUniqArrayIf(person, counts) AS people
FROM ({" UNION ALL ".join(ACTS.values())}) AS acts GROUP BY ms, act, code"""

AUDIENCE_CELLS = f"""
SELECT toInt64(toUnixTimestamp(at)) * 1000 AS ms, watched_ms, peak
FROM audience_cells FINAL WHERE stream_id IN {{streams:Array(UUID)}} AND {IN_CELLS}"""

VISITS = """
SELECT * FROM visits FINAL
WHERE stream_id IN {streams:Array(UUID)} AND began < fromUnixTimestamp64Milli({until:Int64})
  AND ended >= fromUnixTimestamp64Milli({since:Int64})"""

# Open sessions at each sample, and what was watched in the ten seconds after it.
RAW_AUDIENCE = f"""
SELECT ms, sum(least(until, ms + 10000) - greatest(since, ms)) AS watched_ms,
       uniqExactIf(viewer, ms BETWEEN since AND until) AS peak
FROM (
    SELECT viewer, session.1 AS since, session.2 AS until,
           arrayJoin(range(toUInt64(intDiv(greatest(since, {{since:Int64}}), 10000)),
                           toUInt64(intDiv(least(until, {{until:Int64}} - 1), 10000)) + 1)) * 10000 AS ms
    FROM ({VISITS}) ARRAY JOIN sessions AS session
    WHERE session.1 < {{until:Int64}} AND session.2 >= {{since:Int64}}
)
GROUP BY ms"""

# How long each viewer watched within the span, over all its streams.
WATCHED = f"""
SELECT viewer, any(signed) AS signed,
       sum(if(toUnixTimestamp64Milli(began) >= {{since:Int64}} AND toUnixTimestamp64Milli(ended) < {{until:Int64}},
              toInt64(watched_ms),
              arraySum(session -> greatest(0, least(session.2, {{until:Int64}}) - greatest(session.1, {{since:Int64}})),
                       sessions))) AS ms
FROM ({VISITS}) GROUP BY viewer"""

MOOD_CELLS = f"""
SELECT toInt64(toUnixTimestamp(at)) * 1000 AS ms, mood, hops, intensity, shares, reactors, changes, felt_ms
FROM mood_cells FINAL WHERE stream_id IN {{streams:Array(UUID)}} AND {IN_CELLS} AND hops > 0"""

RAW_MOODS = f"""
SELECT intDiv(toUnixTimestamp64Milli(hop_end) - 1, 10000) * 10000 AS ms, mood, {MOODS_FELT}
FROM ({hops("streams")}) AS told
GROUP BY ms, mood HAVING hops > 0"""


class Relations(msgspec.Struct, frozen=True):
    """The sources of a panel: `acts`, `audience` and `moods` by cell, `visits` and `watched` by viewer."""

    acts: str
    audience: str
    moods: str
    visits: str = VISITS
    watched: str = WATCHED
    minutes: bool = True
    """Whether the steps are so narrow that each ten seconds can be looked at."""


CELLS = Relations(ACT_CELLS, AUDIENCE_CELLS, MOOD_CELLS, minutes=False)
MINUTES = Relations(ACT_CELLS, AUDIENCE_CELLS, MOOD_CELLS)
RAW = Relations(RAW_ACTS, RAW_AUDIENCE, RAW_MOODS)
"""Ten seconds are not kept in cells."""


def fitting(step_seconds: int) -> Relations:
    """The sources for steps of this width."""
    if step_seconds < 60:
        return RAW
    return MINUTES if step_seconds == 60 else CELLS
