# ruff: noqa: S608 - every part of these statements is a constant of this module; what is asked for is a parameter
"""All SQL of moments; what is read of the chat leaves out what was taken back since."""

from datetime import UTC, datetime
from uuid import UUID

from clickhouse_connect.driver.asyncclient import AsyncClient

from domain.analytics.model import Moment
from domain.moments.model import AFTER, BEFORE, LASTS, MOST_LINES, GiftGiven, Line
from livestreamx.engines.postgres import Db

FIND = """
SELECT event_id, happened_at, score, messages, reactions, tokens FROM moments FINAL
WHERE stream_id = {stream:UUID} AND event_id = {moment:UUID} LIMIT 1
"""
SPAN = """
stream_id = {stream:UUID}
AND occurred_at >= {since:DateTime64(6, 'UTC')} AND occurred_at < {until:DateTime64(6, 'UTC')}"""
SAID = f"""
SELECT message_id, user_id, handle, text, occurred_at FROM chat_messages FINAL
WHERE {SPAN} AND accepted ORDER BY occurred_at, event_id LIMIT {MOST_LINES}
"""
CLEARED = """
SELECT JSONExtractString(payload, 'target_id'), max(occurred_at) FROM events
WHERE stream_id = {stream:UUID} AND type = 'chat.cleared' GROUP BY 1
"""
MOODS = f"SELECT mood, count() AS number FROM reactions FINAL WHERE {SPAN} GROUP BY mood ORDER BY number DESC, mood"
GIFTS = f"""
SELECT handle, code, sum(qty), sum(tokens) AS worth FROM gifts FINAL
WHERE {SPAN} GROUP BY handle, code ORDER BY worth DESC, handle LIMIT 8
"""


def in_utc(at: datetime) -> datetime:
    """ClickHouse's times are UTC and do not say so."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def span(stream_id: UUID, since: datetime, until: datetime) -> dict[str, str]:
    """The parameters of `SPAN`."""
    written = {"since": since, "until": until}
    times = {name: at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") for name, at in written.items()}
    return {"stream": str(stream_id), **times}


async def find(clickhouse: AsyncClient, stream_id: UUID, moment_id: UUID) -> Moment | None:
    found = await clickhouse.query(FIND, parameters={"stream": str(stream_id), "moment": str(moment_id)})
    for key, at, score, messages, reactions, tokens in found.result_rows:
        return Moment(
            id=UUID(str(key)), at=in_utc(at), score=score, messages=messages, reactions=reactions, tokens=tokens
        )
    return None


async def said(clickhouse: AsyncClient, stream_id: UUID, at: datetime) -> list[Line]:
    """The chat around a moment, oldest first, without what a moderator cleared."""
    parameters = span(stream_id, at - BEFORE, at + LASTS + AFTER)
    cleared = await clickhouse.query(CLEARED, parameters={"stream": str(stream_id)})
    until = {target: in_utc(when) for target, when in cleared.result_rows}
    lines = [
        Line(message_id=UUID(str(message)), user_id=UUID(str(user)), handle=handle, text=text, at=in_utc(when))
        for message, user, handle, text, when in (await clickhouse.query(SAID, parameters=parameters)).result_rows
    ]
    return [
        line for line in lines if all(line.at > until[target] for target in ("", str(line.user_id)) if target in until)
    ]


async def deleted_among(db: Db, message_ids: list[UUID]) -> frozenset[UUID]:
    """Those of the messages that were taken back."""
    done = await db.execute("SELECT message_id FROM chat_deletions WHERE message_id = ANY (%s)", (message_ids,))
    return frozenset(row[0] for row in await done.fetchall())


async def moods(clickhouse: AsyncClient, stream_id: UUID, at: datetime) -> dict[str, int]:
    """Reactions of the moment itself by mood, the most first."""
    found = await clickhouse.query(MOODS, parameters=span(stream_id, at, at + LASTS))
    return {str(mood): int(number) for mood, number in found.result_rows}


async def gifts(clickhouse: AsyncClient, stream_id: UUID, at: datetime) -> list[GiftGiven]:
    """Gifts of the moment itself, the dearest first."""
    found = await clickhouse.query(GIFTS, parameters=span(stream_id, at, at + LASTS))
    return [
        GiftGiven(handle=handle, code=code, qty=qty, tokens=tokens) for handle, code, qty, tokens in found.result_rows
    ]
