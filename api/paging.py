"""Lists page by page: how many items, and cursors that say where a page ended, opaque to clients."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from litestar.params import QueryParameter

from livestreamx.errors import Invalid


class Place(NamedTuple):
    """Where a list ordered by time and id ended."""

    at: datetime
    id: UUID


T = TypeVar("T")

Limit = Annotated[int, QueryParameter(ge=1, le=100, description="how many at most")]
Cursor = Annotated[str | None, QueryParameter(max_length=200, description="`nextCursor` of the page before")]


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
