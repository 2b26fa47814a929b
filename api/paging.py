"""Lists page by page: how many items, and cursors that say where a page ended, opaque to clients."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Annotated, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from litestar.params import QueryParameter

from api.schema import Page
from livestreamx.errors import Invalid


class Place(NamedTuple):
    """Where a list ordered by time and id ended."""

    at: datetime
    id: UUID


T = TypeVar("T")
V = TypeVar("V")

Limit = Annotated[int, QueryParameter(ge=1, le=100, description="how many at most")]
Cursor = Annotated[str | None, QueryParameter(max_length=200, description="`nextCursor` of the page before")]


def page_of(
    found: Sequence[T], limit: int, show: Callable[[T], V], place: Callable[[T], object] = attrgetter("id")
) -> Page[V]:
    """The first `limit` of what was found, as they are shown; there is a next page when one more was found."""
    return Page(items=tuple(map(show, found[:limit])), next_cursor=cursor_after(found, limit, place))


def cursor_after(found: Sequence[T], limit: int, place: Callable[[T], object] = attrgetter("id")) -> str | None:
    """The cursor of the last of `limit`, if more than those were found."""
    return encode_cursor(place(found[limit - 1])) if len(found) > limit else None


def encode_cursor(place: object) -> str:
    """The cursor of a place, which is any JSON value."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode()


def decode_cursor(cursor: str | None, kind: type[T]) -> T | None:
    """The place of a cursor; None for none. `Invalid` with code `bad_cursor` for what we never gave."""
    if cursor is None:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(text, type=kind)
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise Invalid("The cursor is not one of ours", code="bad_cursor") from error
