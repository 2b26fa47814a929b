"""Messages of nothing but emotes: those that the mood's lexicon knows, and emoji."""

import unicodedata

from features.mood import ENDING, Lexicon

JOINING = frozenset("\u200d\ufe0e\ufe0f\u20e3")
PICTURES = frozenset({"So", "Sk"})


class Emotes:
    """Knows emotes; one a process."""

    def __init__(self) -> None:
        self._lexicon = Lexicon.load()

    def are_all(self, text: str) -> bool:
        """Whether every word of the text is an emote or emoji."""
        words = text.split()
        return bool(words) and all(map(self._is_emote, words))

    def _is_emote(self, word: str) -> bool:
        if word in self._lexicon.emotes:
            return True
        if (match := ENDING.match(word)) and match[1] in self._lexicon.endings:
            return True
        signs = [character for character in word if character not in JOINING]
        return bool(signs) and all(unicodedata.category(sign) in PICTURES and not sign.isascii() for sign in signs)
