"""The three games: how long they last, what counts, what can be won. Prizes are experience and badges, never tokens."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from features.fairness import Choice, Proof

Game = Literal["wheel", "boss", "tug"]
State = Literal["running", "resolved", "expired"]

SECONDS: dict[Game, int] = {"wheel": 8, "boss": 60, "tug": 45}
SETTLE_SECONDS = 1.0
"""How long after its end a game waits for acts that are still on their way to be counted."""
TOKENS_PER_POINT = 5
MOST_ENTRIES = 10_000

WHEEL: tuple[Choice, ...] = (
    Choice("xp_10", 40),
    Choice("xp_25", 30),
    Choice("xp_50", 18),
    Choice("xp_100", 8),
    Choice("badge_lucky", 4),
)
GROUP_XP = 50
"""For the one who is drawn among those who brought a boss down or won a tug."""
BADGES: dict[Game, str] = {"wheel": "lucky_wheel", "boss": "boss_slayer", "tug": "tug_champion"}


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed when the game began; `left` and `right` are the moods that pull in a tug."""

    starter: UUID
    handle: str
    creator_id: UUID
    hp: Annotated[int, msgspec.Meta(ge=0)] = 0
    left: str = ""
    right: str = ""


class Minigame(msgspec.Struct, frozen=True, kw_only=True):
    """One game; `bonus` are points that command gifts added, by user, `draw` is the proof once it is over."""

    id: UUID
    stream_id: UUID
    game: Game
    terms: Terms
    seed: bytes
    state: State
    started_at: datetime
    ends_at: datetime
    bonus: dict[str, int]
    draw: "Draw | None"
    winner_id: UUID | None


class Draw(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a game that is over; `proof` is None where there was nobody to draw."""

    seed: str
    proof: Proof | None = None


class Prize(msgspec.Struct, frozen=True):
    """What the winner gets."""

    xp: int = 0
    badge: str = ""


Acts = Mapping[str, Mapping[str, int]]
"""Per user: reactions by mood, and tokens given under `gift`."""


def prize_of(game: Game, outcome: str) -> Prize:
    """What an outcome is worth."""
    if game != "wheel":
        return Prize(GROUP_XP, BADGES[game])
    kind, _, worth = outcome.partition("_")
    return Prize(int(worth)) if kind == "xp" else Prize(badge=BADGES[game])


def points(did: Mapping[str, int]) -> int:
    """What one person's acts count: a reaction 1, five tokens 1."""
    return sum(count for what, count in did.items() if what != "gift") + -(-did.get("gift", 0) // TOKENS_PER_POINT)


def side_of(did: Mapping[str, int], terms: Terms) -> str:
    """The side somebody pulls for: where most of their reactions went; nowhere when they are even."""
    left, right = did.get(terms.left, 0), did.get(terms.right, 0)
    return "" if left == right else terms.left if left > right else terms.right


def standing(acts: Acts, terms: Terms) -> dict[str, dict[str, int]]:
    """Per side of a tug, the points of those who pull there; gifts pull where their giver's reactions do."""
    sides: dict[str, dict[str, int]] = {terms.left: {}, terms.right: {}}
    for user, did in acts.items():
        if side := side_of(did, terms):
            pulling = {what: count for what, count in did.items() if what in (side, "gift")}
            sides[side][user] = points(pulling)
    return sides


def with_bonus(acts: Acts, bonus: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """The acts, with what command gifts added counted as given tokens."""
    total = {user: dict(did) for user, did in acts.items()}
    for user, more in bonus.items():
        did = total.setdefault(user, {})
        did["gift"] = did.get("gift", 0) + more * TOKENS_PER_POINT
    return total


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How a game stands: `hp` left of a boss, points per side of a tug, and among whom would be drawn now."""

    hp: int = 0
    sides: dict[str, int] = {}
    entrants: dict[str, int] = {}
    is_won: bool = False


def score(game: Game, acts: Acts, terms: Terms) -> Score:
    """The standing by what was done so far."""
    everybody = {user: sum_ for user, did in acts.items() if (sum_ := points(did)) > 0}
    if game == "wheel":
        return Score(entrants=everybody, is_won=True)
    if game == "boss":
        left = max(0, terms.hp - sum(everybody.values()))
        return Score(hp=left, entrants=everybody, is_won=left == 0)
    pulling = standing(acts, terms)
    sums = {side: sum(users.values()) for side, users in pulling.items()}
    ahead = max(sums, key=lambda side: sums[side])
    is_won = sums[ahead] > min(sums.values())
    return Score(sides=sums, entrants=pulling[ahead] if is_won else {}, is_won=is_won)
