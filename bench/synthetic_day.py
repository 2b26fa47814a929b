"""A day of many rooms whose outcome is known: its acts, and what they must come to, counted with sets and sums."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from features.experience import CHAT_SLOT_SECONDS, REACTION_SLOT_SECONDS, Day, day_experience, watched_minutes
from livestreamx.events import MOODS, ChatMessage, Event, GiftSent, ReactionSent, ViewerHeartbeat, ViewerJoined

BEGAN = datetime(2026, 3, 3, 18, 0, tzinfo=UTC)
"""A Tuesday, long over: no wall clock is near it."""
WORDS = ("LUL", "hello", "PogChamp nice", "Sadge", "what a run", "<3", "gg", "KEKW")
HEARTBEAT_SECONDS, GAP_SECONDS = 15, 45
LATENESS_SECONDS = 1.5
"""How far acts may change places in a shuffle: less than what mood waits for."""


def id_of(rng: random.Random, at: datetime) -> UUID:
    """A UUIDv7 of a moment, the same in every run."""
    ms = int(at.timestamp() * 1000)
    return UUID(int=ms << 80 | 7 << 76 | rng.getrandbits(12) << 64 | 2 << 62 | rng.getrandbits(62))


class SyntheticDay:
    """About `size` acts of viewers who come to `streams` rooms, watch, talk, react, give, and go."""

    def __init__(self, size: int, *, seed: int = 1, streams: int = 12, people: int = 150) -> None:
        self._rng = random.Random(seed)
        self.creators = [id_of(self._rng, BEGAN - timedelta(days=9)) for _ in range(streams)]
        self.streams = [id_of(self._rng, BEGAN - timedelta(minutes=number)) for number in range(streams)]
        self.people = [id_of(self._rng, BEGAN - timedelta(days=8)) for _ in range(people)]
        self.acts: list[Event] = []
        while len(self.acts) < size:
            self.acts += self._visit()
        self.acts.sort(key=lambda act: act.occurred_at)

    def _visit(self) -> Iterator[Event]:
        rng, number = self._rng, self._rng.randrange(len(self.people))
        room = min(int(rng.expovariate(0.3)), len(self.streams) - 1)
        given: dict[str, Any] = {
            "stream_id": self.streams[room],
            "creator_id": self.creators[room],
            "user_id": self.people[number],
            "session_id": f"session-{rng.getrandbits(40)}",
        }
        at = BEGAN + timedelta(seconds=rng.random() * 3 * 3600)
        feeling = MOODS[(room + int((at - BEGAN).total_seconds()) // 600) % len(MOODS)]
        yield ViewerJoined(event_id=id_of(rng, at), occurred_at=at, **given)
        for _ in range(rng.randrange(4, 60)):
            at += timedelta(seconds=HEARTBEAT_SECONDS if rng.random() < 0.97 else 4 * HEARTBEAT_SECONDS)
            yield ViewerHeartbeat(event_id=id_of(rng, at), occurred_at=at, **given)
            while rng.random() < 0.55:
                then = at + timedelta(seconds=rng.random() * HEARTBEAT_SECONDS)
                yield self._act(then, feeling, number, {"event_id": id_of(rng, then), "occurred_at": then, **given})

    def _act(self, at: datetime, feeling: Any, number: int, given: dict[str, Any]) -> Event:
        rng, handle = self._rng, f"viewer{number}"
        draw = rng.random()
        if draw < 0.5:
            mood = feeling if rng.random() < 0.7 else rng.choice(MOODS)
            return ReactionSent(mood=mood, **given)
        if draw < 0.94:
            text = rng.choice(WORDS) + " " * rng.randrange(2)
            return ChatMessage(message_id=id_of(rng, at), handle=handle, text=text, length=len(text), **given)
        paid, bonus = rng.choice(((5, 0), (2, 3), (40, 10), (0, 5)))
        tokens = {"tokens": paid + bonus, "paid": paid, "bonus": bonus}
        return GiftSent(gift_event_id=id_of(rng, at), code="HEART", qty=1, handle=handle, **tokens, **given)

    def shuffled(self) -> list[Event]:
        """The acts out of order within the allowed lateness, and one in twenty twice."""
        rng = random.Random(7)
        doubled = [*self.acts, *rng.sample(self.acts, len(self.acts) // 20)]
        return sorted(doubled, key=lambda act: act.occurred_at.timestamp() + rng.random() * LATENESS_SECONDS)


def truth(day: SyntheticDay) -> dict[str, Any]:
    """Boards, experience, minutes and sessions, by plain counting."""
    boards: Counter[tuple[str, str, str]] = Counter()
    minutes: Counter[tuple[str, int, str]] = Counter()
    signs: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for act in day.acts:
        stream, who, second = str(act.stream_id), str(act.user_id), int(act.occurred_at.timestamp())
        match act:
            case ChatMessage() | ReactionSent():
                boards["engagement", stream, who] += 1
                minutes[stream, second // 60, "message" if isinstance(act, ChatMessage) else "reaction"] += 1
            case GiftSent():
                boards["engagement", stream, who] += 1
                boards["gifts", stream, who] += act.tokens
                boards["creators", stream, str(act.creator_id)] += act.paid
                minutes[stream, second // 60, "gift"] += 1
            case _:
                signs[stream, who].append(int(act.occurred_at.timestamp() * 1000))
    return {
        "boards": {key: score for key, score in boards.items() if score},
        "experience": {str(person): experience_of(acts) for person, acts in by_person(day.acts).items()},
        "minutes": dict(minutes),
        "watched_ms": {who: watched_ms(sorted(times)) for who, times in signs.items()},
    }


def by_person(acts: Sequence[Event]) -> dict[UUID | None, list[Event]]:
    """Everybody's own acts."""
    found: defaultdict[UUID | None, list[Event]] = defaultdict(list)
    for act in acts:
        found[act.user_id].append(act)
    return found


def experience_of(acts: Sequence[Event]) -> int:
    """The experience that one person's acts make, all of one evening or of the night after it."""
    days: defaultdict[int, list[Event]] = defaultdict(list)
    for act in acts:
        days[int(act.occurred_at.timestamp()) // 86_400].append(act)
    total, streak = 0, 0
    for _, some in sorted(days.items()):
        seconds = {kind: [(int(a.occurred_at.timestamp()), a) for a in some if isinstance(a, kind)] for kind in KINDS}
        streak = streak + 1 if len(some) > len(seconds[GiftSent]) else 0
        watched: defaultdict[UUID | None, list[int]] = defaultdict(list)
        for _, act in seconds[ViewerHeartbeat]:
            watched[act.stream_id].append(int(act.occurred_at.timestamp() * 1000))
        total += day_experience(
            Day(
                slots=len({second // CHAT_SLOT_SECONDS for second, _ in seconds[ChatMessage]}),
                texts=len({act.text.casefold() for _, act in seconds[ChatMessage]}),  # type: ignore[attr-defined]
                reactions=len({second // REACTION_SLOT_SECONDS for second, _ in seconds[ReactionSent]}),
                watch=watched_minutes(watched),
                paid=sum(act.paid for _, act in seconds[GiftSent]),  # type: ignore[attr-defined]
                streak=streak,
            )
        )
    return total


KINDS: tuple[type[Event], ...] = (ChatMessage, ReactionSent, ViewerHeartbeat, GiftSent)


def watched_ms(times: Sequence[int]) -> int:
    """The length of all sessions that these signs of life make: silence beyond the gap is not watching."""
    gaps = (later - earlier for earlier, later in pairwise(times))
    return sum(gap for gap in gaps if gap <= GAP_SECONDS * 1000)
