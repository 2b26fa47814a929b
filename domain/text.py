"""User text as it was written, but for what nobody can see and what turns the direction of writing.

What looks like markup is text like any other: whoever shows it escapes it.
"""

import re
import unicodedata

MOST_MARKS = 6
"""Combining marks kept on one character: enough for every script, too few for stacks that cover other lines."""

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
BLANKS = re.compile(r"[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]{2,}")
"""Runs of spaces that pages do not fold into one."""


def thin_marks(text: str) -> str:
    """At most `MOST_MARKS` combining marks in a row."""
    kept, run = [], 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def clean_text(text: str) -> str:
    """One line of text in Unicode NFC, trimmed; empty when nothing is left."""
    if text.isascii() and text.isprintable():
        return text.strip()
    text = UNSEEN.sub("", BREAKS.sub(" ", text))
    return BLANKS.sub(" ", thin_marks(unicodedata.normalize("NFC", text))).strip()
