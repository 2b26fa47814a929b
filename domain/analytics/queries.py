# ruff: noqa: S608 - every part of these statements is a constant of this package; what is asked for is a parameter
"""SQL of the panels that count acts: chat, density, velocity, gifts, engagement, followers, polls, supporters."""

from domain.analytics.relations import Relations

FILL = "ORDER BY step WITH FILL FROM {first:Int64} TO {last:Int64} STEP {step:Int64}"
STEP = "intDiv(ms, {step:Int64}) * {step:Int64} AS step"
SECONDS = "({step:Int64} / 1000)"
OVER = "transform(stream_id, {streams:Array(UUID)}, {ends:Array(Int64)}, {until:Int64})"
"""When the stream of a row ended, ms since the epoch."""


CREATOR_PERCENT = 70
"""Of a cent for each paid token."""


def by_step(columns: str, steps: str) -> str:
    """A series without gaps: `steps` gives rows grouped by `step` (ms since the epoch), `columns` are shown of them."""
    return f"SELECT fromUnixTimestamp64Milli(step, 'UTC') AS at, {columns} FROM ({steps} {FILL}) ORDER BY at"


def ratio(part: str, whole: str) -> str:
    """A share that is 0 where there is nothing to share."""
    return f"if({whole} = 0, 0, {part} / {whole})"


def chat_totals(of: Relations) -> str:
    return f"SELECT sum(count) AS messages, uniqExactArray(people) AS chatters FROM ({of.acts}) WHERE act = 'message'"


def chat_series(of: Relations) -> str:
    steps = f"""
        SELECT {STEP}, sum(count) AS messages, uniqExactArray(people) AS chatters
        FROM ({of.acts}) WHERE act = 'message' GROUP BY step"""
    return by_step("messages, chatters", steps)


def both(of: Relations) -> str:
    """Messages and viewer-minutes of the same cells."""
    return f"""
        SELECT ms, count AS messages, 0 AS watched FROM ({of.acts}) WHERE act = 'message'
        UNION ALL SELECT ms, 0 AS messages, watched_ms AS watched FROM ({of.audience})"""


def density_totals(of: Relations) -> str:
    return f"""
        SELECT said AS messages, viewerMinutes, {ratio("said", "viewerMinutes")} AS density
        FROM (SELECT sum(messages) AS said, sum(watched) / 60000 AS viewerMinutes FROM ({both(of)}))"""


def density_series(of: Relations) -> str:
    steps = f"SELECT {STEP}, sum(messages) AS said, sum(watched) / 60000 AS minutes FROM ({both(of)}) GROUP BY step"
    return by_step(f"said AS messages, minutes AS viewerMinutes, {ratio('said', 'minutes')} AS density", steps)


def velocity_totals(of: Relations) -> str:
    return f"""
        SELECT sum(number) AS reactions, max(most) / 10 AS fastest FROM (
            SELECT ms, sum(count) AS number, sum(fastest) AS most
            FROM ({of.acts}) WHERE act = 'reaction' GROUP BY ms)"""


def velocity_series(of: Relations) -> str:
    """Reactions a second by step; in steps that are wider than a minute nothing says how unusual they are."""
    if of.minutes:
        return VELOCITY_BY_TENS
    steps = f"""
        SELECT {STEP}, sum(count) AS reactions, max(fastest) AS fastest
        FROM ({of.acts}) WHERE act = 'reaction' GROUP BY step"""
    return by_step(f"reactions, reactions / {SECONDS} AS velocity, fastest / 10 AS fastest", steps)


