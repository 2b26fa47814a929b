"""The acts of a chunk as columns, for flows that count and look at few fields: read from single and packed records.

Single acts are decoded together and slim; whatever is unusual about them is read act by act as every other flow does.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain, compress
from typing import Literal
from uuid import UUID

import msgspec
import numpy as np
from confluent_kafka import Message
from numpy.typing import NDArray

from features.pulse import ACTS, CHATS, TOKENS
from livestreamx.events import EVENTS, MOODS, ChatMessage, GiftSent, ReactionSent, tag_of
from livestreamx.events.packed import KINDS, MAGIC, NOWHERE, Columns, columns_of
from livestreamx.events.plausible import EARLIEST_S, IMPOSSIBLE_S
from pipelines.records import AHEAD_MS, Record, Unreadable, read
from pipelines.seen import ID_BYTES, split

Ints = NDArray[np.int64]

CHAT, REACTION, GIFT = (tag_of(kind) for kind in (ChatMessage, ReactionSent, GiftSent))
MOOD_SLOT: dict[str, int] = {mood: slot for slot, mood in enumerate(MOODS)}
KIND_SLOT = np.array([{ChatMessage: CHATS, GiftSent: TOKENS}.get(kind, ACTS) for kind in KINDS], np.int64)
REACTION_KIND, CHAT_KIND = (KINDS.index(kind) for kind in (ReactionSent, ChatMessage))


class Slim(msgspec.Struct, gc=False):
    """The fields of an act that are looked at."""

    type: Literal[tuple(map(tag_of, EVENTS))]  # type: ignore[valid-type]
    event_id: str
    occurred_at: str
    stream_id: str | None = None
    mood: str = ""
    tokens: int = 0
    accepted: bool = True


_slims: msgspec.json.Decoder[list[Slim]] = msgspec.json.Decoder(list[Slim])


class Slots(dict[tuple[str, str, bool], int]):
    """Where an act counts besides among all acts, by its type, mood and whether it was accepted; `KeyError` if none."""

    def __missing__(self, act: tuple[str, str, bool]) -> int:
        kind, mood, accepted = act
        if kind == REACTION:
            slot = MOOD_SLOT[mood]
        elif kind == CHAT:
            slot = CHATS if accepted else ACTS
        else:
            slot = TOKENS if kind == GIFT else ACTS
        self[act] = slot
        return slot


class ActTable(msgspec.Struct):
    """Acts as columns, one entry an act: the number of its stream in `streams`, its second, slot, amount and id.

    Streams and ids are 16 bytes each; the amount is tokens in the slot of tokens, else one.
    """

    streams: list[bytes]
    stream: Ints
    second: Ints
    slot: Ints
    amount: Ints
    ids: list[bytes]

    def only(self, chosen: NDArray[np.bool_]) -> "ActTable":
        """The acts that are chosen."""
        ids = [*compress(self.ids, chosen.tolist())]
        return ActTable(
            self.streams, self.stream[chosen], self.second[chosen], self.slot[chosen], self.amount[chosen], ids
        )


class UnusualError(ValueError):
    """Something that is to be read act by act."""


class ActReadings:
    """Reads the messages of a chunk into tables."""

    def __init__(self) -> None:
        self._slots = Slots()

    def of(self, place: str, messages: Sequence[Message], now_ms: int) -> list[ActTable | Unreadable]:  # noqa: ARG002
        """Tables of the acts in a partition's messages, and what is unreadable among them."""
        payloads = [message.value() or b"" for message in messages]
        if not payloads:
            return []
        if not payloads[0].startswith(MAGIC):
            with suppress(ValueError, KeyError):  # some are packed, or unusual
                return [self._table_of_singles(payloads, logged(messages, now_ms))]
        is_packed = [payload.startswith(MAGIC) for payload in payloads]
        found = self._carefully(compress(messages, [not packed for packed in is_packed]), now_ms)
        if any(is_packed):
            found += self._packed([*compress(messages, is_packed)], now_ms)
        return sorted(found, key=lambda one: one.offset if isinstance(one, Unreadable) else -1)

    def _table_of_singles(self, payloads: Sequence[bytes], logged_ms: Ints) -> ActTable:
        """A table of acts that are JSON each; `ValueError` or `KeyError` when one is not, or is unusual."""
        acts = _slims.decode(b"[" + b",".join(payloads) + b"]")
        if len(acts) != len(payloads):
            raise UnusualError("a record is not one object")
        names = [act.stream_id for act in acts]
        codes = {name: number for number, name in enumerate(dict.fromkeys(names))}
        streams = [UUID(name).bytes if name else NOWHERE.bytes for name in codes]
        stream = np.array([codes[name] for name in names])
        slot = np.array([self._slots[act.type, act.mood, act.accepted] for act in acts])
        amount = np.where(slot == TOKENS, np.array([act.tokens for act in acts]), 1)
        ids = bytes.fromhex("".join([act.event_id for act in acts]).replace("-", ""))
        if len(ids) != len(acts) * ID_BYTES or (amount < 0).any():
            raise UnusualError("an id that is none, or less than nothing")
        second = in_time(seconds_of([act.occurred_at for act in acts]), logged_ms)
        return ActTable(streams, stream, second, slot, amount, split(ids))

    def _packed(self, messages: Sequence[Message], now_ms: int) -> list[ActTable | Unreadable]:
        try:
            return [
                table_of_packed([columns_of(message.value() or b"") for message in messages], logged(messages, now_ms))
            ]
        except ValueError:
            return self._carefully(messages, now_ms)

    def _carefully(self, messages: Iterable[Message], now_ms: int) -> list[ActTable | Unreadable]:
        """The acts of these messages, read one by one as every flow reads them."""
        every = [one for message in messages for one in read(message, now_ms)]
        unreadable = [one for one in every if isinstance(one, Unreadable)]
        events = [one.event for one in every if isinstance(one, Record)]
        if not events:
            return [*unreadable]
        slims = [
            (tag_of(type(event)), getattr(event, "mood", ""), getattr(event, "accepted", True)) for event in events
        ]
        slot = np.array([self._slots[slim] for slim in slims])
        tokens = np.array([event.tokens if isinstance(event, GiftSent) else 1 for event in events])
        codes = {stream: number for number, stream in enumerate(dict.fromkeys(event.stream_id for event in events))}
        table = ActTable(
            [(stream or NOWHERE).bytes for stream in codes],
            np.array([codes[event.stream_id] for event in events]),
            np.array([int(event.occurred_at.timestamp()) for event in events]),
            slot,
            tokens,
            [event.event_id.bytes for event in events],
        )
        return [table, *unreadable]


