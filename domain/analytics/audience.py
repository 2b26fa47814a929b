# ruff: noqa: S608 - every part of these statements is a constant of this package; what is asked for is a parameter
"""SQL of the panels that count people over time: viewers, retention, newcomers, the funnel, and the mood."""

from domain.analytics.queries import OVER, STEP, by_step, ratio
from domain.analytics.relations import Relations

STEPS = ("shown", "viewed", "stayed", "engaged", "followed", "gave")


def viewers_totals(of: Relations) -> str:
    return f"""
        SELECT (SELECT sum(watched_ms) FROM ({of.audience})) / 60000 AS minutesWatched,
               (SELECT max(peak) FROM ({of.audience})) AS peak,
               countIf(ms >= {{unique:Int64}}) AS unique,
               countIf(ms >= {{unique:Int64}} AND NOT signed) AS anonymous,
               countIf(ms >= {{engaged:Int64}} AND signed) AS engaged,
               if(unique = 0, 0, minutesWatched * 60000 / unique) AS avgWatchMs
        FROM ({of.watched})"""


def viewers_series(of: Relations) -> str:
    steps = (
        f"SELECT {STEP}, max(peak) AS viewers, sum(watched_ms) / 60000 AS minutes FROM ({of.audience}) GROUP BY step"
    )
    highest = f"(SELECT max(peak) FROM ({of.audience}))"
    return by_step(f"viewers, minutes, {ratio('viewers', highest)} AS ofPeak", steps)


def retention_totals(of: Relations) -> str:
    return f"SELECT count() AS viewers, if(viewers = 0, 0, avg(ms) / 60000) AS averageMinutes FROM ({of.watched})"


def retention_series(of: Relations) -> str:
    """Kaplan-Meier over each visit's time from the first sign of life to the last.

    A viewer who was there at the end of the stream or of the span is no loss, and leaves the denominator then.
    """
    return f"""
        WITH stays AS (
            SELECT intDiv(toUnixTimestamp64Milli(ended) - toUnixTimestamp64Milli(began), 60000) AS stay,
                   count() AS left,
                   countIf(toUnixTimestamp64Milli(ended) + {{gap:Int64}} < {OVER}) AS gone
            FROM ({of.visits}) GROUP BY stay
        )
        SELECT fromUnixTimestamp64Milli({{first:Int64}} + minute * 60000, 'UTC') AS at, minute,
               round(exp(sum(log(1 - before / was)) OVER (ORDER BY minute ROWS UNBOUNDED PRECEDING)), 6) AS share
        FROM (
            SELECT minute,
                   lagInFrame(lost, 1, 0) OVER earlier AS before, lagInFrame(present, 1, 1) OVER earlier AS was
            FROM (
                SELECT stay AS minute, toInt64(gone) AS lost,
                       sum(left) OVER (ORDER BY stay DESC ROWS UNBOUNDED PRECEDING) AS present
                FROM (SELECT * FROM stays ORDER BY stay WITH FILL FROM 0)
            )
            WINDOW earlier AS (ORDER BY minute ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
        )
        ORDER BY minute"""


def newcomers(of: Relations) -> str:
    """Each viewer of at least a minute once, at their first visit in the span, and whether it was their first ever."""
    return f"""
        SELECT toUnixTimestamp64Milli(here) AS ms, here = earliest AS is_new
        FROM (
            SELECT viewer, minIf(began, seen) AS here, min(began) AS earliest, max(seen) AS came
            FROM (
                SELECT viewer, began, true AS seen FROM ({of.visits}) WHERE watched_ms >= 60000
                UNION ALL
                SELECT viewer, began, false AS seen FROM first_visits WHERE creator_id = {{creator:UUID}}
            )
            GROUP BY viewer
        )
        WHERE came"""


def returning_totals(of: Relations) -> str:
    return f"""
        SELECT countIf(is_new) AS new, countIf(NOT is_new) AS returning,
               {ratio("returning", "(new + returning)")} AS returningShare
        FROM ({newcomers(of)})"""


def returning_series(of: Relations) -> str:
    steps = f"""
        SELECT {STEP}, countIf(is_new) AS new, countIf(NOT is_new) AS returning
        FROM ({newcomers(of)}) GROUP BY step"""
    return by_step("new, returning", steps)


NEVER = "9223372036854775807"


def after(step: str, last: str, before: str) -> str:
    """The time of a step that came after another, by its first and last time; the end of time when none did."""
    return f"multiIf({step} >= {before}, {step}, {last} >= {before}, {last}, {NEVER})"


# The steps up to taking part belong to one stream; following and giving, to any of them, come after the earliest.
JOURNEYS = f"""
SELECT min(shown) AS shown, min(viewed) AS viewed, min(stayed) AS stayed, min(engaged) AS engaged,
       min(followed_first) AS first, max(followed_last) AS last, {after("first", "last", "engaged")} AS followed,
       if(max(gave_last) >= followed, max(gave_last), {NEVER}) AS gave
FROM (
    SELECT viewer, shown_first AS shown, {after("viewed_first", "watched_last", "shown")} AS viewed,
           {after("stayed_first", "watched_last", "viewed")} AS stayed,
           {after("engaged_first", "engaged_last", "stayed")} AS engaged, followed_first, followed_last, gave_last
    FROM steps FINAL WHERE about IN {{about:Array(UUID)}}
)
GROUP BY viewer"""


def funnel_series(_: Relations) -> str:
    """One row a step; all of them are counted in one pass."""
    reached = ", ".join(f"countIf({step} < {NEVER}) AS {step}s" for step in STEPS)
    names, people = ", ".join(f"'{step}'" for step in STEPS), ", ".join(f"{step}s" for step in STEPS)
    return f"""
        SELECT fromUnixTimestamp64Milli({{first:Int64}}, 'UTC') AS at, step, people
        FROM (SELECT {reached} FROM ({JOURNEYS})) ARRAY JOIN [{names}] AS step, [{people}] AS people"""


MOODS = "hype joy love surprise sad angry calm".split()


def mood_totals(of: Relations) -> str:
    return f"""
        SELECT mood, sum(felt_ms) / 1000 AS seconds, sum(cells.changes) AS changes,
               round(sum(cells.intensity) / sum(hops), 6) AS intensity
        FROM ({of.moods}) AS cells GROUP BY mood ORDER BY seconds DESC, mood"""


def mood_series(of: Relations) -> str:
    shares = ", ".join(f"round(sumMap(cells.shares)['{mood}'] / sum(hops), 6) AS {mood}" for mood in MOODS)
    steps = f"""
        SELECT {STEP}, sumMap(map(toString(cells.mood), cells.hops)) AS told,
               (arraySort(each -> (-each.2, each.1), arrayZip(mapKeys(told), mapValues(told)))[1]).1 AS dominant,
               round(sum(cells.intensity) / sum(hops), 6) AS intensity, max(cells.reactors) AS reactors, {shares}
        FROM ({of.moods}) AS cells GROUP BY step"""
    return by_step(f"if(dominant = '', 'neutral', dominant) AS mood, intensity, reactors, {', '.join(MOODS)}", steps)
