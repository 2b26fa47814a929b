"""A creator's year in ClickHouse, laid out by the database itself: streams, visits, chat, reactions, gifts, moods."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from clickhouse_connect.driver.client import Client

BEGAN = datetime(2026, 1, 5, 18, tzinfo=UTC)
CREATOR = UUID(int=0xC0FFEE << 64)
HEARTBEAT_SECONDS = 15


class Size(msgspec.Struct, frozen=True):
    """How much there is: streams of `minutes`, one a day; visits of each, and acts by their number in all."""

    streams: int
    minutes: int
    visits: int
    people: int
    acts: int

    @classmethod
    def of_rows(cls, rows: int) -> "Size":
        """About so many raw rows: three fifths signs of life, the rest acts."""
        streams = min(300, max(3, rows // 30_000))
        visits = max(20, rows * 3 // 5 // streams // 90)
        return cls(streams=streams, minutes=120, visits=visits, people=visits * streams // 6, acts=rows * 2 // 5)


STREAM = "toUUID('00c0ffee-0000-7000-8000-' || leftPad(toString({0}), 12, '0'))"
PERSON = "toUUID('00000001-0000-4000-8000-' || leftPad(toString({0}), 12, '0'))"
EVENT = "reinterpretAsUUID(sipHash128({0}, number))"
MOODS = "['hype', 'joy', 'love', 'surprise', 'sad', 'angry', 'calm']"
CODES = "['HEART', 'ROSE', 'CONFETTI', 'ROCKET']"

LIFE = f"""
INSERT INTO lifecycle (stream_id, occurred_at, event_id, type, creator_id, started_at, ended_at)
SELECT {STREAM.format("number")}, occurred, {EVENT.format(10)}, 'stream.ended', {{creator:UUID}}, began, occurred
FROM (SELECT number, addDays(toDateTime64({{began:String}}, 6, 'UTC'), number) AS began, {{seconds:UInt64}} AS seconds,
             addSeconds(began, seconds) AS occurred FROM numbers({{streams:UInt64}}))"""

# A visit begins somewhere in its stream and lasts from 15 s to an hour; who is there at the end stays on for a minute.
PRESENCE = f"""
INSERT INTO presence (stream_id, occurred_at, event_id, kind, creator_id, user_id, anon_id, session_id, focus)
SELECT {STREAM.format("stream")},
       addSeconds(toDateTime64({{began:String}}, 6, 'UTC'), stream * 86400 + join + beat * 15),
       reinterpretAsUUID(sipHash128(number, beat)), if(beat = 0, 'joined', 'heartbeat'), {{creator:UUID}},
       if(person % 5 = 0, toUUID('00000000-0000-0000-0000-000000000000'), {PERSON.format("person")}),
       if(person % 5 = 0, 'cookie-' || toString(person), ''), toString(number), true
FROM (
    SELECT number, intDiv(number, {{visits:UInt64}}) AS stream, cityHash64(number, 1) % {{people:UInt64}} AS person,
           cityHash64(number, 2) % ({{seconds:UInt64}} - 60) AS join,
           least(1 + cityHash64(number, 3) % 180, intDiv({{seconds:UInt64}} - join, 15) + 4) AS beats
    FROM numbers({{streams:UInt64}} * {{visits:UInt64}})
) ARRAY JOIN range(toUInt64(beats) + 1) AS beat"""

ACT = """
    SELECT number, cityHash64(number, 4) % {streams:UInt64} AS stream,
           cityHash64(number, 5) % {seconds:UInt64} AS second,
           cityHash64(stream, cityHash64(number, 6) % 800) % {people:UInt64} AS person
    FROM numbers({acts:UInt64})"""
AT = "addSeconds(toDateTime64({began:String}, 6, 'UTC'), stream * 86400 + second)"
WHO = f"{STREAM.format('stream')}, {AT}, {EVENT.format(4)}, {{creator:UUID}}, {PERSON.format('person')}"

CHAT = f"""
INSERT INTO chat_messages (stream_id, occurred_at, event_id, creator_id, user_id, message_id, handle, text, length,
                           accepted)
