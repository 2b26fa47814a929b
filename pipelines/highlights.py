"""Highlights: messages, reactions and gift tokens of every ten seconds, and which of them stand out.

Acts of one stream come in several partitions, so their sums lie in Redis; ten seconds are judged once nothing was added
to them for a while, and a moment's id follows from its stream and time, so that it is told once.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, cast
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec
from clickhouse_connect.driver.client import Client
from confluent_kafka import Producer
from redis import Redis

from features.highlights import BUCKET_MS, EMPTY, TRAILING, Bucket, score, stands_out
from livestreamx import keys, topics
from livestreamx.clock import at_ms, now, now_ms
from livestreamx.engines.bus import PlainRoomBus
from livestreamx.events import ChatMessage, Event, GiftSent, MomentDetected, ReactionSent
from livestreamx.frames import MomentShown
from pipelines.archive import INSERT_SETTINGS
from pipelines.effects import Effects
from pipelines.feed import Pace
from pipelines.overlays import STALE
from pipelines.records import Record
from pipelines.rows import typed_row
from pipelines.signals import send

NAME = "highlights"
TOPICS = (topics.INTERACTIONS, topics.ECONOMY)
PACE = Pace(ticks=True)
KEPT_SECONDS = 86_400
SETTLE_MS = 3000
"""How long ten seconds must be left alone before they are judged."""
AT_ONCE = 500
FIELDS = ("messages", "reactions", "tokens")
LAST, CREATOR = "last", "creator"


def count(records: Sequence[Record]) -> Effects:
    """What these events add to the ten seconds of their streams."""
    effects = Effects()
    due: dict[str, int] = {}
    judged_at = now_ms() + SETTLE_MS
    for record in records:
        event, found = record.event, measure(record.event)
        if found is None or event.stream_id is None:
            continue
        bucket = int(event.occurred_at.timestamp() * 1000) // BUCKET_MS
        key = keys.stream_tens(event.stream_id)
        effects.add(key, f"{bucket}:{found[0]}", found[1])
        if event.creator_id is not None:
            effects.put(key, CREATOR, str(event.creator_id))
        effects.expire(key, KEPT_SECONDS)
        due[f"{event.stream_id}:{bucket}"] = max(judged_at, (bucket + 1) * BUCKET_MS + SETTLE_MS)
    for member, at in due.items():
        effects.call("ZADD", keys.highlights_due(), at, member)
    return effects


def measure(event: Event) -> tuple[str, int] | None:
    """What an event adds, and how much of it."""
    match event:
        case ChatMessage(accepted=True):
            return "messages", 1
        case ReactionSent():
            return "reactions", 1
        case GiftSent():
            return "tokens", event.tokens
    return None


class Judge:
    """Looks at the ten seconds that are due, and tells those that stand out."""

    def __init__(self, redis: Redis, clickhouse: Client, producer: Producer) -> None:
        self._redis, self._clickhouse, self._producer = redis, clickhouse, producer
        self._bus = PlainRoomBus(redis)

    def after(self, _records: Sequence[Record], _results: list[Any]) -> None:
        """Judge what is due; what was told before the process died is told again under the same id."""
        found = self._redis.zrangebyscore(keys.highlights_due(), "-inf", now_ms(), start=0, num=AT_ONCE)
        due: defaultdict[UUID, list[int]] = defaultdict(list)
        for member in cast(list[bytes], found):
            name, _, bucket = member.decode().rpartition(":")
            due[UUID(name)].append(int(bucket))
        for stream, buckets in due.items():
            self._judge(stream, sorted(buckets))

    def _judge(self, stream: UUID, buckets: Sequence[int]) -> None:
        known = cast(dict[bytes, bytes], self._redis.hgetall(keys.stream_tens(stream)))
        last = int(known[LAST.encode()]) if LAST.encode() in known else None
        moments = []
        for bucket in buckets:
            here, before = read(known, bucket), trailing(known, bucket)
            worth = score(here, before)
            if stands_out(worth, bucket * BUCKET_MS, last):
                moments.append(self._moment(stream, known, bucket, worth))
                last = bucket * BUCKET_MS
        if moments:
            self._tell(moments)
            self._redis.hset(keys.stream_tens(stream), LAST, str(last))
        self._redis.zrem(keys.highlights_due(), *(f"{stream}:{bucket}" for bucket in buckets))

    @staticmethod
    def _moment(stream: UUID, known: dict[bytes, bytes], bucket: int, worth: float) -> MomentDetected:
        creator, here = known.get(CREATOR.encode()), read(known, bucket)
        return MomentDetected(
            event_id=uuid5(NAMESPACE_OID, f"moment:{stream}:{bucket}"),
            stream_id=stream,
            creator_id=UUID(creator.decode()) if creator else None,
            happened_at=at_ms(bucket * BUCKET_MS),
            score=worth,
            messages=here.messages,
            reactions=here.reactions,
            tokens=here.tokens,
        )

    def _tell(self, moments: Sequence[MomentDetected]) -> None:
        """Its row first, which the archive writes once more: whoever hears of a moment can look it up."""
        rows = [row for _, row in filter(None, (typed_row(Record(0, 0, event)) for event in moments))]
        lines = msgspec.json.Encoder().encode_lines(rows)
        self._clickhouse.raw_insert("moments", insert_block=lines, fmt="JSONEachRow", settings=INSERT_SETTINGS)
        oldest = now() - STALE
        frames = [
            (event.key, "moment:detected", shown(event), event.event_id)
            for event in moments
            if event.happened_at > oldest
        ]
        if frames:
            self._bus.publish_all(frames)
        send(self._producer, moments)


def shown(event: MomentDetected) -> MomentShown:
    """The moment as rooms see it."""
    return MomentShown(
        momentId=event.event_id,
        at=event.happened_at,
        score=event.score,
        messages=event.messages,
        reactions=event.reactions,
        tokens=event.tokens,
    )


def read(known: dict[bytes, bytes], bucket: int) -> Bucket:
    """The sums of ten seconds."""
    return Bucket(*(int(known.get(f"{bucket}:{field}".encode(), 0)) for field in FIELDS))


def trailing(known: dict[bytes, bytes], bucket: int) -> list[Bucket]:
    """The ten minutes before, from the first of them in which anything happened."""
    before = [read(known, bucket - back) for back in range(TRAILING, 0, -1)]
    first = next((place for place, one in enumerate(before) if one != EMPTY), len(before))
    return before[first:]
