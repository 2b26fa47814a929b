"""Habits: the bonds of viewers and the trends of channels, seconds fresh, by the definitions that training uses.

Rows are read, moved on and written behind the fence; keys that another writes meanwhile are read again, so that nothing
is lost to another worker, and nothing returns that somebody has just deleted.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

import msgspec
from redis import Redis
from redis.client import Pipeline
from redis.exceptions import WatchError

from features import affinity, trend
from features.habits import Pair, Rows, moved_on
from features.store import KEEP_SECONDS
from features.visits import MICROS, Act, Visit, Visits, pairs_of
from livestreamx import keys, topics
from livestreamx.events import (
    Event,
    GiftRefunded,
    GiftSent,
    HistoryDeleted,
    RecommendationsChosen,
    StreamEvent,
    StreamStarted,
    ViewerHeartbeat,
    ViewerJoined,
    ViewerLeft,
)
from pipelines.effects import Effects, sliced
from pipelines.feed import Pace
from pipelines.fences import Fence
from pipelines.records import Chunk, Record

NAME = "habits"
TOPICS = (topics.INTERACTIONS, topics.ECONOMY, topics.LIFECYCLE)
PACE = Pace(linger=0.1, ticks=True)
SIGNS = (ViewerJoined, ViewerHeartbeat, ViewerLeft)


class Habits:
    """Takes chunks of any partitions; the visits that go on are kept a partition each."""

    def __init__(self, redis: Redis, gap_seconds: int) -> None:
        self._redis, self._fence, self._gap = redis, Fence(redis, NAME), gap_seconds
        self._visits: dict[str, Visits] = {}

    def write(self, chunks: Sequence[Chunk]) -> None:
        """Count these chunks, one by one."""
        for chunk in chunks:
            visits = self._visits_of(chunk.place)
            if chunk.next == chunk.start and not len(visits):
                continue
            records, blocks = self._fence.unseen(chunk, remember=chunk.topic == topics.ECONOMY.name)
            while True:
                with self._redis.pipeline() as pipe:
                    effects = self._effects(pipe, chunk, records, visits)
                    if effects is None:
                        break
                    try:
                        self._fence.write(chunk, effects.ops(), blocks, watching=pipe)
                    except WatchError:
                        visits.drop()
                        continue
                visits.keep()
                break

    def _effects(self, pipe: Pipeline, chunk: Chunk, records: Sequence[Record], visits: Visits) -> Effects | None:
        """What the chunk changes, its keys watched; None when it is a tick that ends no visit."""
        effects = Effects()
        pipe.watch(keys.forgotten())  # type: ignore[no-untyped-call]
        acts = self._acts(chunk, records, visits)
        if not acts and not visits.changed and chunk.next == chunk.start:
            return None
        pairs = pairs_of(acts)
        touched = {keys.habits(user) for user, _ in pairs}
        pipe.watch(keys.trends(), *touched)  # type: ignore[no-untyped-call]
        if acts:
            write_rows(effects, moved_on(read_rows(self._redis, pairs), acts))
        memory = keys.flow_memory(NAME, chunk.place)
        for name, visit in visits.changed.items():
            if visit:
                effects.put(memory, name, msgspec.json.encode(visit).decode())
            else:
                effects.call("HDEL", memory, name)
        for record in records:
            forget(effects, record.event)
        return effects

    def _acts(self, chunk: Chunk, records: Sequence[Record], visits: Visits) -> list[Act]:
        """What the events and the time that has passed mean for bonds and trends."""
        events = [record.event for record in records]
        unlisted = self._unlisted({str(event.stream_id) for event in events if isinstance(event, SIGNS)})
        people = {str(event.user_id) for event in events if event.user_id is not None}
        forgotten, filled = (
            self._forgotten(people),
            float(cast(bytes | None, self._redis.get(keys.habits_filled())) or 0),
        )
        acts: list[Act] = []
        for event in events:
            since = forgotten.get(str(event.user_id), 0.0)
            if event.user_id and event.creator_id and event.occurred_at.timestamp() >= max(since, filled):
                acts += acts_of(event, visits, since, unlisted)
        if chunk.caught_up:
            acts += visits.settle(chunk.read_ms * 1000)
        left = {act.user for act in acts if act.kind == "left"} - people
        forgotten |= self._forgotten(left)
        return [act for act in acts if act.kind != "left" or act.since >= forgotten.get(act.user, 0.0)]

    def _visits_of(self, place: str) -> Visits:
        if place not in self._visits:
            stored = cast(dict[bytes, bytes], self._redis.hgetall(keys.flow_memory(NAME, place)))
            going_on = {name.decode(): msgspec.json.decode(visit, type=Visit) for name, visit in stored.items()}
            self._visits[place] = Visits(self._gap, going_on)
        return self._visits[place]

    def _forgotten(self, users: Iterable[str]) -> dict[str, float]:
        asked = list(users)
        if not asked:
            return {}
        found = cast(list[bytes | None], self._redis.hmget(keys.forgotten(), asked))
        return {user: float(since) for user, since in zip(asked, found, strict=True) if since is not None}

    def _unlisted(self, streams: Iterable[str]) -> set[str]:
        asked = list(streams)
        if not asked:
            return set()
        found = cast(list[int], self._redis.smismember(keys.unlisted_streams(), asked))
        return {stream for stream, hidden in zip(asked, found, strict=True) if hidden}


def acts_of(event: Event, visits: Visits, since: float, unlisted: set[str]) -> list[Act]:
    """What one event of a viewer means."""
    user, creator, at = str(event.user_id), str(event.creator_id), event.occurred_at.timestamp()
    match event:
        case ViewerJoined() | ViewerHeartbeat() | ViewerLeft():
            if user == creator or str(event.stream_id) in unlisted:
                return []
            name = f"{event.stream_id}:{user}:{event.session_id or ''}"
            return visits.sign(name, user, creator, round(at * MICROS), since)
        case GiftSent():
            return [Act(kind="gave", user=user, creator=creator, at=at, tokens=float(event.tokens))]
        case GiftRefunded():
            return [Act(kind="gave", user=user, creator=creator, at=at, tokens=-float(event.tokens))]
    return []


def forget(effects: Effects, event: Event) -> None:
    """What somebody does not want to be known any more goes; which streams are nobody's business is noted."""
    if isinstance(event, HistoryDeleted | RecommendationsChosen) and event.user_id is not None:
        opted_out = event.opt_out if isinstance(event, RecommendationsChosen) else event.opted_out
        since = "inf" if opted_out else repr(event.occurred_at.timestamp())
        effects.call("forget", keys.forgotten(), str(event.user_id), since, keys.habits(event.user_id))
    elif isinstance(event, StreamStarted) and event.visibility != "public":
        effects.member(keys.unlisted_streams(), str(event.stream_id))
    elif isinstance(event, StreamEvent) and event.visibility != "public":
        effects.call("SREM", keys.unlisted_streams(), str(event.stream_id))


