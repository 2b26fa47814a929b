"""Blocked terms: words and phrases, of the platform or of a channel, found in whatever spelling."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Literal

import msgspec

from domain.chat.folding import DATA, fold
from domain.chat.words import PLAIN, Reading, Word, as_word
from livestreamx.errors import Invalid

Action = Literal["hold", "refuse"]
ANY_ENDING = "*"
SHORTEST = 2
UNSPACED = ("\u3040", "\u9fff"), ("\uac00", "\ud7a3")
"""Scripts that write words without spaces, or join endings to them: a term is found within a word there."""


class Term(msgspec.Struct, frozen=True):
    """What is blocked, and what becomes of a message with it."""

    text: str
    action: Action = "refuse"


class _Phrase(msgspec.Struct, frozen=True):
    words: tuple[Word, ...]
    any_ending: bool
    term: Term


def is_unspaced(text: str) -> bool:
    """Whether the text has letters of a script without spaces between words."""
    return any(first <= character <= last for character in text for first, last in UNSPACED)


def normal_form(text: str) -> str:
    """What a term is known by: two terms of one form are the same. `Invalid` when too little is left."""
    folded = fold(text).strip()
    any_ending = ANY_ENDING if folded.endswith(ANY_ENDING) else ""
    words = PLAIN.findall(folded)
    if sum(map(len, words)) < SHORTEST:
        raise Invalid("term: at least two letters")
    return " ".join(words) + any_ending


@cache
def platform_terms() -> tuple[Term, ...]:
    """The list that ships with the platform, in several languages."""
    lists: dict[str, list[str] | str] = msgspec.json.decode(DATA.joinpath("platform_terms.json").read_bytes())
    return tuple(Term(text) for terms in lists.values() if isinstance(terms, list) for text in terms)


class BlockedTerms:
    """Finds terms in texts; built once for a list."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self._phrases: defaultdict[str, list[_Phrase]] = defaultdict(list)
        self._beginnings: defaultdict[str, list[_Phrase]] = defaultdict(list)
        self._within: list[tuple[str, Term]] = []
        self._longest = 0
        for term in terms:
            self._add(term)

    def _add(self, term: Term) -> None:
        form = normal_form(term.text)
        any_ending = form.endswith(ANY_ENDING)
        texts = form.removesuffix(ANY_ENDING).split()
        if is_unspaced(form):
            self._within.append(("".join(texts), term))
            return
        for words in {tuple(map(as_word, texts)), (as_word("".join(texts)),)}:
            phrase = _Phrase(words, any_ending, term)
            index = self._beginnings if any_ending and len(words) == 1 else self._phrases
            index[words[0].letters].append(phrase)
            self._longest = max(self._longest, len(words[-1].letters))

    def find(self, folded: str, reading: Reading) -> Term | None:
        """A term that the text has, one to refuse before one to hold; None for none."""
        found: Term | None = None
        for term in self._all(folded, reading):
            if term.action == "refuse":
                return term
            found = term
        return found

    def _all(self, folded: str, reading: Reading) -> Iterable[Term]:
        for place, spellings in enumerate(reading.words):
            for word in spellings:
                for phrase in self._phrases.get(word.letters, ()):
                    if word.stretches(phrase.words[0]) and _goes_on(phrase, reading.words, place + 1):
                        yield phrase.term
                yield from self._begun_by(word)
        for word in reading.apart:
            for phrase in (*self._phrases.get(word.letters, ()), *self._beginnings.get(word.letters, ())):
                if len(phrase.words) == 1 and word.stretches(phrase.words[0]):
                    yield phrase.term
        if self._within and is_unspaced(folded):
            packed = "".join(PLAIN.findall(folded))
            yield from (term for text, term in self._within if text in packed)

    def _begun_by(self, word: Word) -> Iterable[Term]:
        if not self._beginnings:
            return
        for length in range(SHORTEST, min(len(word.letters), self._longest) + 1):
            for phrase in self._beginnings.get(word.letters[:length], ()):
                if all(map(int.__ge__, word.runs, phrase.words[0].runs)):
                    yield phrase.term


def _goes_on(phrase: _Phrase, words: Sequence[tuple[Word, ...]], place: int) -> bool:
    """Whether the rest of a phrase stands from `place` on."""
    rest = phrase.words[1:]
    if len(words) - place < len(rest):
        return False
    return all(
        any(_is(word, wanted, phrase.any_ending and wanted is rest[-1]) for word in words[place + offset])
        for offset, wanted in enumerate(rest)
    )


def _is(word: Word, wanted: Word, any_ending: bool) -> bool:
    if any_ending and word.letters.startswith(wanted.letters):
        return all(map(int.__ge__, word.runs, wanted.runs))
    return word.stretches(wanted)
