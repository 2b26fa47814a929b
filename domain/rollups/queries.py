# ruff: noqa: S608 - every part of these statements is a constant of this file; what is asked for is a parameter
"""All SQL that makes rollups. Each statement writes absolute numbers, so it may run any number of times."""

from domain.rollups.model import Source
from features.mood import HOP_MS
from features.visits import SESSION_GAP_MS

NEVER = "9223372036854775807"
KNOWN_OF_VISITS = 30
"""The bit from which a visit's version says what is known of its stream's life; below it are the signs."""
NOBODY = "toUUID('00000000-0000-0000-0000-000000000000')"

COMES = (
    "occurred_at >= fromUnixTimestamp64Milli({since:Int64}) AND occurred_at < fromUnixTimestamp64Milli({until:Int64})"
)
OF_STREAMS = f"stream_id IN {{about:Array(UUID)}} AND {COMES}"
NO_TOKENS = "0 AS tokens, 0 AS paid, 0 AS bonus, 0 AS clawbacks"
CLAWED = """(
            SELECT gift_event_id, sum(tokens) AS clawed, count() AS clawbacks FROM gift_clawbacks FINAL
            WHERE stream_id IN {about:Array(UUID)} GROUP BY gift_event_id) AS lost USING (gift_event_id)"""
"""What disputes took of each gift; how often it changed makes a version newer."""

ROOM_ACTS = {
    "poll.voted": "vote",
    "qa.asked": "question",
    "qa.upvoted": "upvote",
    "qa.answered": "answer",
    "challenge.contributed": "contribution",
}

# Acts with the same columns: whose, when, what, whether it counts (not taken back), how much, and who.
ACTS: dict[Source, str] = {
    "chat_messages": f"""
        SELECT stream_id AS about, occurred_at, 'message' AS act, '' AS code, accepted AS counts, 1 AS qty,
               {NO_TOKENS}, user_id AS person
        FROM chat_messages FINAL WHERE {OF_STREAMS}""",
    "reactions": f"""
        SELECT stream_id AS about, occurred_at, 'reaction' AS act, '' AS code, true AS counts, 1 AS qty,
               {NO_TOKENS}, user_id AS person
        FROM reactions FINAL WHERE {OF_STREAMS}""",
    "gifts": f"""
        SELECT stream_id AS about, occurred_at, 'gift' AS act, toString(code) AS code,
               gift_event_id NOT IN (SELECT gift_event_id FROM gift_refunds WHERE stream_id IN {{about:Array(UUID)}})
               AS counts, qty, toUInt64(gifts.tokens - clawed) AS tokens, toUInt64(gifts.paid - clawed) AS paid, bonus,
               clawbacks, user_id AS person
        FROM gifts FINAL LEFT JOIN {CLAWED} WHERE {OF_STREAMS}""",
    "follows": f"""
        SELECT creator_id AS about, occurred_at, if(type = 'follow.added', 'follow', 'unfollow') AS act,
               toString(source) AS code, true AS counts, 1 AS qty, {NO_TOKENS}, user_id AS person
        FROM follows FINAL WHERE creator_id IN {{about:Array(UUID)}} AND {COMES}""",
    "room_acts": f"""
        SELECT stream_id AS about, occurred_at,
               transform(toString(type), {[*ROOM_ACTS]}, {[*ROOM_ACTS.values()]}, '') AS act,
               if(act = 'vote', toString(subject), '') AS code, true AS counts, 1 AS qty, {NO_TOKENS}, user_id AS person
        FROM room_acts FINAL WHERE {OF_STREAMS} AND act != ''""",
}

TENS = ", ".join(f"countIf(counts AND ten = {ten})" for ten in range(6))