def read_rows(redis: Redis, pairs: Mapping[Pair, int]) -> Rows:
    """The stored rows of these pairs and their creators."""
    creators_of: defaultdict[str, list[str]] = defaultdict(list)
    for user, creator in pairs:
        creators_of[user].append(creator)
    creators = list(dict.fromkeys(creator for _, creator in pairs))
    with redis.pipeline(transaction=False) as pipe:
        for user, some in creators_of.items():
            pipe.hmget(keys.habits(user), some)
        pipe.hmget(keys.trends(), creators)
        *bonds, trends = pipe.execute()
    nothing = bytes(8 * affinity.WIDTH)
    packed = [row or nothing for rows in bonds for row in rows]
    ordered = [(user, creator) for user, some in creators_of.items() for creator in some]
    return Rows(
        dict(zip(ordered, affinity.stored_rows(packed), strict=True)),
        dict(zip(creators, trend.stored_rows(trends), strict=True)),
    )


def write_rows(effects: Effects, rows: Rows) -> None:
    """Set these rows."""
    of_user: defaultdict[str, list[Pair]] = defaultdict(list)
    for pair in rows.bonds:
        of_user[pair[0]].append(pair)
    for user, pairs in of_user.items():
        for some in sliced(pairs):
            values = [rows.bonds[pair].tolist() for pair in some]
            effects.call("rows", keys.habits(user), KEEP_SECONDS, [creator for _, creator in some], values)
    for some in sliced(rows.trends):
        effects.call("rows", keys.trends(), 0, some, [rows.trends[creator].tolist() for creator in some])


def habits_writer(redis: Redis, gap_seconds: int) -> Callable[[Sequence[Chunk]], None]:
    """Writes chunks of habits; a visit ends after so much silence."""
    return Habits(redis, gap_seconds).write
