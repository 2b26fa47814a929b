"""What creators lay over their shows, as events and frames tell of it: ready to be drawn, with nothing to look up."""

from typing import Literal

import msgspec

LayerKind = Literal["picture", "words"]


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """A picture (`url`, on this site) or words, in a box whose numbers are hundredths of the stage.

    `text` is what the words are, or what the picture shows.
    """

    key: str
    kind: LayerKind
    x: int
    y: int
    width: int
    height: int
    url: str
    text: str
