"""The verdict on a message: blocked terms, links, capitals and length, by the channel's policy. Pure; no counters."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from domain.chat.folding import fold
from domain.chat.terms import BlockedTerms, Term, platform_terms
from domain.chat.words import read_words

Action = Literal["allow", "hold", "refuse"]
STRICTNESS: dict[Action, int] = {"allow": 0, "hold": 1, "refuse": 2}

LINK = re.compile(r"https?://|\bwww\.\w|(?<![\w.@])(?:[\w-]{1,63}\.)+(?P<top>[a-z]{2,24})\b(?![.\w])", re.IGNORECASE)
SPELLED_DOT = re.compile(r"\s*(?:\(dot\)|\[dot\]|\{dot\}|\(\.\)|\[\.\])\s*", re.IGNORECASE)
TOP_DOMAINS = frozenset(
    "com net org io gg tv me co uk de fr es it ru pl br jp cn in info biz xyz top site online shop store live app dev "
    "link click club vip win bet casino ly to cc ws su tk ml ga cf gq eu us ca au nl be ch at se no fi dk cz pt tr ua "
    "kr cloud space website fun icu stream page onl".split()
)
LETTERS = re.compile(r"[^\W\d_]")
LEAST_CAPITALS = 16
MOST_CAPITALS = 0.8


class Policy(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a channel does about links and capitals, and how long a message may be.

    Capitals are 80 % and more of at least 16 letters.
    """

    links: Action = "allow"
    capitals: Action = "allow"
    most_characters: Annotated[int, msgspec.Meta(ge=1, le=300)] = 300


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of a message, and why: `blocked_term`, `link`, `capitals`, `too_long`."""

    action: Action = "allow"
    reasons: tuple[str, ...] = ()


ALLOWED = Verdict()


def has_link(text: str) -> bool:
    """Whether the text leads elsewhere: an address, or a name in a well-known top domain, `(dot)` or not."""
    return any(
        match["top"] is None or match["top"].lower() in TOP_DOMAINS
        for match in LINK.finditer(SPELLED_DOT.sub(".", text))
    )


def shouts(text: str) -> bool:
    """Whether a text is mostly capitals."""
    letters = LETTERS.findall(text)
    cased = [letter for letter in letters if letter.lower() != letter.upper()]
    return len(cased) >= LEAST_CAPITALS and sum(map(str.isupper, cased)) >= MOST_CAPITALS * len(cased)


class ChatFilter:
    """Judges the messages of one channel; built anew when its lists or its policy change."""

    def __init__(self, policy: Policy, terms: Sequence[Term] = ()) -> None:
        self.policy, self.terms = policy, terms
        self._blocked = BlockedTerms([*platform_terms(), *terms])

    def judge(self, text: str, *, shield: bool = False) -> Verdict:
        """The strictest verdict of all rules; behind the shield links are refused, and so is what would be held."""
        policy = self.policy
        folded = fold(text)
        found: list[tuple[Action, str]] = []
        if term := self._blocked.find(folded, read_words(folded)):
            found.append((term.action, "blocked_term"))
        if (shield or policy.links != "allow") and has_link(text):
            found.append(("refuse" if shield else policy.links, "link"))
        if policy.capitals != "allow" and shouts(text):
            found.append((policy.capitals, "capitals"))
        if len(text) > policy.most_characters:
            found.append(("refuse", "too_long"))
        if not found:
            return ALLOWED
        action = "refuse" if shield else max((action for action, _ in found), key=STRICTNESS.__getitem__)
        return Verdict(action, tuple(reason for _, reason in found))
