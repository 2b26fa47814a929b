"""Many acts in one Kafka record: columns to count by in front, the acts themselves behind them.

Every act keeps its own event id. A record is packed when it begins with `MAGIC`, which no JSON text does.
"""

from array import array
from collections.abc import Sequence
from uuid import UUID

import msgspec

from livestreamx.events import AnyEvent, Event
from livestreamx.events.economy import GiftSent
from livestreamx.events.interactions import (
    MOODS,
    ChatMessage,
    ReactionSent,
    ViewerHeartbeat,
    ViewerJoined,
    ViewerLeft,
)

MAGIC = b"\xc1\x01"
"""A byte that MessagePack never uses, and the version of what follows."""
KINDS: tuple[type[Event], ...] = (ChatMessage, ReactionSent, GiftSent, ViewerHeartbeat, ViewerJoined, ViewerLeft)
NOWHERE = UUID(int=0)

_encoder = msgspec.msgpack.Encoder(uuid_format="bytes")


class Columns(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The acts of one partition, column by column; little-endian, one entry an act unless said otherwise.

    `streams` are the 16 bytes of each stream and `stream` (u2) the number of an act's own; `at` is microseconds since
    the epoch (i8), `kind` its number in `KINDS` (u1), `value` the number of its mood, its tokens, or whether a message
    was accepted (i4), `ids` the 16 bytes of each event. `acts` are the events as MessagePack.
    """

    streams: bytes
    stream: bytes
    at: bytes
    kind: bytes
    value: bytes
    ids: bytes
    acts: memoryview


_columns = msgspec.msgpack.Decoder(Columns)
_acts: msgspec.msgpack.Decoder[list[AnyEvent]] = msgspec.msgpack.Decoder(list[AnyEvent])
_numbers = {kind: number for number, kind in enumerate(KINDS)}
_moods = {mood: number for number, mood in enumerate(MOODS)}


def pack(acts: Sequence[Event]) -> bytes:
    """One record of acts that share a partition; `ValueError` for a type that is not packed."""
    if unknown := {type(act).__name__ for act in acts} - {kind.__name__ for kind in KINDS}:
        raise ValueError(f"not packed: {', '.join(sorted(unknown))}")
    streams = {stream: number for number, stream in enumerate(dict.fromkeys(act.stream_id or NOWHERE for act in acts))}
    columns = Columns(
        streams=b"".join(stream.bytes for stream in streams),
        stream=array("H", [streams[act.stream_id or NOWHERE] for act in acts]).tobytes(),
        at=array("q", [round(act.occurred_at.timestamp() * 1_000_000) for act in acts]).tobytes(),
        kind=bytes(_numbers[type(act)] for act in acts),
        value=array("i", [_value_of(act) for act in acts]).tobytes(),
        ids=b"".join(act.event_id.bytes for act in acts),
        acts=memoryview(_encoder.encode(acts)),
    )
    return MAGIC + _encoder.encode(columns)


def _value_of(act: Event) -> int:
    match act:
        case ChatMessage():
            return int(act.accepted)
        case ReactionSent():
            return _moods[act.mood]
        case GiftSent():
            return act.tokens
    return 0


def is_packed(record: bytes) -> bool:
    """Whether a record holds many acts."""
    return record.startswith(MAGIC)


def columns_of(record: bytes) -> Columns:
    """The columns of a packed record; `msgspec.DecodeError` or `ValueError` when they are none or do not match."""
    columns = _columns.decode(memoryview(record)[len(MAGIC) :])
    count = len(columns.kind)
    sizes = (len(columns.stream) // 2, len(columns.at) // 8, len(columns.value) // 4, len(columns.ids) // 16)
    if set(sizes) != {count}:
        raise ValueError(f"columns of {count} acts have {sizes} entries")
    if count and (max(array("H", columns.stream)) >= len(columns.streams) // 16 or max(columns.kind) >= len(KINDS)):
        raise ValueError("a column names a stream or kind that is not there")
    return columns


def unpack(record: bytes) -> list[AnyEvent]:
    """The acts of a packed record; `msgspec.DecodeError`, `msgspec.ValidationError` or `ValueError` when unreadable."""
    columns = columns_of(record)
    acts = _acts.decode(columns.acts)
    if b"".join(act.event_id.bytes for act in acts) != columns.ids:
        raise ValueError("the columns are not those of the acts")
    return acts
