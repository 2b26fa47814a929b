"""Examples of frames and events, made from their types: for the reference, and to try encodings on."""

import types
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import msgspec

ID = UUID("0197a3c0-d5e1-7c31-a0f0-b0c4d1e2f3a4")
AT = datetime(2027, 1, 30, 20, 15, tzinfo=UTC)
WORDS = {
    "handle": "ada_plays",
    "actor": "ada_plays",
    "creator": "ada_plays",
    "code": "HEART",
    "name": "Heart",
    "text": "what a play 🔥",
    "title": "Fall Guys with friends",
    "category": "Fall Guys",
    "status": "live",
    "mood": "hype",
    "rarity": "common",
    "animationKey": "heart",
    "epoch": "7f3a-19c2",
    "currency": "eur",
    "message": "The access token has expired: send auth with a new one",
    "question": "Which map next?",
}


def example_of(kind: Any, name: str = "") -> Any:
    """An instance of a Struct, or a value of any type that its fields have; `name` is the field it is for."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _within(example_of(inner[0], name), inner[1:])
    if origin is Literal:
        return inner[0]
    if origin in (Union, types.UnionType):
        return example_of(next(part for part in inner if part is not type(None)), name)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind(**{field.name: example_of(field.type, field.name) for field in msgspec.structs.fields(kind)})
    return _many(origin, inner, name) if origin else _plain(kind, name)


def _many(origin: Any, inner: tuple[Any, ...], name: str) -> Any:
    if origin is dict:
        return {"love": example_of(inner[1], name)}
    return origin(example_of(part, name) for part in inner if part is not Ellipsis)


def _plain(kind: Any, name: str) -> Any:
    values: dict[Any, Any] = {UUID: ID, datetime: AT, int: 1, float: 0.5, bool: True, str: WORDS.get(name, "word")}
    return values.get(kind)


def _within(value: Any, limits: tuple[Any, ...]) -> Any:
    """The field's own example, which stands there as JSON has it, else the value moved to where its limits allow it."""
    for meta in limits:
        if isinstance(meta, msgspec.Meta):
            if meta.examples:
                return tuple(meta.examples[0]) if isinstance(value, tuple) else meta.examples[0]
            if meta.ge is not None and isinstance(value, int | float):
                value = max(value, meta.ge)
            if meta.max_length is not None and isinstance(value, str):
                value = value[: meta.max_length]
            if meta.min_length is not None and isinstance(value, tuple) and len(value) < meta.min_length:
                value *= meta.min_length
    return value
