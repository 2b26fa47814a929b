"""The acts of a chunk as columns, for flows that count and look at few fields: read from single and packed records.

Single acts are decoded together and slim; whatever is unusual about them is read act by act as every other flow does.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
from confluent_kafka import Message
from numpy.typing import NDArray

from features.pulse import ACTS, CHATS, TOKENS
from livestreamx.events import MOODS, ChatMessage, GiftSent, ReactionSent, encode, tag_of
from livestreamx.events.packed import KINDS, columns_of, is_packed
from livestreamx.events.plausible import EARLIEST_S, IMPOSSIBLE_S
from pipelines.records import AHEAD_MS, Record, Unreadable, read
from pipelines.seen import ID_BYTES

Ints = NDArray[np.int64]

CHAT, REACTION, GIFT = (tag_of(kind) for kind in (ChatMessage, ReactionSent, GiftSent))
MOOD_SLOT: dict[str, int] = {mood: slot for slot, mood in enumerate(MOODS)}
KIND_SLOT = np.array([{ChatMessage: CHATS, GiftSent: TOKENS}.get(kind, ACTS) for kind in KINDS], np.int64)
REACTION_KIND, GIFT_KIND, CHAT_KIND = (KINDS.index(kind) for kind in (ReactionSent, GiftSent, ChatMessage))


class Slim(msgspec.Struct, gc=False):
    """The fields of an act that are looked at."""

    type: str
    event_id: str
    occurred_at: str
    stream_id: str | None = None
    mood: str = ""
    tokens: int = 0
    accepted: bool = True


_slims: msgspec.json.Decoder[list[Slim]] = msgspec.json.Decoder(list[Slim])


class ActTable(msgspec.Struct):
    """Acts as columns, one entry an act: the number of its stream in `streams`, its second, slot, amount and id."""

    streams: list[str]
    stream: Ints
    second: Ints
    slot: Ints
    amount: Ints
    ids: list[bytes]

    def only(self, chosen: NDArray[np.bool_]) -> "ActTable":
        """The acts that are chosen."""
        ids = [name for name, is_chosen in zip(self.ids, chosen.tolist(), strict=True) if is_chosen]
        return ActTable(
            self.streams, self.stream[chosen], self.second[chosen], self.slot[chosen], self.amount[chosen], ids
        )


class UnusualError(ValueError):
    """Something that is to be read act by act."""


class ActReadings:
    """Reads the messages of a chunk into tables."""

    def of(self, place: str, messages: Sequence[Message], now_ms: int) -> list[ActTable | Unreadable]:  # noqa: ARG002
        """Tables of the acts in a partition's messages, and what is unreadable among them."""
        payloads = [message.value() or b"" for message in messages]
        many = [number for number, payload in enumerate(payloads) if is_packed(payload)]
        single = messages
        if many:
            apart = set(many)
            single = [message for number, message in enumerate(messages) if number not in apart]
            payloads = [payload for number, payload in enumerate(payloads) if number not in apart]
        found: list[ActTable | Unreadable] = []
        try:
            if single:
                found.append(table_of_singles(payloads, logged(single, now_ms)))
        except ValueError:
            found += carefully(single, now_ms)
        for number in many:
            found += packed(messages[number], now_ms)
        return found


def logged(messages: Iterable[Message], now_ms: int) -> Ints:
    """The broker's times (ms)."""
    return np.array([stamp if (stamp := message.timestamp()[1]) > 0 else now_ms for message in messages], np.int64)