SELECT {WHO}, {EVENT.format(7)}, 'viewer', 'hello', 5, true FROM ({ACT}) WHERE number % 3 != 0"""

REACTIONS = f"""
INSERT INTO reactions (stream_id, occurred_at, event_id, creator_id, user_id, mood)
SELECT {WHO}, {MOODS}[1 + number % 7] FROM ({ACT}) WHERE number % 3 = 0 AND number % 30 != 0"""

GIFTS = f"""
INSERT INTO gifts (stream_id, occurred_at, event_id, creator_id, user_id, gift_event_id, handle, code, qty, tokens,
                   paid, bonus)
SELECT {WHO}, {EVENT.format(4)}, 'viewer', {CODES}[1 + number % 4], 1, 10, number % 11, 10 - number % 11
FROM ({ACT}) WHERE number % 30 = 0"""

SHOWN = f"""
INSERT INTO recommendations (stream_id, occurred_at, event_id, type, user_id, position)
SELECT {STREAM.format("stream")}, {AT}, {EVENT.format(8)}, 'rec.impression', {PERSON.format("person")}, 0
FROM ({ACT}) WHERE number % 20 = 0"""

FOLLOWS = f"""
INSERT INTO follows (creator_id, occurred_at, event_id, type, user_id, source)
SELECT {{creator:UUID}}, {AT}, {EVENT.format(9)}, if(number % 400 = 0, 'follow.removed', 'follow.added'),
       {PERSON.format("person")}, 'watch' FROM ({ACT}) WHERE number % 100 = 0"""

MOOD_STATES = f"""
INSERT INTO mood_states (stream_id, hop_end, event_id, mood, intensity, shares, reactors, since)
SELECT {STREAM.format("stream")}, addSeconds(toDateTime64({{began:String}}, 6, 'UTC'), stream * 86400 + 5 * hop),
       reinterpretAsUUID(sipHash128(stream, hop)), {MOODS}[1 + intDiv(hop, 24) % 7], 0.5,
       map({MOODS}[1 + intDiv(hop, 24) % 7], 0.5, 'joy', 0.5), 5,
       addSeconds(toDateTime64({{began:String}}, 6, 'UTC'), stream * 86400 + 5 * (hop - hop % 24))
FROM (SELECT number, number % {{streams:UInt64}} AS stream, 1 + intDiv(number, {{streams:UInt64}}) AS hop
      FROM numbers({{streams:UInt64}} * (intDiv({{seconds:UInt64}}, 5) + 6)))"""

TABLES = ("lifecycle", "presence", "chat_messages", "reactions", "gifts", "recommendations", "follows", "mood_states")


def write(db: Client, size: Size, creator: UUID = CREATOR, began: datetime = BEGAN) -> int:
    """Write the year; how many raw rows there are."""
    parameters = {
        "began": f"{began:%Y-%m-%d %H:%M:%S}",
        "creator": str(creator),
        "seconds": size.minutes * 60,
        **{name: getattr(size, name) for name in ("streams", "visits", "people", "acts")},
    }
    for statement in (LIFE, PRESENCE, CHAT, REACTIONS, GIFTS, SHOWN, FOLLOWS, MOOD_STATES):
        db.command(statement, parameters=parameters)
    return sum(int(db.query(f"SELECT count() FROM {table}").result_rows[0][0]) for table in TABLES)


def lives(size: Size, began: datetime = BEGAN) -> list[tuple[UUID, datetime, datetime]]:
    """Each stream with its begin and its end."""
    days = [began + timedelta(days=number) for number in range(size.streams)]
    length = timedelta(minutes=size.minutes)
    return [(UUID(f"00c0ffee-0000-7000-8000-{number:012}"), day, day + length) for number, day in enumerate(days)]
