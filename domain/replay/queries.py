# ruff: noqa: S608 - every part of these statements is a constant of this module; what is asked for is a parameter
"""All SQL of what was said; what a moderator cleared, or somebody took back, is left out."""

from datetime import UTC, datetime
from uuid import UUID

from clickhouse_connect.driver.asyncclient import AsyncClient

from domain.replay.model import Line, Stretch
from livestreamx.engines.postgres import Db

SPAN = """
stream_id = {stream:UUID}
AND occurred_at >= {since:DateTime64(6, 'UTC')} AND occurred_at < {until:DateTime64(6, 'UTC')}"""
SAID = f"""
SELECT message_id, user_id, handle, text, occurred_at FROM chat_messages FINAL
WHERE {SPAN} AND accepted
AND (occurred_at, toString(message_id)) > ({{after:DateTime64(6, 'UTC')}}, {{last:String}})
ORDER BY occurred_at, toString(message_id) LIMIT {{most:UInt32}}
"""
CLEARED = """
SELECT JSONExtractString(payload, 'target_id'), max(occurred_at) FROM events
WHERE stream_id = {stream:UUID} AND type = 'chat.cleared' GROUP BY 1
"""


def in_utc(at: datetime) -> datetime:
    """ClickHouse's times are UTC and do not say so."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def as_asked(at: datetime) -> str:
    """A time as a parameter."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def span(stream_id: UUID, since: datetime, until: datetime) -> dict[str, str]:
    """The parameters of `SPAN`."""
    return {"stream": str(stream_id), "since": as_asked(since), "until": as_asked(until)}


async def said(clickhouse: AsyncClient, stretch: Stretch, most: int) -> list[Line]:
    """What was said, the oldest first, whatever became of it."""
    at, last = stretch.after or (stretch.since, "")
    parameters = span(stretch.stream_id, stretch.since, stretch.until)
    found = await clickhouse.query(
        SAID, parameters={**parameters, "after": as_asked(at), "last": str(last), "most": most}
    )
    return [
        Line(message_id=UUID(str(message)), user_id=UUID(str(user)), handle=handle, text=text, at=in_utc(when))
        for message, user, handle, text, when in found.result_rows
    ]


async def cleared(clickhouse: AsyncClient, stream_id: UUID) -> dict[str, datetime]:
    """Until when the chat was cleared of whom; the empty id stands for everybody."""
    found = await clickhouse.query(CLEARED, parameters={"stream": str(stream_id)})
    return {target: in_utc(when) for target, when in found.result_rows}


async def deleted_among(db: Db, message_ids: list[UUID]) -> frozenset[UUID]:
    """Those of the messages that were taken back."""
    done = await db.execute("SELECT message_id FROM chat_deletions WHERE message_id = ANY (%s)", (message_ids,))
    return frozenset(row[0] for row in await done.fetchall())
