"""The mood of a stream: what its viewers react with, in windows of 30 s that move by 5 s. Pure, so it can be replayed.

A person counts once per mood and hop, an emote in chat half a reaction, and what is older weighs less.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

import msgspec

from livestreamx.events import MOODS, Mood

HOP_MS = 5000
WINDOW_HOPS = 6
PRESENCE_HOPS = 9
"""A viewer counts as present for 45 s after a sign of life."""
HALF_LIFE_MS = 20_000
DECAY = tuple(0.5 ** (age * HOP_MS / HALF_LIFE_MS) for age in range(WINDOW_HOPS))
REACTION, EMOTE = 1.0, 0.5
LEAST_SHARE = 0.35
LEAST_REACTORS = 3
LEAST_OF_VIEWERS = 0.02
LEAD = 0.10
LEADING_HOPS = 2
NEUTRAL = "neutral"
NUMBERS = {mood: number for number, mood in enumerate(MOODS)}

TOKEN = re.compile(r"\S+")
FRAMED = re.compile(r"^[^\w<>:;=]+|[!?.,*~]+$")
ENDING = re.compile(r"^[a-z][a-z0-9]{2,24}?([A-Z][A-Za-z]*)\d*$")


class Lexicon(msgspec.Struct, frozen=True):
    """What expresses which mood: emotes by exact name, endings of channel emotes, plain words, emoji."""

    emotes: Mapping[str, Mood]
    endings: Mapping[str, Mood]
    words: Mapping[str, Mood]
    emoji: Mapping[str, Mood]

    @classmethod
    def load(cls) -> "Lexicon":
        """The lexicon of `features/data/emotes.json`."""
        found: dict[str, dict[Mood, Any]] = msgspec.json.decode(
            files("features").joinpath("data", "emotes.json").read_bytes()
        )
        turned = {kind: {sign: mood for mood in MOODS for sign in moods[mood]} for kind, moods in found.items()}
        return cls(**turned)

    def moods(self, text: str) -> frozenset[Mood]:
        """The moods that a message expresses; empty for plain talk."""
        found = {mood for token in TOKEN.findall(text) if (mood := self._mood_of(token))}
        found |= {mood for sign in text if ord(sign) > 0x2000 and (mood := self.emoji.get(sign))}
        return frozenset(found)

    def _mood_of(self, token: str) -> Mood | None:
        for form in (token, FRAMED.sub("", token)):
            if mood := self.emotes.get(form) or self.words.get(form.casefold()):
                return mood
            if (match := ENDING.match(form)) and (mood := self.endings.get(match[1])):
                return mood
        return None


class Pane(msgspec.Struct, gc=False):
    """One hop of one stream: who was there, and what they expressed; sums are kept up to date.

    Weights are halves, so that sums are exact and do not depend on the order of the signs; somebody's are two bits a
    mood of one number, because there are panes of a hundred thousand streams.
    """

    people: dict[str, int] = msgspec.field(default_factory=dict)
    halves: list[int] = []
    """The sum of each mood; empty without signs."""

    def feel(self, person: str, moods: Iterable[Mood], weight: float) -> None:
        """Somebody was there, and expressed these moods, if any; the stronger of several signs counts."""
        signs = self.people.get(person, 0)
        for mood in moods:
            number, halves = NUMBERS[mood], int(weight * 2)
            more = halves - (signs >> 2 * number & 3)
            if more > 0:
                signs += more << 2 * number
                self.halves = self.halves or [0] * len(MOODS)
                self.halves[number] += more
        self.people[person] = signs


class Decision(msgspec.Struct, frozen=True):
    """The mood that holds, since when (ms), and who challenges it for how many hops."""

    mood: str = NEUTRAL
    since_ms: int = 0
    challenger: str = ""
    hops: int = 0


class Reading(msgspec.Struct, frozen=True):
    """What a window says: shares sum to 1 (empty without signs), `reactors` are distinct people."""

    shares: dict[str, float]
    reactors: int
    viewers: int


def read_window(panes: Sequence[Pane | None]) -> Reading:
    """Weigh the panes of the last hops, newest first."""
    scores = dict.fromkeys(MOODS, 0.0)
    for decay, pane in zip(DECAY, panes, strict=False):
        for mood, halves in zip(MOODS, pane.halves, strict=False) if pane else ():
            scores[mood] += halves / 2 * decay
    total = sum(scores.values())
    shares: dict[str, float] = {mood: round(score / total, 6) for mood, score in scores.items() if score}
    felt = [pane.people for pane in panes[:WINDOW_HOPS] if pane and pane.halves]
    reactors = {person for people in felt for person, signs in people.items() if signs}
    present = set[str]().union(*(pane.people for pane in panes[:PRESENCE_HOPS] if pane))
    return Reading(shares, len(reactors), len(present))


def decide(before: Decision, reading: Reading, hop_end_ms: int) -> Decision:
    """The mood after one more hop.

    A mood holds with a share of 0.35 among at least 3 reactors (2 % of the viewers in large rooms). From neutral it is
    taken at once; another mood must lead by 0.10 for 2 hops to replace it.
    """
    enough = reading.reactors >= max(LEAST_REACTORS, LEAST_OF_VIEWERS * reading.viewers)
    holding = {mood for mood, share in reading.shares.items() if enough and share >= LEAST_SHARE}
    order = sorted(reading.shares, key=lambda mood: (-reading.shares[mood], mood != before.mood, mood))
    top = order[0] if order else NEUTRAL
    if top == before.mood and top in holding:
        return Decision(top, before.since_ms)
    if before.mood == NEUTRAL:
        return Decision(top, hop_end_ms) if top in holding else Decision(NEUTRAL, before.since_ms or hop_end_ms)
    lead = reading.shares.get(top, 0.0) - reading.shares.get(before.mood, 0.0)
    hops = 0
    if top in holding and top != before.mood and lead >= LEAD:
        hops = before.hops + 1 if before.challenger == top else 1
    if hops >= LEADING_HOPS:
        return Decision(top, hop_end_ms)
    if hops or before.mood in holding:
        return Decision(before.mood, before.since_ms, top if hops else "", hops)
    return Decision(NEUTRAL, hop_end_ms)


def end_of(hop: int) -> int:
    """When a hop ends, ms since the epoch; hop `n` begins at `n * HOP_MS`."""
    return (hop + 1) * HOP_MS
