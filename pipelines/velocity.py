"""Velocity: who gives more within an hour than people do, and who is given to by many new accounts at once.

Limits before the charge are `domain/fraud/guard.py`; this looks at the log, whatever door a gift came through, and only
shows people to the admins.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import psycopg
from redis import Redis

from domain.fraud.model import account_age
from domain.fraud.service import flag
from livestreamx import keys, topics
from livestreamx.clock import now
from livestreamx.events import GiftSent
from pipelines.effects import Effects
from pipelines.feed import Pace
from pipelines.records import Record

NAME = "velocity"
TOPICS = (topics.ECONOMY,)
PACE = Pace(ticks=True)
HOUR = 3600
KEPT_SECONDS = 2 * HOUR
TOKENS_AN_HOUR = 50_000
GIFTS_AN_HOUR = 500
NEW_GIVERS_AN_HOUR = 25
NEW = timedelta(days=1)
MOST = 100
LIMITS = {"tokens": TOKENS_AN_HOUR, "gifts": GIFTS_AN_HOUR, "new_givers": NEW_GIVERS_AN_HOUR}
"""What makes somebody worth a look, by what is counted."""


def count(records: Sequence[Record]) -> Effects:
    """What these gifts add to the hour of their senders and receivers."""
    effects = Effects()
    for record in records:
        event = record.event
        if not isinstance(event, GiftSent) or event.user_id is None:
            continue
        hour, room = int(event.occurred_at.timestamp()) // HOUR, str(event.stream_id or "-")
        told = (keys.velocity_news(), str(event.user_id), room)
        key = keys.velocity(event.user_id, hour)
        effects.call("tally", key, "tokens", event.tokens, *told, [(TOKENS_AN_HOUR, f"tokens:{hour}")])
        effects.call("tally", key, "gifts", 1, *told, [(GIFTS_AN_HOUR, f"gifts:{hour}")])
        effects.expire(key, KEPT_SECONDS)
        if event.creator_id is not None and account_age(event.user_id) < NEW:
            crowd, marks = keys.velocity_givers(event.creator_id, hour), keys.velocity(event.creator_id, hour)
            limit = [(NEW_GIVERS_AN_HOUR, f"new_givers:{hour}")]
            told = (keys.velocity_news(), str(event.creator_id), room)
            effects.call("crowd", crowd, [str(event.user_id)], KEPT_SECONDS, marks, *told, limit)
            effects.expire(marks, KEPT_SECONDS)
    return effects


class Flags:
    """Raises the flags that the flow has found reason for."""

    def __init__(self, redis: Redis, postgres_url: str) -> None:
        self._redis, self._url = redis, postgres_url

    def after(self, _records: Sequence[Record], _results: list[Any]) -> None:
        """Raise them; one that is open is not raised again, so a crash in between repeats nothing."""
        while waiting := cast(list[bytes], self._redis.lrange(keys.velocity_news(), 0, MOST - 1)):
            asyncio.run(self._raise([entry.decode().split() for entry in waiting]))
            with self._redis.pipeline() as pipe:
                for entry in waiting:
                    pipe.lrem(keys.velocity_news(), 1, cast(str, entry))
                pipe.execute()

    async def _raise(self, entries: Sequence[Sequence[str]]) -> None:
        async with await psycopg.AsyncConnection.connect(self._url, application_name="livestreamx-velocity") as db:
            for _, user, reason, _ in entries:
                what, _, hour = reason.partition(":")
                evidence = {"what": what, "limit": LIMITS[what], "hour": int(hour), "seen": now().isoformat()}
                await flag(db, "velocity", UUID(user), what, evidence)
