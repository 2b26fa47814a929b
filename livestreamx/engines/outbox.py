"""The outbox: recorded acts leave their transaction through it."""

from livestreamx.engines.postgres import Db
from livestreamx.events import Event, encode


async def record(db: Db, event: Event, *, request_id: str = "") -> None:
    """Write an event in the act's own transaction; the relay brings it to Kafka."""
    await db.execute(
        "INSERT INTO outbox (topic, key, payload, request_id) VALUES (%s, %s, %s, %s)",
        (event.topic.name, event.key, encode(event), request_id),
    )
