"""What a media pass is, what the media server tells of, and why neither is taken."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from livestreamx.errors import Conflict, DomainError, NotFound, Unavailable

Kind = Literal["came", "went", "began", "ended", "recorded", "other"]
IngressKind = Literal["rtmp", "whip"]
ENCODER = "encoder:"
Outcome = Literal["noted", "welcome", "removed", "ignored", "duplicate"]


class MediaPass(msgspec.Struct, frozen=True, kw_only=True):
    """A way into a stream's media room: where the media server is, and a token for it that is good until then."""

    url: str
    token: str
    expires_at: datetime
    publishes: bool


class StreamKey(msgspec.Struct, frozen=True, kw_only=True):
    """That streaming software may send a stream, and how; the key itself is kept by the media server alone."""

    stream_id: UUID
    ingress_id: str
    kind: IngressKind
    created_at: datetime


class KeyGiven(msgspec.Struct, frozen=True, kw_only=True):
    """A new key: where streaming software sends to, and what lets it in."""

    ingress_id: str
    kind: IngressKind
    url: str
    key: str

    def __repr__(self) -> str:
        return f"KeyGiven({self.ingress_id})"


class MediaNews(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in a media room. `identity` is a user's id, `anon:` and a name for nobody in particular, or
    `encoder:` and the id of the creator whose streaming software it is.

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
        """Who it is, or whose software; None for nobody in particular."""
        return as_uuid(self.identity.removeprefix(ENCODER))

    @property
    def segment_id(self) -> UUID | None:
        """Which segment it is, if it is one."""
        kind, _, name = self.identity.partition(":")
        return as_uuid(name) if kind == "segment" else None


def encoder_of(creator_id: UUID) -> str:
    """Who a creator's streaming software is in the media room: apart from the creator, who may be there as well."""
    return f"{ENCODER}{creator_id}"


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


class UnknownKey(NotFound):
    code, title = "ingress_not_found", "The stream has no key for streaming software"


class KeyExists(Conflict):
    code, title = "ingress_exists", "The stream has a key: rotate it to get another one"


class NotByMediaServer(DomainError):
    code, title, status = "bad_signature", "This was not signed by the media server", 400
