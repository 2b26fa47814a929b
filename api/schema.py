"""What bodies are made of: requests that refuse unknown fields, answers, and pages of answers. JSON is camelCase."""

from typing import Any, Generic, Self, TypeVar

import msgspec

T = TypeVar("T")


class Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Base of request bodies: a field that is not known is an error."""


class View(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of answers."""

    @classmethod
    def showing(cls, record: msgspec.Struct, **otherwise: Any) -> Self:
        """The record's fields of the same names, and `otherwise` those that it does not have like that."""
        same = {name: getattr(record, name) for name in cls.__struct_fields__ if name not in otherwise}
        return cls(**same, **otherwise)


class Mirror(View, frozen=True, kw_only=True):
    """Base of answers that show a record just as it is, field by field."""

    @classmethod
    def of(cls, record: msgspec.Struct) -> Self:
        return cls(**msgspec.structs.asdict(record))


class Page(View, Generic[T], frozen=True, kw_only=True):
    """Some items and where the next ones begin; `nextCursor` is null at the end."""

    items: tuple[T, ...]
    next_cursor: str | None = None