def act_minutes(source: Source) -> str:
    """The minutes of these acts; an act that does not count any more still makes the newer version."""
    return f"""
        INSERT INTO act_cells
        SELECT about, 60 AS grain, toStartOfMinute(toDateTime(occurred_at, 'UTC')) AS at, act, code,
               countIf(counts) AS count, sumIf(acts.qty, counts) AS qty, sumIf(acts.tokens, counts) AS tokens,
               sumIf(acts.paid, counts) AS paid, sumIf(acts.bonus, counts) AS bonus,
               [{TENS}] AS tens, arrayMax(tens) AS fastest,
               groupUniqArrayIf(person, counts AND person != {NOBODY}) AS people,
               count() + countIf(NOT counts) + sum(acts.clawbacks) AS made_of
        FROM (SELECT *, intDiv(toSecond(occurred_at), 10) AS ten FROM ({ACTS[source]})) AS acts
        GROUP BY about, at, act, code"""


def wider(table: str, key: str, *, columns: str, by: str, grain: int, narrower: int) -> str:
    """Cells of a wider grain from all the narrower ones that they hold."""
    return f"""
        INSERT INTO {table}
        SELECT cells.{key}, {grain} AS grain,
               toStartOfInterval(cells.at, INTERVAL {grain} SECOND, 'UTC') AS at, {columns},
               sum(cells.made_of) AS made_of
        FROM {table} AS cells FINAL
        WHERE cells.{key} IN {{about:Array(UUID)}} AND cells.grain = {narrower}
          AND cells.at >= toDateTime(intDiv({{since:Int64}}, {grain}000) * {grain}, 'UTC')
          AND cells.at < toDateTime(intDiv({{until:Int64}} + {grain}000 - 1, {grain}000) * {grain}, 'UTC')
        GROUP BY {by}"""


def act_cells(grain: int, narrower: int) -> str:
    sums = ", ".join(f"sum(cells.{name}) AS {name}" for name in ("count", "qty", "tokens", "paid", "bonus"))
    columns = (
        f"cells.act, cells.code, {sums}, CAST([], 'Array(UInt32)') AS tens, max(cells.fastest) AS fastest, "
        "groupUniqArrayArray(cells.people) AS people"
    )
    return wider(
        "act_cells",
        "about",
        columns=columns,
        by="cells.about, at, cells.act, cells.code",
        grain=grain,
        narrower=narrower,
    )


def audience_cells(grain: int, narrower: int) -> str:
    columns = "sum(cells.watched_ms) AS watched_ms, CAST([], 'Array(UInt32)') AS samples, max(cells.peak) AS peak"
    return wider(
        "audience_cells", "stream_id", columns=columns, by="cells.stream_id, at", grain=grain, narrower=narrower
    )


def mood_cells(grain: int, narrower: int) -> str:
    columns = (
        "cells.mood, sum(cells.hops) AS hops, sum(cells.intensity) AS intensity, sumMap(cells.shares) AS shares, "
        "max(cells.reactors) AS reactors, sum(cells.changes) AS changes, sum(cells.felt_ms) AS felt_ms"
    )
    return wider(
        "mood_cells", "stream_id", columns=columns, by="cells.stream_id, at, cells.mood", grain=grain, narrower=narrower
    )


def lives(streams: str) -> str:
    """When streams were live (ms since the epoch; what is unknown is 0), `known` of both ends.

    Of two versions of a cell the one that knows more of them holds, whichever signs it is made of.
    """
    return f"""
        SELECT stream_id, ifNull(toUnixTimestamp64Milli(min(started_at)), 0) AS began,
               ifNull(toUnixTimestamp64Milli(min(ended_at)), 0) AS closed,
               toUInt64(began > 0) + toUInt64(closed > 0) AS known
        FROM lifecycle FINAL WHERE stream_id IN {{{streams}:Array(UUID)}} GROUP BY stream_id"""


LIVES = lives("about")
UNTIL = f"if(closed = 0, {NEVER}, closed)"


def while_live(sessions: str) -> str:
    """The parts of sessions in which the stream was live."""
    parts = f"arrayMap(one -> (greatest(one.1, began), least(one.2, {UNTIL})), {sessions})"
    return f"arrayFilter(one -> one.1 <= one.2, {parts})"


