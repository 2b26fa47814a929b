"""Cleaning of user text: markup out, invisible and direction-changing characters out, whitespace in order.

What comes out is plain text; whoever shows it still escapes it. `<3`, `a < b` and joined emoji stay as they were.
"""

import html
import re
import unicodedata

import nh3

MOST_MARKS = 6
"""Combining marks kept on one character: enough for every script, too few for stacks that cover other lines."""

MARKUP = re.compile(r"<[a-zA-Z/!?][^<>]*>")
BREAKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
UNSEEN = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # controls
    "\u00ad\u034f\u061c\u180e"  # soft hyphen, grapheme joiner, Arabic mark, Mongolian separator
    "\u200b\u200e\u200f\u2060-\u2064\ufeff"  # zero width, direction marks, invisible operators
    "\u202a-\u202e\u2066-\u206f"  # direction overrides and isolates
    "\ufff9-\ufffb\ufffe\uffff"  # annotations, non-characters
    "\U000e0000-\U000e007f"  # tags: text that nobody sees
    "]"
)
SPACES = re.compile(r"[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]{2,}")


def strip_markup(text: str) -> str:
    """Without HTML elements; the content of script and style goes with them."""
    for _ in range(3):
        if not MARKUP.search(text):
            return text
        text = html.unescape(nh3.clean(text, tags=set()))
    # Markup that was escaped several times over: what still looks like an element loses its bracket.
    return MARKUP.sub(lambda match: match[0][1:-1], text)


def thin_marks(text: str) -> str:
    """At most `MOST_MARKS` combining marks in a row."""
    kept, run = [], 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def clean_text(text: str) -> str:
    """One line of plain text in Unicode NFC, trimmed; empty when nothing is left."""
    if text.isascii() and text.isprintable() and "<" not in text and "  " not in text:
        return text.strip()
    text = BREAKS.sub(" ", text)
    text = strip_markup(UNSEEN.sub("", text))
    text = thin_marks(unicodedata.normalize("NFC", UNSEEN.sub("", text)))
    return SPACES.sub(" ", text).strip()
