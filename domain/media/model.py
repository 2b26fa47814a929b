"""What a media pass is, what the media server tells of, and why neither is taken."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from livestreamx.errors import Conflict, DomainError, Unavailable

Kind = Literal["came", "went", "began", "ended", "other"]
Outcome = Literal["noted", "welcome", "removed", "ignored", "duplicate"]


class MediaPass(msgspec.Struct, frozen=True, kw_only=True):
    """A way into a stream's media room: where the media server is, and a token for it that is good until then."""

    url: str
    token: str
    expires_at: datetime
    publishes: bool


class MediaNews(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in a media room. `identity` is a user's id, or `anon:` and a name for nobody in particular.

    `session` names one stay of a participant, `joined_ms` is when it began (ms since the epoch). A clip that `began` or
    `ended` has the identity `segment:` and its id; `is_broken` when it could not be shown.
    """

    id: str
    kind: Kind
    stream_id: UUID | None = None
    identity: str = ""
    session: str = ""
    joined_ms: int = 0
    is_broken: bool = False

    @property
    def user_id(self) -> UUID | None:
        """Who it is; None for nobody in particular."""
        return as_uuid(self.identity)

    @property
    def segment_id(self) -> UUID | None:
        """Which segment it is, if it is one."""
        kind, _, name = self.identity.partition(":")
        return as_uuid(name) if kind == "segment" else None


def as_uuid(text: str) -> UUID | None:
    """The id that a name is, if it is one."""
    try:
        return UUID(text)
    except ValueError:
        return None


class MediaOff(Unavailable):
    code, title = "media_off", "No media server is connected here"


class NoPicture(Conflict):
    code, title = "not_live", "The stream has no picture now"


class NotByMediaServer(DomainError):
    code, title, status = "bad_signature", "This was not signed by the media server", 400
