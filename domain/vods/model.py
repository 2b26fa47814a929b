"""What a clip is, who may see it, and how its kind is known: by its first bytes, whatever its name says."""

from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec

from domain.accounts.tokens import Claims
from livestreamx.errors import Conflict, DomainError, Invalid, NotFound

VodKind = Literal["mp4", "webm"]
Visibility = Literal["public", "unlisted", "private"]
KINDS: tuple[VodKind, ...] = get_args(VodKind)
MEDIA_TYPES: dict[VodKind, str] = {"mp4": "video/mp4", "webm": "video/webm"}
MOST_VODS = 100
MOST_TITLE = 140
LONGEST_MS = 12 * 3600 * 1000
EBML, DOC_TYPE_WEBM = b"\x1a\x45\xdf\xa3", b"\x42\x82\x84webm"
HEAD_BYTES = 64
"""So many first bytes tell the kind."""


class Vod(msgspec.Struct, frozen=True, kw_only=True):
    """A clip; `creator` is a handle. A recording of the show `show_id` begins `begins_ms` after it."""

    id: UUID
    creator_id: UUID
    creator: str
    title: str
    visibility: Visibility
    kind: VodKind
    bytes: int
    duration_ms: int
    created_at: datetime
    show_id: UUID | None = None
    begins_ms: int = 0

    @property
    def path(self) -> str:
        """Where those find its file on this site who may see it."""
        return path_of(self.id, self.kind)

    @property
    def page(self) -> str:
        """Where people watch it."""
        return f"/v/{self.id}"

    @property
    def lasts(self) -> str:
        """Its length, as 1:05."""
        return f"{self.duration_ms // 60_000}:{self.duration_ms // 1000 % 60:02}"

    def as_told(self) -> dict[str, Any]:
        """The fields of `VodEvent` without its actor."""
        return {
            "creator_id": self.creator_id,
            "vod_id": self.id,
            "creator": self.creator,
            "title": self.title,
            "visibility": self.visibility,
            "kind": self.kind,
            "bytes": self.bytes,
            "duration_ms": self.duration_ms,
            "show_id": self.show_id,
            "begins_ms": self.begins_ms,
        }


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """Of which show a clip is a recording, and how long after its start it begins."""

    show_id: UUID
    begins_ms: int


class VodWish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different about a clip; what is unset stays, None takes a recording from its show."""

    title: str | msgspec.UnsetType = msgspec.UNSET
    visibility: Visibility | msgspec.UnsetType = msgspec.UNSET
    recording: Recording | msgspec.UnsetType | None = msgspec.UNSET


def path_of(vod_id: UUID, kind: str) -> str:
    """The address of a clip's file."""
    return f"/vods/{vod_id}.{kind}"


def owns(vod: Vod, claims: Claims | None) -> bool:
    """Whether this person may change the clip: its creator, or an admin."""
    return claims is not None and (claims.sub == vod.creator_id or claims.is_admin)


def kind_of(head: bytes) -> VodKind | None:
    """MP4 (ISO 14496-12) or WebM (EBML, RFC 8794) by their signatures; None for anything else."""
    if head[4:8] == b"ftyp" and head[8:12] != b"qt  ":
        return "mp4"
    if head.startswith(EBML) and DOC_TYPE_WEBM in head[:HEAD_BYTES]:
        return "webm"
    return None


class VodInUse(Conflict):
    code, title = "vod_in_use", "The clip waits in a show, or is on air: take it out of there first"


class UnknownVod(NotFound):
    code, title = "vod_not_found", "There is no such clip"


class NotThatShow(Invalid):
    code, title = "not_that_show", "A clip is a recording of a show of its creator's own, and begins while that was on"


class NotAVod(DomainError):
    code, title, status = "vod_type", "Only MP4 and WebM files are taken", 415


class UnreadableVod(Invalid):
    code, title = "vod_unreadable", "The file has no picture, or does not say how long it is"


class TooManyVods(Conflict):
    code, title = "too_many_vods", f"At most {MOST_VODS} clips: remove one first"
