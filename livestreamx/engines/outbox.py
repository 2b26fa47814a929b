"""The outbox: recorded acts leave their transaction through it. `python -m livestreamx.engines.outbox` is the relay."""

import signal
import sys
import threading
from collections.abc import Sequence

import msgspec

from livestreamx.engines.postgres import Db, struct_row
from livestreamx.events import Event, encode
from livestreamx.observe.tracing import origin_of


class Backlog(msgspec.Struct, frozen=True):
    """What the relay has yet to bring to Kafka: at most so many events, and how long the oldest waits (s)."""

    events: int
    seconds: float


async def record(db: Db, event: Event, *, request_id: str = "") -> None:
    """Write an event in the act's own transaction; the relay brings it to Kafka."""
    await db.execute(
        "INSERT INTO outbox (topic, key, payload, request_id) VALUES (%s, %s, %s, %s)",
        (event.topic.name, event.key, encode(event), origin_of(request_id)),
    )


async def record_all(db: Db, events: Sequence[tuple[Event, str]]) -> None:
    """Write many events, each with the id of its request, in their acts' own transaction, in this order."""
    if not events:
        return
    await db.execute(
        "INSERT INTO outbox (topic, key, payload, request_id) "
        "SELECT topic, key, payload, request_id FROM unnest(%s::text[], %s::text[], %s::bytea[], %s::text[]) "
        "WITH ORDINALITY AS told (topic, key, payload, request_id, place) ORDER BY place",
        (
            [event.topic.name for event, _ in events],
            [event.key for event, _ in events],
            [encode(event) for event, _ in events],
            [request_id for _, request_id in events],
        ),
    )


async def backlog(db: Db) -> Backlog:
    """How far the relay is behind, also when none runs; fast however long the outbox is."""
    async with db.cursor(row_factory=struct_row(Backlog)) as cursor:
        await cursor.execute(
            "SELECT coalesce(max(seq) - min(seq) + 1, 0) AS events, coalesce(extract(epoch FROM clock_timestamp() "
            "- (SELECT created_at FROM outbox ORDER BY seq LIMIT 1)), 0)::float8 AS seconds FROM outbox"
        )
        return (await cursor.fetchall())[0]


def main() -> None:
    """Relay until SIGTERM or Ctrl-C."""
    from livestreamx.engines.relay import Relay
    from livestreamx.observe.logging import configure_logging
    from livestreamx.settings import Settings

    settings = Settings.from_env().require("postgres_url", "kafka_bootstrap")
    configure_logging(level=settings.log_level, json=settings.log_json, role="relay")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    def say_ready() -> None:
        sys.stdout.write("ready\n")
        sys.stdout.flush()

    Relay(settings.postgres_url, settings.kafka_bootstrap, say_ready).run(stop)


if __name__ == "__main__":
    main()
