"""Leaderboards: who gave, who took part, who was given, per stream, week, season and over all.

Gift boards count all tokens, creator boards only the paid ones, engagement boards acts by their weight
(features/leaderboards.py); a creator's own acts do not count.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from redis import Redis

from features.leaderboards import ENGAGEMENT, Board, Standing, decompose, standings
from livestreamx import keys, topics
from livestreamx.clock import now
from livestreamx.engines.bus import PlainRoomBus
from livestreamx.events import (
    ChatMessage,
    Event,
    GiftClawback,
    GiftRefunded,
    GiftSent,
    PollVoted,
    QuestionAsked,
    QuestionUpvoted,
    ReactionSent,
)
from livestreamx.frames import LeaderboardRow, LeaderboardUpdate
from pipelines.effects import Effects
from pipelines.feed import Pace
from pipelines.records import Record

NAME = "leaderboards"
TOPICS = (topics.INTERACTIONS, topics.ECONOMY, topics.LIFECYCLE)
PACE = Pace(ticks=True)
SHOWN = 10
HOUR = 3600
FRAME_SECONDS = 1.0


def count(records: Sequence[Record]) -> Effects:
    """What these events add to the boards."""
    effects = Effects()
    scores: dict[tuple[Board, UUID, UUID | None, int], tuple[int, datetime]] = {}
    for record in records:
        event = record.event
        for board, who, more in points(event):
            # weeks and seasons begin with an hour, so that all acts of one hour count on the same boards
            key = (board, who, event.stream_id, int(event.counts_at.timestamp()) // HOUR)
            total, last = scores.get(key, (0, event.counts_at))
            scores[key] = (total + more, max(last, event.counts_at))
        if isinstance(event, ChatMessage | GiftSent | QuestionAsked) and event.user_id is not None:
            effects.put(keys.handles(), str(event.user_id), event.handle)
    for (board, who, stream, _), (more, last) in scores.items():
        place(effects, board, who, more, standings(last, stream))
    return effects


def points(event: Event) -> Iterator[tuple[Board, UUID, int]]:
    """The boards that an event counts on, for whom and how much: below zero for a gift that was taken back."""
    if event.user_id is None or event.user_id == event.creator_id:
        return
    match event:
        case ChatMessage(accepted=True):
            yield "engagement", event.user_id, ENGAGEMENT["message"]
        case ReactionSent():
            yield "engagement", event.user_id, ENGAGEMENT["reaction"]
        case PollVoted():
            yield "engagement", event.user_id, ENGAGEMENT["vote"]
        case QuestionAsked():
            yield "engagement", event.user_id, ENGAGEMENT["question"]
        case QuestionUpvoted():
            yield "engagement", event.user_id, ENGAGEMENT["upvote"]
        case GiftSent():
            yield "engagement", event.user_id, ENGAGEMENT["gift"]
            yield "gifts", event.user_id, event.tokens
            if event.creator_id is not None and event.paid:
                yield "creators", event.creator_id, event.paid
        case GiftRefunded():
            yield "engagement", event.user_id, -ENGAGEMENT["gift"]
            yield "gifts", event.user_id, -event.tokens
            if event.creator_id is not None and event.paid:
                yield "creators", event.creator_id, -event.paid
        case GiftClawback():
            yield "gifts", event.user_id, -event.gone
            if event.creator_id is not None:
                yield "creators", event.creator_id, -event.gone


def place(effects: Effects, board: Board, who: UUID, more: int, where: Sequence[Standing]) -> None:
    """Add to somebody's total on every board of this kind."""
    member = str(who)
    for standing in where:
        key, totals = (name(board, standing.scope, standing.ref) for name in (keys.board, keys.board_totals))
        effects.place(key, totals, member, more, standing.tie)
        if standing.keep:
            effects.expire(key, standing.keep)
            effects.expire(totals, standing.keep)


class BoardFrames:
    """Shows a stream's gift board to its room after gifts, at most once a second."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis, self._bus, self._clock = redis, PlainRoomBus(redis), clock
        self._due: dict[UUID, float] = {}
        self._changed: set[UUID] = set()

    def after(self, records: Sequence[Record], _: list[Any]) -> None:
        """Note whose board changed, and show those whose time has come."""
        self._changed |= {
            record.event.stream_id
            for record in records
            if isinstance(record.event, GiftSent | GiftRefunded | GiftClawback) and record.event.stream_id is not None
        }
        clock = self._clock()
        ripe = [stream for stream in self._changed if self._due.get(stream, 0.0) <= clock]
        if not ripe:
            return
        self._bus.publish_all([(stream, "leaderboard:update", self._update(stream), None) for stream in ripe])
        self._changed.difference_update(ripe)
        self._due = {stream: due for stream, due in self._due.items() if due > clock}
        self._due |= dict.fromkeys(ripe, clock + FRAME_SECONDS)

    def _update(self, stream: UUID) -> LeaderboardUpdate:
        best = self._redis.zrevrange(keys.board("gifts", "stream", str(stream)), 0, SHOWN - 1, withscores=True)
        rows = [(name.decode(), decompose(composite)[0]) for name, composite in cast(list[tuple[bytes, float]], best)]
        people = [name for name, _ in rows]
        handles = cast(list[bytes | None], self._redis.hmget(keys.handles(), people)) if people else []
        with self._redis.pipeline(transaction=False) as pipe:
            for name in people:
                pipe.hget(keys.experience(name), "level")
            levels = pipe.execute()
        return LeaderboardUpdate(
            board="gifts",
            scope="stream",
            refId=str(stream),
            items=tuple(
                LeaderboardRow(
                    rank=rank,
                    userId=UUID(name),
                    handle=(handle or b"").decode(),
                    score=score,
                    level=int(level or 1),
                )
                for rank, ((name, score), handle, level) in enumerate(zip(rows, handles, levels, strict=True), 1)
            ),
            asOf=now(),
        )
