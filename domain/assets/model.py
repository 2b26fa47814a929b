"""What an asset is, and how its kind is known: by its first bytes, whatever its name says."""

from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

import msgspec

from livestreamx.errors import Conflict, DomainError, Invalid, NotFound

AssetKind = Literal["png", "webp", "gif", "mp3"]
KINDS: tuple[AssetKind, ...] = get_args(AssetKind)
MEDIA_TYPES: dict[AssetKind, str] = {
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "mp3": "audio/mpeg",
}
MOST_BYTES = 5 * 2**20
MOST_ASSETS = 40
MOST_NAME_CHARACTERS = 80
LAYER_III, FREE_OR_BAD_RATES, RESERVED_FREQUENCY = 0b01, (0b0000, 0b1111), 0b11


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """A file of somebody's; `bytes` is its size."""

    id: UUID
    owner_id: UUID
    kind: AssetKind
    name: str
    bytes: int
    created_at: datetime

    @property
    def path(self) -> str:
        """Where everybody finds it on this site."""
        return path_of(self.id, self.kind)

    @property
    def is_picture(self) -> bool:
        return self.kind != "mp3"


def path_of(asset_id: UUID, kind: str) -> str:
    """The address of a file of this kind."""
    return f"/assets/{asset_id}.{kind}"


def kind_of(body: bytes) -> AssetKind | None:
    """PNG, WebP, GIF or MP3 by the signatures of their specifications; None for anything else."""
    if body.startswith(b"\x89PNG\r\n\x1a\n") and body[12:16] == b"IHDR":
        return "png"
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "webp"
    if body[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if body[:3] == b"ID3" or is_audio_frame(body[:4]):
        return "mp3"
    return None


def is_audio_frame(header: bytes) -> bool:
    """Whether these four bytes begin a frame of MPEG audio, layer III (ISO 11172-3)."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return False
    layer, rate, frequency = header[1] >> 1 & 0b11, header[2] >> 4, header[2] >> 2 & 0b11
    return layer == LAYER_III and rate not in FREE_OR_BAD_RATES and frequency != RESERVED_FREQUENCY


class UnknownAsset(NotFound):
    code, title = "asset_not_found", "There is no such file"


class NotAnAsset(DomainError):
    code, title, status = "asset_type", "Only PNG, WebP, GIF and MP3 files are taken", 415


class NotAPicture(Invalid):
    code, title = "not_a_picture", "A sound is no picture"


class AssetTooLarge(DomainError):
    code, title, status = "asset_too_large", "A file has at most 5 MB", 413


class TooManyAssets(Conflict):
    code, title = "too_many_assets", f"At most {MOST_ASSETS} files: remove one first"
