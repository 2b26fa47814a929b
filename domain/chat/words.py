"""The words that a folded text can be read as: leetspeak, stretched, dotted and spaced letters included.

A word is compared as a whole, so that "Scunthorpe" or "assassin" are never taken for what they contain.
"""

import itertools
import re
from collections.abc import Iterator

import msgspec

LEET = {
    "0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "9": "g",
    "@": "a", "$": "s", "!": "i", "|": "i", "+": "t", "€": "e", "£": "l",
}  # fmt: skip
ONE_IS_L = str.maketrans(LEET | {"1": "l", "!": "l", "|": "l"})
ONE_IS_I = str.maketrans(LEET)

CHUNK = re.compile(r"\S+")
PLAIN = re.compile(r"[^\W_]+")
PIECE = re.compile(r"[@$]?[^\W_]+(?:[@$!|+€£]+[^\W_]+)*[@$|]*")
"""Letters and digits, with signs that stand for letters between them; `@` and `$` may also begin or end a word."""
LETTER = re.compile(r"[^\W\d_]")
MOST_SPACED = 24
SPACED = (3, 14)
"""How many letters that stand alone may be one word."""


class Word(msgspec.Struct, frozen=True):
    """A word without its repetitions, and how often each of its letters came in a row: `fuuck` is `fuck`, 1 2 1 1."""

    letters: str
    runs: tuple[int, ...]

    def stretches(self, other: "Word") -> bool:
        """Whether it is the other word with letters held longer, but none shorter: `niger` is not a slur."""
        return self.letters == other.letters and all(map(int.__ge__, self.runs, other.runs))


def as_word(text: str) -> Word:
    """A text as a word."""
    runs = [(letter, sum(1 for _ in same)) for letter, same in itertools.groupby(text)]
    return Word("".join(letter for letter, _ in runs), tuple(count for _, count in runs))


def spellings(piece: str) -> tuple[str, ...]:
    """What a piece may spell, without digits at its ends too; digits alone spell nothing."""
    if piece.isalpha() or not LETTER.search(piece):
        return (piece,)
    bare = piece.strip("0123456789")
    return tuple(dict.fromkeys((piece, bare, piece.translate(ONE_IS_I), piece.translate(ONE_IS_L))))


class Reading(msgspec.Struct, frozen=True):
    """Words in order, each as its spellings; `apart` are whole words written in pieces: `f.u.c.k`, `k y s`."""

    words: tuple[tuple[Word, ...], ...]
    apart: tuple[Word, ...]


def _runs_of_letters(pieces: list[str]) -> Iterator[str]:
    """Every word in letters that stand alone, side by side."""
    shortest, longest = SPACED
    for alone, group in itertools.groupby(pieces, lambda piece: len(piece) == 1):
        letters = "".join(group)[:MOST_SPACED] if alone else ""
        for start in range(len(letters) - shortest + 1):
            for end in range(start + shortest, min(start + longest, len(letters)) + 1):
                yield letters[start:end]


def read_words(folded: str) -> Reading:
    """How a folded text can be read."""
    pieces: list[str] = []
    other: list[str] = []
    for chunk in CHUNK.findall(folded):
        found = PIECE.findall(chunk)
        pieces += found
        if len(found) > 1 and any(len(piece) == 1 for piece in found):
            other.append("".join(found))
        for piece in found:
            if not piece.isalnum():
                other += PLAIN.findall(piece)
    other += _runs_of_letters(pieces)
    words = tuple(tuple(map(as_word, spellings(piece))) for piece in pieces)
    return Reading(words, tuple(as_word(text) for whole in other for text in spellings(whole)))
