"""Typo-tolerant search in memory: trigrams of words, and the vectors of texts where a model knows them.

An index never changes: whoever holds newer entries makes a new one, for which a `Reader` keeps what it read.
"""

import re
import unicodedata
import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Generic, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Item = TypeVar("Item")

WORD = re.compile(r"\w+")
BUCKETS = 1 << 24
ENOUGH_TEXT, ENOUGH_LIKENESS = 0.45, 0.6
"""An entry is found by this share of the query's trigrams (rare ones weigh more), or by this cosine to its text."""
LIKENESS_WEIGHT, WEIGHT_WEIGHT, BREVITY_WEIGHT = 0.3, 0.03, 0.1
UNSEEN = 0.3
LONG_WORD = 8
"""From this length on a word may be misspelt twice."""
MOST_KEPT = 200_000


def fold(text: str) -> str:
    """The text as it is compared: compatible forms made one, no accents, no case."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def words_of(text: str) -> list[str]:
    """Its words, folded."""
    return WORD.findall(fold(text))


def grams(words: Sequence[str], *, open_end: bool = False) -> Ints:
    """The distinct trigrams of each word, padded in front by two blanks and behind by one, as hashes.

    With `open_end` the last word may go on: what is being typed finds what it begins.
    """
    found = set()
    for number, word in enumerate(words):
        padded = f"  {word}" if open_end and number == len(words) - 1 else f"  {word} "
        found |= {padded[at : at + 3] for at in range(len(padded) - 2)}
    return np.array(sorted(zlib.crc32(gram.encode()) % BUCKETS for gram in found), np.int32)


class Spelling:
    """The words of all entries; a word that is none of them is read as the nearest one, if there is one near.

    Near is an optimal string alignment distance of 1, of 2 for long words: letters that were left out, added, changed
    or swapped with their neighbours.
    """

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self._words = sorted(counts)

    def correct(self, words: Sequence[str]) -> list[str]:
        """The words of a query, the misspelt ones put right; the last one may be the beginning of a word."""
        last = len(words) - 1
        return [self._correct(word, begins=number == last) for number, word in enumerate(words)]

    def _correct(self, word: str, *, begins: bool) -> str:
        if word in self._counts or len(word) < 4 or (begins and self._begins_a_word(word)):
            return word
        most = 2 if len(word) >= LONG_WORD else 1
        near = process.extract(word, self._words, scorer=OSA.distance, score_cutoff=most, limit=None)
        if not near:
            return word
        best = min(near, key=lambda found: (found[1], -self._counts[found[0]]))
        return str(best[0])

    def _begins_a_word(self, word: str) -> bool:
        at = bisect_left(self._words, word)
        return at < len(self._words) and self._words[at].startswith(word)


class Entry(msgspec.Struct, Generic[Item], frozen=True, kw_only=True):
    """Something to be found: its `text`, how much it is asked for (`weight` >= 0), and whatever it stands for."""

    kind: str
    text: str
    item: Item
    weight: float = 0.0
    mature: bool = False
    vector: Floats | None = None
    """Unit vector of what it says of itself, of the same model as the query's."""


class Found(msgspec.Struct, Generic[Item], frozen=True):
    entry: Entry[Item]
    score: float


class Read(msgspec.Struct, frozen=True):
    """A text that was read: its words and their trigrams."""

    words: list[str]
    grams: Ints


class Reader:
    """Reads texts, each once."""

    def __init__(self) -> None:
        self._known: dict[str, Read] = {}

    def read(self, text: str) -> Read:
        known = self._known.get(text)
        if known is None:
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            words = words_of(text)
            known = self._known[text] = Read(words, grams(words))
        return known


class SearchIndex(Generic[Item]):
    """Entries with the places of their trigrams: `_grams` sorted, and beside each the row it stands in."""

    def __init__(self, entries: Sequence[Entry[Item]], reader: Reader) -> None:
        self.entries = entries
        read = [reader.read(entry.text) for entry in entries]
        parts = [one.grams for one in read]
        lengths = np.array([len(part) for part in parts], np.int32)
        all_grams = np.concatenate([*parts, np.zeros(0, np.int32)])
        order = np.argsort(all_grams, kind="stable")
        self._grams = all_grams[order]
        self._rows = np.repeat(np.arange(len(entries), dtype=np.int32), lengths)[order]
        self._lengths = np.maximum(lengths, 1).astype(np.float32)
        self._weights = np.log1p(np.array([entry.weight for entry in entries], np.float32))
        self._mature = np.array([entry.mature for entry in entries], np.bool_)
        self._kinds = np.array([entry.kind for entry in entries])
        self._spelling = Spelling(Counter(word for one in read for word in one.words))
        self._vectors, self._with_vector = stacked([entry.vector for entry in entries])

    def find(
        self,
        query: str,
        limit: int,
        *,
        kinds: Collection[str] | None = None,
        mature: bool = False,
        vector: Floats | None = None,
    ) -> list[Found[Item]]:
        """The best entries, best first; `vector` is the unit vector of the query (zeros or None: text alone)."""
        asked = grams(self._spelling.correct(words_of(query)), open_end=True)
        if not len(asked) or not len(self.entries):
            return []
        text = self._text_match(asked)
        likeness = self._likeness(vector)
        allowed = (text >= ENOUGH_TEXT) | (likeness >= ENOUGH_LIKENESS)
        if kinds is not None:
            allowed &= np.isin(self._kinds, list(kinds))
        if not mature:
            allowed &= ~self._mature
        rows = np.flatnonzero(allowed)
        brevity = np.minimum(1.0, len(asked) / self._lengths[rows])
        score = (
            text[rows]
            + LIKENESS_WEIGHT * likeness[rows]
            + BREVITY_WEIGHT * brevity
            + WEIGHT_WEIGHT * self._weights[rows]
        )
        best = np.argsort(-score, kind="stable")[:limit]
        return [Found(self.entries[rows[place]], round(float(score[place]), 4)) for place in best.tolist()]

    def _text_match(self, asked: Ints) -> Floats:
        """For each entry the share of the query's trigrams that it has, each by its inverse document frequency.

        Trigrams that nothing has are slips of the keyboard more often than rare words: they weigh little.
        """
        starts = np.searchsorted(self._grams, asked, "left")
        ends = np.searchsorted(self._grams, asked, "right")
        worth = np.log1p(len(self.entries) / np.maximum(1.0, ends - starts)).astype(np.float32)
        worth[starts == ends] *= UNSEEN
        sums = np.zeros(len(self.entries), np.float32)
        for start, end, each in zip(starts.tolist(), ends.tolist(), worth.tolist(), strict=True):
            sums[self._rows[start:end]] += each  # a row has a trigram once, so no row repeats here
        return np.asarray(sums / worth.sum(), np.float32)

    def _likeness(self, vector: Floats | None) -> Floats:
        likeness = np.zeros(len(self.entries), np.float32)
        if vector is not None and vector.any() and self._vectors.shape[1:] == vector.shape:
            likeness[self._with_vector] = np.maximum(0.0, self._vectors @ vector)
        return likeness


def stacked(vectors: Sequence[Floats | None]) -> tuple[Floats, Ints]:
    """The vectors there are, one a row, and the rows of the entries that have one."""
    known = [(row, vector) for row, vector in enumerate(vectors) if vector is not None]
    if not known:
        return np.zeros((0, 0), np.float32), np.zeros(0, np.int32)
    rows, there = zip(*known, strict=True)
    return np.stack(there).astype(np.float32), np.array(rows, np.int32)
