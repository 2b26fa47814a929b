"""A stretch of a show, and what was said in it."""

from datetime import datetime
from uuid import UUID

import msgspec

from livestreamx.errors import NotFound


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was said, and was not taken back since."""

    message_id: UUID
    user_id: UUID
    handle: str
    text: str
    at: datetime


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """From when to when, without its end; `after` is the time and id of the last message that was read."""

    stream_id: UUID
    since: datetime
    until: datetime
    after: tuple[datetime, UUID] | None = None


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """Some lines, the oldest first; `place` is where to read on, None at the end."""

    lines: tuple[Line, ...]
    place: tuple[datetime, UUID] | None


class NoReplay(NotFound):
    code, title = "no_replay", "The clip is of no show: nothing was said meanwhile"
