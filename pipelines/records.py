"""What travels through a dataflow: a chunk of one Kafka partition, its records decoded, its unreadable ones set aside.

A chunk names the offset it starts at and the next one, so that a sink can tell whether it was written already.
"""

from collections.abc import Sequence

import msgspec
from confluent_kafka import Message

from livestreamx.clock import at_ms
from livestreamx.engines.kafka import REQUEST_ID_HEADER
from livestreamx.events import AnyEvent
from livestreamx.events.packed import is_packed
from livestreamx.events.plausible import events_of

AHEAD_MS = 5000
"""How far an event may be ahead of the broker's clock; what is further ahead counts as if it were just that far."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """An event and where it lay in the log; `logged_ms` is the broker's time of it, `payload` its own bytes, if any."""

    offset: int
    logged_ms: int
    event: AnyEvent
    payload: bytes = b""
    request_id: str = ""


class Unreadable(msgspec.Struct, frozen=True):
    """A record that is no event of ours, and why."""

    offset: int
    logged_ms: int
    payload: bytes
    reason: str
    request_id: str = ""


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """Records of one partition, in order.

    `start` is the offset that the flow had reached before (None: nowhere yet), `next` the one it reaches with this
    chunk. `caught_up` says that nothing more lay in the log at `read_ms` (wall clock). A `replay` chunk lies before
    what was written already: it only rebuilds state.
    """

    topic: str
    partition: int
    start: int | None
    next: int | None
    records: Sequence[Record] = ()
    unreadable: Sequence[Unreadable] = ()
    caught_up: bool = False
    read_ms: int = 0
    replay: bool = False

    @property
    def place(self) -> str:
        """The partition's name, such as `interactions:2`."""
        return place(self.topic, self.partition)


def place(topic: str, partition: int) -> str:
    """The name of a partition in fences and state."""
    return f"{topic}:{partition}"


def read(message: Message, now_ms: int) -> Sequence[Record | Unreadable]:
    """The records in a Kafka message, whatever its bytes are: one act, or many that were packed.

    Packed acts are read all or none, so that what is set aside is the message as it lay in the log.
    """
    offset, payload = message.offset() or 0, message.value() or b""
    _, stamp = message.timestamp()
    logged_ms = stamp if stamp > 0 else now_ms
    request_id = request_of(message)
    try:
        events = events_of(payload, logged_ms)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        reason = f"{type(error).__name__}: {error}"[:500]
        return (Unreadable(offset, logged_ms, payload, reason, request_id),)
    own = b"" if is_packed(payload) else payload
    return [Record(offset, logged_ms, not_ahead(event, logged_ms), own, request_id) for event in events]


def request_of(message: Message) -> str:
    """The id of the request that caused this record, as its header says."""
    for header in message.headers() or ():
        if header[0] == REQUEST_ID_HEADER and isinstance(header[1], bytes):
            return header[1].decode("utf-8", "replace")
    return ""


def not_ahead(event: AnyEvent, logged_ms: int) -> AnyEvent:
    """The event, its time at most `AHEAD_MS` after the broker's: a clock that runs ahead pulls no window with it."""
    latest_ms = logged_ms + AHEAD_MS
    if event.occurred_at.timestamp() * 1000 <= latest_ms:
        return event
    return msgspec.structs.replace(event, occurred_at=at_ms(latest_ms))
