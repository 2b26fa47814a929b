"""What an own overlay is, and what it has to be before it is kept."""

from collections.abc import Sequence
from typing import get_args
from uuid import UUID

import msgspec

from domain.assets.model import AssetKind, path_of
from domain.commands.model import StageEffect
from livestreamx.errors import Invalid
from livestreamx.layers import Layer, LayerKind

MOST_OVERLAYS = 12
MOST_TEXT = 120
KEY_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,23}$(?!\n)"
WHOLE = 100
"""The stage has so many parts across, and as many down."""
EFFECTS = frozenset(get_args(StageEffect))


class Overlay(msgspec.Struct, frozen=True, kw_only=True):
    """A picture or words in a box (hundredths of the stage); while `enabled` it lies over all shows of its creator.

    One that is not lies over the shows whose scene names its key. `text` is what the words are, or what the picture
    shows.
    """

    key: str
    kind: LayerKind
    x: int
    y: int
    width: int
    height: int
    asset_id: UUID | None
    asset_kind: AssetKind | None = None
    text: str
    enabled: bool

    @property
    def url(self) -> str:
        """Where its picture is; empty for words."""
        return path_of(self.asset_id, self.asset_kind) if self.asset_id and self.asset_kind else ""

    def as_layer(self) -> Layer:
        """As those see it who watch."""
        return Layer(
            key=self.key,
            kind=self.kind,
            x=self.x,
            y=self.y,
            width=self.width,
            height=self.height,
            url=self.url,
            text=self.text,
        )


def check(overlays: Sequence[Overlay]) -> None:
    """`BadOverlay` naming the first whose parts do not fit together."""
    seen: set[str] = set()
    for overlay in overlays:
        wrong = _fault(overlay) or (f"two are called {overlay.key}" if overlay.key in seen else "")
        if wrong:
            raise BadOverlay(f"{overlay.key}: {wrong}", overlay=overlay.key)
        seen.add(overlay.key)


def _fault(overlay: Overlay) -> str:
    """What is wrong with one, in words; empty when nothing is."""
    if overlay.key in EFFECTS:
        return "that is the name of an effect"
    if overlay.x + overlay.width > WHOLE or overlay.y + overlay.height > WHOLE:
        return "it reaches beyond the stage"
    if overlay.kind == "picture" and overlay.asset_id is None:
        return "a picture takes one of your files"
    if overlay.kind == "words" and overlay.asset_id is not None:
        return "words take no file"
    if overlay.kind == "words" and not overlay.text:
        return "it has no visible words"
    return ""


class BadOverlay(Invalid):
    """Carries `overlay`, the key of the one that does not fit."""

    code, title = "bad_overlay", "The overlay does not fit"


class UnknownOverlay(Invalid):
    """Carries `overlay`, the key that names none."""

    code, title = "unknown_overlay", "You have no such overlay"
