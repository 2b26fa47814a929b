"""Experience: what acts are worth, how much of it counts a day, and which level it makes.

A day's experience is a function of what was done that day, whatever the order: slots and full minutes count once.
"""

from collections.abc import Hashable, Iterable, Mapping
from math import isqrt

import msgspec

from features.visits import SESSION_GAP_MS

DAY_CAP = 500
SPEND_CAP = DAY_CAP // 2
"""Experience for spending is at most half of a full day."""
CHAT_XP, CHAT_SLOT_SECONDS = 2, 30
REACTION_XP, REACTION_SLOT_SECONDS = 1, 10
WATCH_XP, WATCH_STREAMS = 1, 2
WATCH_MINUTE_MS = 60_000
"""What a session must last for each minute that counts."""
PAID_TOKENS_PER_XP = 10
VOTE_XP, ANSWER_XP, CHALLENGE_XP = 5, 15, 10
"""For a vote in a poll, a question that was answered, and a share in a challenge that was completed."""
VISIT_XP, LONGEST_STREAK = 10, 5
"""For coming on a day, times the days in a row, up to five."""
SUBSCRIBER_PART = 5
"""On days on which somebody subscribes to a channel, one part in five more: of what is not spending, rounded down."""
HIGHEST_LEVEL = 400
"""More than forty years of full days."""


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """What one person did on one day (UTC).

    `slots` are half-minutes with an accepted message and `texts` distinct messages, `reactions` ten-second slots with
    a reaction, `watch` minutes watched (`watched_minutes`), `paid` paid tokens given, `prizes` experience won
    in games, `streak` days in a row up to this one (0: nobody came), `subscribed` whether a subscription of theirs to
    any channel was paid for this day, or given.
    """

    slots: int = 0
    texts: int = 0
    reactions: int = 0
    watch: int = 0
    paid: int = 0
    prizes: int = 0
    votes: int = 0
    answers: int = 0
    challenges: int = 0
    streak: int = 0
    subscribed: bool = False


def day_experience(day: Day) -> int:
    """Experience of a day, capped at 500, of which spending and the games that gifts start make at most 250.

    What subscribers get more comes before the cap and counts no spending, so neither bound moves.
    """
    talk = CHAT_XP * min(day.slots, day.texts)
    spend = min(SPEND_CAP, day.paid // PAID_TOKENS_PER_XP + day.prizes)
    acts = REACTION_XP * day.reactions + WATCH_XP * day.watch
    acts += VOTE_XP * day.votes + ANSWER_XP * day.answers + CHALLENGE_XP * day.challenges
    taken_part = talk + acts + VISIT_XP * min(LONGEST_STREAK, day.streak)
    more = taken_part // SUBSCRIBER_PART if day.subscribed else 0
    return min(DAY_CAP, taken_part + more + spend)


def watched_minutes(signs: Mapping[Hashable, Iterable[int]]) -> int:
    """Full minutes of all sessions that one day's signs of life make (ms), by stream.

    Of sessions at once two count, those that began first; another counts from when one of them is over.
    """
    sessions: list[tuple[int, int]] = []
    for times in signs.values():
        began = last = None
        for at in sorted(times):
            if began is None or last is None or at - last > SESSION_GAP_MS:
                began = at
                sessions.append((at, at))
            last = at
            sessions[-1] = (began, at)
    over, minutes = [0] * WATCH_STREAMS, 0
    for since, until in sorted(sessions):
        over.sort()
        minutes += max(0, until - max(since, over[0])) // WATCH_MINUTE_MS
        over[0] = max(over[0], until)
    return minutes


def experience_of(level: int) -> int:
    """Experience at which a level begins: 50 L (L - 1)."""
    return 50 * level * (level - 1)


def level_of(experience: int) -> int:
    """The level that so much experience makes; the inverse of `experience_of`, exact at every boundary."""
    return (50 + isqrt(2500 + 200 * experience)) // 100


def thresholds() -> tuple[int, ...]:
    """Where each level from the second on begins, for whoever cannot call `level_of`."""
    return tuple(experience_of(level) for level in range(2, HIGHEST_LEVEL + 1))