# Every session of the viewers who gave a sign between the times: all their signs in the stream, cut at each silence.
VISITS = f"""
INSERT INTO visits
SELECT stream_id, viewer, creator_id, signed, fromUnixTimestamp64Milli(sessions[1].1, 'UTC') AS began,
       fromUnixTimestamp64Milli(sessions[-1].2, 'UTC') AS ended,
       arraySum(session -> session.2 - session.1, sessions) AS watched_ms, sessions, signs AS made_of
FROM (
    SELECT stream_id, viewer, creator_id, signed, {while_live("stretches")} AS sessions,
           length(moments) + bitShiftLeft(known, {KNOWN_OF_VISITS}) AS signs
    FROM (
        SELECT stream_id, viewer, any(creator_id) AS creator_id, any(signed) AS signed,
               arraySort(groupUniqArray(toUnixTimestamp64Milli(at))) AS moments,
               arrayMap(stretch -> (stretch[1], stretch[-1]),
                        arraySplit((_, gap) -> gap > {SESSION_GAP_MS}, moments, arrayDifference(moments))) AS stretches
        FROM signs
        WHERE stream_id IN {{about:Array(UUID)}} AND (stream_id, viewer) IN (
            SELECT stream_id, if(user_id = {NOBODY}, reinterpretAsUUID(sipHash128(anon_id)), user_id)
            FROM presence WHERE {OF_STREAMS}
        )
        GROUP BY stream_id, viewer
    ) AS viewers LEFT JOIN ({LIVES}) AS lives USING (stream_id)
)"""

# A sign reaches 45 s back and forth, so the minutes before and after are made anew too. The version counts the signs
# of those who were there: every sign that changes a minute adds to it. What an end takes away leaves cells of nothing.
AUDIENCE_MINUTES = f"""
INSERT INTO audience_cells
WITH {{since:Int64}} - 60000 AS first, {{until:Int64}} + 60000 AS last
SELECT stream_id, 60 AS grain, toDateTime(intDiv(minute, 1000), 'UTC') AS at, sum(ms) AS watched_ms,
       sumForEach(open) AS samples, arrayMax(samples) AS peak, sum(signs) + bitShiftLeft(max(known), 40) AS made_of
FROM (
    SELECT stream_id, viewer, minute, any(known) AS known, any(made_of) AS signs,
           sum(least(until, minute + 60000) - greatest(since, minute)) AS ms,
           groupBitOrForEach(arrayMap(ten -> toUInt32(minute + ten * 10000 BETWEEN since AND until), range(6))) AS open
    FROM (
        SELECT stream_id, viewer, known, made_of, session.1 AS since, session.2 AS until,
               arrayJoin(range(toUInt64(intDiv(greatest(since, first), 60000)),
                               toUInt64(intDiv(least(until, last - 1), 60000)) + 1)) * 60000 AS minute
        FROM (
            SELECT stream_id, viewer, known, bitAnd(made_of, bitShiftLeft(1, {KNOWN_OF_VISITS}) - 1) AS made_of,
                   {while_live("sessions")} AS parts
            FROM (SELECT stream_id, viewer, made_of, sessions FROM visits FINAL
                  WHERE stream_id IN {{about:Array(UUID)}}) AS visits
            LEFT JOIN ({LIVES}) AS lives USING (stream_id)
        ) ARRAY JOIN parts AS session
        WHERE session.1 < last AND session.2 >= first
    )
    GROUP BY stream_id, viewer, minute
    UNION ALL
    SELECT stream_id, {NOBODY} AS viewer, toUInt64(toUnixTimestamp(at)) * 1000 AS minute, known, 0 AS signs,
           toInt64(0) AS ms, CAST([0, 0, 0, 0, 0, 0], 'Array(UInt32)') AS open
    FROM (SELECT stream_id, at FROM audience_cells FINAL
          WHERE stream_id IN {{about:Array(UUID)}} AND grain = 60 AND at >= toDateTime(intDiv(first, 1000), 'UTC')
            AND at < toDateTime(intDiv(last, 1000), 'UTC')) AS cells
    LEFT JOIN ({LIVES}) AS lives USING (stream_id)
)
GROUP BY stream_id, minute"""


