"""What a mood map is: for each mood a palette, an effect and an overlay, within what eyes can take."""

from typing import Annotated, Literal

import msgspec

from livestreamx.errors import Invalid

Mood = Literal["hype", "joy", "love", "surprise", "sad", "angry", "calm", "neutral"]
Effect = Literal["none", "breathe", "drift", "sparkle"]
MoodOverlay = Literal["none", "confetti", "crown", "fireworks", "hearts", "snow"]
Colour = Annotated[str, msgspec.Meta(pattern=r"^#[0-9a-f]{6}$(?!\n)", examples=["#ffb020"])]

LEAST_CONTRAST = 4.5
"""Of text against its surface (WCAG 2.2, 1.4.3)."""
MOST_HERTZ = 3.0
"""No more than three flashes a second (WCAG 2.2, 2.3.1)."""
LEAST_DWELL, MOST_DWELL = 10, 120


class Look(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`text` stands on `surface`, `glow` lights the page; the effect repeats `hertz` times a second."""

    surface: Colour
    text: Colour
    glow: Colour
    effect: Effect = "none"
    hertz: Annotated[float, msgspec.Meta(ge=0.05, le=MOST_HERTZ, examples=[0.2])] = 0.2
    overlay: MoodOverlay = "none"


class MoodMap(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A look for some moods, the others look as everywhere; a look stays at least `dwellSeconds`."""

    looks: dict[Mood, Look] = msgspec.field(default_factory=dict)
    dwell_seconds: Annotated[int, msgspec.Meta(ge=LEAST_DWELL, le=MOST_DWELL, examples=[10])] = LEAST_DWELL

    def check(self) -> None:
        """`ContrastTooLow` naming the mood whose text cannot be read."""
        for mood, look in self.looks.items():
            found = contrast(look.text, look.surface)
            if found < LEAST_CONTRAST:
                raise ContrastTooLow(
                    f"{mood}: text on its surface has a contrast of {found:.2f}, it takes {LEAST_CONTRAST}",
                    mood=mood,
                    contrast=round(found, 2),
                )


class ContrastTooLow(Invalid):
    code, title = "contrast_too_low", "That text could not be read"


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, 0 to 1 (WCAG 2.2)."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