# Ten seconds against the five minutes before them, of the cells' minutes.
VELOCITY_BY_TENS = f"""
SELECT fromUnixTimestamp64Milli({STEP.replace(" AS step", "")}, 'UTC') AS at, sum(number) AS reactions,
       reactions / {SECONDS} AS velocity, max(number) / 10 AS fastest, max(z) AS z
FROM (
    SELECT ms, number, if(deviation = 0, 0, round((number - mean) / deviation, 6)) AS z
    FROM (
        SELECT ms, number, avg(number) OVER trailing AS mean, stddevPop(number) OVER trailing AS deviation
        FROM (
            SELECT ms, sum(few) AS number
            FROM (
                SELECT toInt64(toUnixTimestamp(at)) * 1000 + (ten - 1) * 10000 AS ms, few
                FROM act_cells FINAL ARRAY JOIN tens AS few, arrayEnumerate(tens) AS ten
                WHERE about IN {{about:Array(UUID)}} AND grain = 60 AND act = 'reaction'
                  AND at >= toDateTime(intDiv({{since:Int64}}, 1000) - 300, 'UTC')
                  AND at < toDateTime(intDiv({{until:Int64}} + 59999, 1000), 'UTC')
            )
            GROUP BY ms ORDER BY ms WITH FILL FROM {{since:Int64}} - 300000 TO {{until:Int64}} STEP 10000
        )
        WINDOW trailing AS (ORDER BY ms ROWS BETWEEN 30 PRECEDING AND 1 PRECEDING)
    )
)
WHERE ms >= {{since:Int64}} AND ms < {{until:Int64}} GROUP BY at ORDER BY at"""


def gifts_totals(of: Relations) -> str:
    return f"""
        SELECT sum(cells.tokens) AS tokens, sum(cells.paid) AS paid, sum(cells.bonus) AS bonus,
               sum(cells.count) AS count, uniqExactArray(people) AS gifters, paid * {CREATOR_PERCENT} / 100 AS netCents
        FROM ({of.acts}) AS cells WHERE act = 'gift'"""


def gifts_by_code(of: Relations) -> str:
    return f"""
        SELECT cells.code AS code, sum(cells.count) AS count, sum(cells.qty) AS qty, sum(cells.tokens) AS tokens,
               sum(cells.paid) AS paid, sum(cells.bonus) AS bonus
        FROM ({of.acts}) AS cells WHERE act = 'gift' GROUP BY code HAVING count > 0 ORDER BY tokens DESC, code"""


def gifts_series(of: Relations) -> str:
    steps = f"""
        SELECT {STEP}, sum(cells.tokens) AS tokens, sum(cells.paid) AS paid, sum(cells.bonus) AS bonus,
               sum(cells.count) AS count
        FROM ({of.acts}) AS cells WHERE act = 'gift' GROUP BY step"""
    return by_step(f"tokens, paid, bonus, count, paid * {CREATOR_PERCENT} / 100 AS netCents", steps)


def engagement_totals(of: Relations) -> str:
    """Of the viewers of at least 10 s those with an act; people who acted and were not seen watching are none."""
    return f"""
        WITH viewers AS (SELECT viewer FROM ({of.watched}) WHERE ms >= {{unique:Int64}}),
        acts AS (SELECT act, count, people FROM ({of.acts})),
        (SELECT count() FROM viewers) AS present
        SELECT sumIf(count, act = 'message') AS messages, sumIf(count, act = 'reaction') AS reactions,
               sumIf(count, act = 'vote') AS votes, sumIf(count, act = 'question') AS questions,
               sumIf(count, act = 'gift') AS gifts,
               (SELECT uniqExact(person) FROM (
                    SELECT arrayJoin(people) AS person FROM acts
                    WHERE act IN ('message', 'reaction', 'vote', 'question', 'gift')
                ) WHERE person IN viewers AND person != {{creator:UUID}}) AS engaged,
               {ratio("engaged", "present")} AS rate
        FROM acts"""


def engagement_series(of: Relations) -> str:
    acts = ("message", "reaction", "vote", "question", "gift")
    sums = ", ".join(f"sumIf(count, act = '{act}') AS {act}s" for act in acts)
    return by_step(", ".join(f"{act}s" for act in acts), f"SELECT {STEP}, {sums} FROM ({of.acts}) GROUP BY step")


def followers_totals(of: Relations) -> str:
    return f"""
        SELECT sumIf(count, act = 'follow') AS followed, sumIf(count, act = 'unfollow') AS unfollowed,
               toInt64(followed) - toInt64(unfollowed) AS growth
        FROM ({of.acts})"""


def followers_by_source(of: Relations) -> str:
    return f"""
        SELECT code AS source, sum(cells.count) AS count FROM ({of.acts}) AS cells WHERE act = 'follow'
        GROUP BY source ORDER BY count DESC, source"""