def hops(streams: str) -> str:
    """The moods told between two times, and how long (ms) each held while the stream was live."""
    end = "toUnixTimestamp64Milli(hop_end)"
    return f"""
        SELECT states.*, known,
               toUInt64(greatest(0, least({end}, {UNTIL}) - greatest({end} - {HOP_MS}, began))) AS felt
        FROM (
            SELECT * FROM mood_states FINAL
            WHERE stream_id IN {{{streams}:Array(UUID)}} AND hop_end > fromUnixTimestamp64Milli({{since:Int64}})
              AND hop_end <= fromUnixTimestamp64Milli({{until:Int64}})
        ) AS states LEFT JOIN ({lives(streams)}) AS lives USING (stream_id)"""


# Rounded, as the sum of fractions depends on the order in which they are read.
MOODS_FELT = """
       countIf(felt > 0) AS hops, round(sumIf(told.intensity, felt > 0), 9) AS intensity,
       mapApply((name, share) -> (name, round(share, 9)), sumMapIf(told.shares, felt > 0)) AS shares,
       maxIf(told.reactors, felt > 0) AS reactors,
       countIf(since = hop_end AND felt > 0) AS changes, sum(felt) AS felt_ms"""

MOOD_MINUTES = f"""
INSERT INTO mood_cells
SELECT stream_id, 60 AS grain, toStartOfMinute(toDateTime(hop_end - INTERVAL 1 MILLISECOND, 'UTC')) AS at, mood,
       {MOODS_FELT}, count() + bitShiftLeft(max(known), 40) AS made_of
FROM ({hops("about")}) AS told
GROUP BY stream_id, at, mood"""

SUPPORTERS = f"""
INSERT INTO supporters
SELECT stream_id, user_id, argMax(given.handle, occurred_at) AS handle, countIf(kept) AS gifts,
       sumIf(given.tokens - given.clawed, kept) AS tokens, sumIf(given.paid - given.clawed, kept) AS paid,
       max(occurred_at) AS last_at, count() + countIf(NOT kept) + sum(given.clawbacks) AS made_of
FROM (
    SELECT *, gift_event_id NOT IN (SELECT gift_event_id FROM gift_refunds WHERE stream_id IN {{about:Array(UUID)}})
           AS kept
    FROM gifts FINAL LEFT JOIN {CLAWED} WHERE stream_id IN {{about:Array(UUID)}}
) AS given
GROUP BY stream_id, user_id"""

HOUR, DAY = 3600, 86_400


def statements(source: Source) -> list[str]:
    """What makes the rollups of a source anew, narrow ones first."""
    if source == "presence":
        return [VISITS, AUDIENCE_MINUTES, audience_cells(HOUR, 60), audience_cells(DAY, HOUR)]
    if source == "mood_states":
        return [MOOD_MINUTES, mood_cells(HOUR, 60), mood_cells(DAY, HOUR)]
    acts = [act_minutes(source), act_cells(HOUR, 60), act_cells(DAY, HOUR)]
    return [*acts, SUPPORTERS] if source == "gifts" else acts


# Whose history of a source there is between two times, for making everything anew.
WHO: dict[Source, str] = {
    source: f"SELECT DISTINCT {'creator_id' if source == 'follows' else 'stream_id'} FROM {source} WHERE "
    + COMES.replace("occurred_at", "hop_end" if source == "mood_states" else "occurred_at")
    for source in (*ACTS, "presence", "mood_states")
}

READ_AGAIN = [
    f"INSERT INTO {table} SELECT * FROM {table} WHERE {COMES}"
    for table in ("presence", "recommendations", "chat_messages", "reactions", "gifts", "room_acts", "follows")
]
"""What makes the views that follow inserts see old rows too."""
