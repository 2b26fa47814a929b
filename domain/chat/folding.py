"""Text as filters read it: one case, one alphabet where letters look alike, nothing invisible, no accents.

What is compared is folded on both sides, so a term in any script meets itself.
"""

import re
import unicodedata
from importlib.resources import files

import msgspec

DATA = files("domain.chat").joinpath("data")
MOST_PASSES = 4
"""A character may fold to one that folds again; Unicode settles after two."""

ACCENTS = re.compile("[\u0300-\u036f\u0483-\u0487\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
HIDDEN = re.compile(
    "["
    "\x00-\x08\x0e-\x1f\x7f-\x9f"  # controls
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # hyphens, joiners and fillers that show nothing
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f"  # zero width, direction
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"  # fillers, variation selectors, annotations
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # musical formatting, tags
    "]"
)


def _read_confusables() -> dict[int, str]:
    """The map of `data/confusables.json`: a Latin letter -> what looks like it once case and accents are gone."""
    looks: dict[str, str] = msgspec.json.decode(DATA.joinpath("confusables.json").read_bytes())
    return {ord(character): letter for letter, alike in looks.items() for character in alike}


CONFUSABLES = _read_confusables()


def _fold_once(text: str) -> str:
    text = HIDDEN.sub("", unicodedata.normalize("NFKC", text).casefold())
    text = ACCENTS.sub("", unicodedata.normalize("NFD", text)).translate(CONFUSABLES)
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """The text folded; folding it again changes nothing. Digits and signs that stand for letters stay as they are."""
    if text.isascii() and text.isprintable():
        return text.lower()
    for _ in range(MOST_PASSES):
        folded = _fold_once(text)
        if folded == text:
            break
        text = folded
    return text