def logged(messages: Iterable[Message], now_ms: int) -> Ints:
    """The broker's times (ms)."""
    return np.array([stamp if (stamp := message.timestamp()[1]) > 0 else now_ms for message in messages], np.int64)


def seconds_of(times: Sequence[str]) -> Ints:
    """Seconds since the epoch of UTC times; `ValueError` for what is none."""
    if {time[-1:] for time in times} - {"Z"}:
        raise UnusualError("a time that is not UTC")
    texts = [time[:19] for time in times]
    seconds = {text: int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) for text in set(texts)}
    return np.array([seconds[text] for text in texts], np.int64)


def in_time(second: Ints, logged_ms: Ints) -> Ints:
    """The seconds, at most a little after the broker's time; `UnusualError` for what cannot be."""
    if (second < EARLIEST_S).any() or (second > logged_ms // 1000 + IMPOSSIBLE_S).any():
        raise UnusualError("a time out of range")
    return np.minimum(second, (logged_ms + AHEAD_MS) // 1000)


def table_of_packed(records: Sequence[Columns], logged_ms: Ints) -> ActTable:
    """One table of several packed records; `UnusualError` for a value that cannot be."""
    names = [split(record.streams) for record in records]
    codes = {name: number for number, name in enumerate(dict.fromkeys(chain.from_iterable(names)))}
    numbers = np.array([codes[name] for name in chain.from_iterable(names)], np.int64)
    counts = [len(record.kind) for record in records]
    first = np.cumsum([0, *map(len, names)][:-1])
    stream = numbers[column(records, "stream", "<u2") + np.repeat(first, counts)]
    kind, value = column(records, "kind", "u1"), column(records, "value", "<i4")
    slot = np.where(kind == REACTION_KIND, value, KIND_SLOT[kind])
    slot[(kind == CHAT_KIND) & (value == 0)] = ACTS
    if (value < 0).any() or (slot > ACTS).any():
        raise UnusualError("a value out of range")
    second = in_time(column(records, "at", "<i8") // 1_000_000, np.repeat(logged_ms, counts))
    amount = np.where(slot == TOKENS, value, 1)
    return ActTable([*codes], stream, second, slot, amount, split(b"".join([record.ids for record in records])))


def column(records: Sequence[Columns], name: str, kind: str) -> Ints:
    """A column of several records, one after the other."""
    return np.frombuffer(b"".join([getattr(record, name) for record in records]), kind).astype(np.int64)


def joined(tables: Sequence[ActTable]) -> ActTable:
    """One table of all."""
    if len(tables) == 1:
        return tables[0]
    codes: dict[bytes, int] = {}
    stream = []
    for table in tables:
        numbers = [codes.setdefault(name, len(codes)) for name in table.streams]
        stream.append(np.array(numbers, np.int64)[table.stream])
    ids = [name for table in tables for name in table.ids]
    second, slot, amount = (
        np.concatenate([getattr(table, name) for table in tables]) for name in ("second", "slot", "amount")
    )
    return ActTable([*codes], np.concatenate(stream), second, slot, amount, ids)