def followers_series(of: Relations) -> str:
    steps = f"""
        SELECT {STEP}, sumIf(count, act = 'follow') AS followed, sumIf(count, act = 'unfollow') AS unfollowed
        FROM ({of.acts}) GROUP BY step"""
    return by_step("followed, unfollowed, toInt64(followed) - toInt64(unfollowed) AS growth", steps)


def polls_totals(of: Relations) -> str:
    return f"""
        SELECT (SELECT count() FROM ({POLLS})) AS polls,
               (SELECT ifNotFinite(avg(turnout), 0) FROM ({POLLS})) AS averageTurnout,
               sumIf(count, act = 'vote') AS votes, sumIf(count, act = 'question') AS questions,
               sumIf(count, act = 'answer') AS answered, {ratio("answered", "questions")} AS answeredRate
        FROM ({of.acts})"""


# Anonymous viewers vote not, so turnout is of all who watched when the poll opened, and at most 1.
POLLS = f"""
SELECT toDateTime64(occurred_at, 3, 'UTC') AS at, question, state, choices, votes, voters, viewers, winner,
       least(1, {ratio("voters", "viewers")}) AS turnout
FROM polls FINAL
WHERE stream_id IN {{streams:Array(UUID)}} AND occurred_at >= fromUnixTimestamp64Milli({{since:Int64}})
  AND occurred_at < fromUnixTimestamp64Milli({{until:Int64}})
ORDER BY at"""

SUPPORTERS = """
SELECT max(last_at) AS at, user_id AS userId, argMax(given.handle, last_at) AS handle, sum(given.gifts) AS gifts,
       sum(given.tokens) AS tokens, sum(given.paid) AS paid
FROM supporters AS given FINAL WHERE stream_id IN {streams:Array(UUID)}
GROUP BY user_id HAVING gifts > 0 ORDER BY tokens DESC, at, userId LIMIT 100"""


MOMENTS = """
SELECT toDateTime64(happened_at, 3, 'UTC') AS at, event_id AS momentId, stream_id AS streamId, score, messages,
       reactions, tokens
FROM moments FINAL
WHERE stream_id IN {streams:Array(UUID)} AND happened_at >= fromUnixTimestamp64Milli({since:Int64})
  AND happened_at < fromUnixTimestamp64Milli({until:Int64})
ORDER BY at"""


def highlights_totals(_: Relations) -> str:
    return f"SELECT count() AS moments, max(score) AS best FROM ({MOMENTS})"


def highlights_series(_: Relations) -> str:
    return MOMENTS


# One that is on air has no end yet, and lasts until now, the end of the stream or that of the span.
SEGMENTS = f"""
SELECT toDateTime64(started_at, 3, 'UTC') AS at,
       if(outcome = '', NULL, toDateTime64(ended_at, 3, 'UTC')) AS endedAt, segment_id AS segmentId,
       stream_id AS streamId, title, outcome,
       (least(toUnixTimestamp64Milli(ifNull(endedAt, now64(3))), {OVER}) - toUnixTimestamp64Milli(at)) / 1000 AS seconds
FROM segments FINAL
WHERE stream_id IN {{streams:Array(UUID)}} AND started_at < fromUnixTimestamp64Milli({{until:Int64}})
  AND (outcome = '' OR ended_at >= fromUnixTimestamp64Milli({{since:Int64}}))
ORDER BY at"""


def segments_totals(_: Relations) -> str:
    return f"""
        SELECT count() AS segments, sum(shown.seconds) AS seconds, countIf(outcome = 'played') AS played
        FROM ({SEGMENTS}) AS shown"""


def segments_series(_: Relations) -> str:
    return SEGMENTS


def supporters_totals(_: Relations) -> str:
    return """
        SELECT uniqExactIf(user_id, gifts > 0) AS supporters, sum(supporters.tokens) AS tokens,
               sum(supporters.paid) AS paid
        FROM supporters FINAL WHERE stream_id IN {streams:Array(UUID)}"""


def supporters_series(_: Relations) -> str:
    return SUPPORTERS


def polls_series(_: Relations) -> str:
    return POLLS


MOMENTS_OF_STREAM = """
SELECT event_id, happened_at, score, messages, reactions, tokens
FROM moments FINAL WHERE stream_id = {stream:UUID} ORDER BY happened_at DESC LIMIT {limit:UInt32}"""