def table_of_singles(payloads: Sequence[bytes], logged_ms: Ints) -> ActTable:
    """A table of acts that are JSON each; `ValueError` when one is not, or is unusual."""
    acts = _slims.decode(b"[" + b",".join(payloads) + b"]")
    if len(acts) != len(payloads):
        raise UnusualError("a record is not one object")
    codes: dict[str, int] = {}
    stream = [codes.setdefault(act.stream_id or "", len(codes)) for act in acts]
    texts = [act.occurred_at[:19] for act in acts]
    seconds = {text: second_of(text) for text in set(texts)}
    if any(act.occurred_at[-1:] != "Z" for act in acts):
        raise UnusualError("a time that is not UTC")
    try:
        slot = [slot_of(act) for act in acts]
    except KeyError as error:
        raise UnusualError("a mood that is none") from error
    amount = [act.tokens if act.type == GIFT else 1 for act in acts]
    names = bytes.fromhex("".join([act.event_id for act in acts]).replace("-", ""))
    if len(names) != len(acts) * ID_BYTES:
        raise UnusualError("an id that is none")
    second = in_time(np.array([seconds[text] for text in texts], np.int64), logged_ms)
    return ActTable([*codes], np.array(stream, np.int64), second, np.array(slot), np.array(amount), split(names))


def slot_of(act: Slim) -> int:
    """Where an act counts besides among all acts."""
    if act.type == REACTION:
        return MOOD_SLOT[act.mood]
    if act.type == CHAT:
        return CHATS if act.accepted else ACTS
    return TOKENS if act.type == GIFT else ACTS


def second_of(text: str) -> int:
    """Seconds since the epoch of a UTC time without its fraction."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def in_time(second: Ints, logged_ms: Ints) -> Ints:
    """The seconds, at most a little after the broker's time; `UnusualError` for what cannot be."""
    if (second < EARLIEST_S).any() or (second > logged_ms // 1000 + IMPOSSIBLE_S).any():
        raise UnusualError("a time out of range")
    return np.minimum(second, (logged_ms + AHEAD_MS) // 1000)


def split(names: bytes) -> list[bytes]:
    """Ids of 16 bytes each."""
    return [names[at : at + ID_BYTES] for at in range(0, len(names), ID_BYTES)]


def packed(message: Message, now_ms: int) -> list[ActTable | Unreadable]:
    """The table of a packed record."""
    try:
        columns = columns_of(message.value() or b"")
        kind = np.frombuffer(columns.kind, np.uint8)
        value = np.frombuffer(columns.value, "<i4").astype(np.int64)
        slot = KIND_SLOT[kind]
        slot = np.where(kind == REACTION_KIND, value, slot)
        slot = np.where((kind == CHAT_KIND) & (value == 0), ACTS, slot)
        second = np.frombuffer(columns.at, "<i8") // 1_000_000
        second = in_time(second, np.broadcast_to(logged([message], now_ms), second.shape))
        if (slot < 0).any() or (slot > ACTS).any() or (value < 0).any():
            raise UnusualError("a value out of range")
    except ValueError:
        return carefully([message], now_ms)
    streams = [str(UUID(bytes=name)) for name in split(columns.streams)]
    amount = np.where(kind == GIFT_KIND, value, 1)
    stream = np.frombuffer(columns.stream, "<u2").astype(np.int64)
    return [ActTable(streams, stream, second, slot, amount, split(columns.ids))]


def carefully(messages: Iterable[Message], now_ms: int) -> list[ActTable | Unreadable]:
    """The tables of these messages' acts, read one by one as every flow reads them."""
    found: list[ActTable | Unreadable] = []
    payloads: list[bytes] = []
    times: list[int] = []
    for message in messages:
        for one in read(message, now_ms):
            if isinstance(one, Record):
                payloads.append(encode(one.event))
                times.append(one.logged_ms)
            else:
                found.append(one)
    if payloads:
        found.append(table_of_singles(payloads, np.array(times, np.int64)))
    return found


def joined(tables: Sequence[ActTable]) -> ActTable:
    """One table of all."""
    if len(tables) == 1:
        return tables[0]
    codes: dict[str, int] = {}
    stream: list[Any] = []
    for table in tables:
        numbers = [codes.setdefault(name, len(codes)) for name in table.streams]
        stream.append(np.array(numbers, np.int64)[table.stream])
    ids = [name for table in tables for name in table.ids]
    second, slot, amount = (
        np.concatenate([getattr(table, name) for table in tables]) for name in ("second", "slot", "amount")
    )
    return ActTable([*codes], np.concatenate(stream), second, slot, amount, ids)
