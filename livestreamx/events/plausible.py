"""Events as they lie in the log: read from their bytes, and refused when they decode but cannot have happened."""

from datetime import UTC, datetime
from types import UnionType
from typing import Union, get_args, get_origin, get_type_hints

from livestreamx.events import EVENTS, AnyEvent, Event, decode
from livestreamx.events.packed import is_packed, unpack

EARLIEST_S = datetime(2020, 1, 1, tzinfo=UTC).timestamp()
IMPOSSIBLE_S = 86_400
"""A clock that is further ahead is no clock."""
LARGEST = 2**53
"""Beyond it a number is not exact in JSON, Lua or a double."""


def events_of(payload: bytes, logged_ms: int) -> list[AnyEvent]:
    """The events in a record's bytes; `ValueError` or `RecursionError` when they cannot be read or cannot be true."""
    events = unpack(payload) if is_packed(payload) else [decode(payload)]
    for event in events:
        check(event, logged_ms)
    return events


def check(event: Event, logged_ms: int) -> None:
    """`ValueError` for an event that decodes but cannot have happened, so that no flow has to guess about it."""
    at = event.occurred_at
    if at.tzinfo is None:
        raise ValueError("occurred_at has no time zone")
    if not EARLIEST_S <= at.timestamp() <= logged_ms / 1000 + IMPOSSIBLE_S:
        raise ValueError(f"occurred_at {at.isoformat()} is out of range")
    numbers, times = CHECKED[type(event)]
    for name in numbers:
        number = getattr(event, name)
        if number is not None and not 0 <= number <= LARGEST:
            raise ValueError(f"{name} {str(number)[:40]} is out of range")
    for name in times:
        value = getattr(event, name)
        if value is not None and (value.tzinfo is None or value.timestamp() < EARLIEST_S):
            raise ValueError(f"{name} is out of range")


def fields_of(kind: type[Event], *types: type) -> tuple[str, ...]:
    """The event's own fields that hold one of these types, or nothing; not those that hold a collection of them."""
    own = [name for name in kind.__struct_fields__ if name not in Event.__struct_fields__]
    hints = get_type_hints(kind)
    choices = {name: get_args(hints[name]) if get_origin(hints[name]) in UNIONS else (hints[name],) for name in own}
    return tuple(name for name in own if set(choices[name]) & set(types))


UNIONS = (Union, UnionType)
CHECKED = {kind: (fields_of(kind, int), fields_of(kind, datetime)) for kind in EVENTS}
"""The fields that `check` looks at, worked out once."""
