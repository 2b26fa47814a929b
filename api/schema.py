"""What bodies are made of: requests that refuse unknown fields, answers, and pages of answers. JSON is camelCase."""

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Base of request bodies: a field that is not known is an error."""


class View(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of answers."""


class Page(View, Generic[T], frozen=True, kw_only=True):
    """Some items and where the next ones begin; `nextCursor` is null at the end."""

    items: tuple[T, ...]
    next_cursor: str | None = None
