"""When a command would start, from what runs and waits on its stream's stage: pure; times are seconds from now."""

from collections.abc import Mapping, Sequence

import msgspec

from domain.commands.model import COOLDOWN_SECONDS, EXPIRY_SECONDS, REGISTRY, Action

TURN_SECONDS = 0.25
"""From the end of one command until the next one is on."""
MARGIN_SECONDS = 1.0
"""A start so close to a command's expiry is not relied on."""
LONGEST_WAIT = 120
"""By then whatever waits now has played and cooled down."""


class Waiting(msgspec.Struct, frozen=True):
    """A command that may start from `asked_in` on, and is given back at `expires_in`."""

    action: Action
    expires_in: float
    asked_in: float = 0.0


class Stage(msgspec.Struct, frozen=True):
    """Free in `free_in`; `ready_in` is when an action has cooled down, and `queue` the oldest first."""

    free_in: float = 0.0
    ready_in: Mapping[Action, float] = {}
    queue: tuple[Waiting, ...] = ()


def starts(stage: Stage, queue: Sequence[Waiting]) -> list[float | None]:
    """When each command of a queue starts; None for one that expires before."""
    free, ready = stage.free_in, dict(stage.ready_in)
    found: list[float | None] = [None] * len(queue)
    left = list(range(len(queue)))

    def turn(place: int) -> float:
        command = queue[place]
        return max(free, command.asked_in, ready.get(command.action, 0.0))

    while left:
        place = min(left, key=turn)  # of those that may start together, the oldest
        left.remove(place)
        command, at = queue[place], turn(place)
        if at > command.expires_in:
            continue
        found[place] = at
        kind = REGISTRY[command.action]
        free = at + kind.shown_ms / 1000 + TURN_SECONDS
        if kind.pace == "cooled":
            ready[command.action] = at + COOLDOWN_SECONDS
    return found


def seconds_until_taken(stage: Stage, action: Action) -> int:
    """After how many seconds such a command could be asked for and play in time; 0 for now.

    It may not make one late that waits already.
    """
    before = starts(stage, stage.queue)
    return next((wait for wait in range(LONGEST_WAIT) if _fits(stage, before, action, wait)), LONGEST_WAIT)


def _fits(stage: Stage, before: Sequence[float | None], action: Action, wait: int) -> bool:
    queue = (*stage.queue, Waiting(action, wait + EXPIRY_SECONDS, wait))
    after = starts(stage, queue)
    undisturbed = zip(queue, after, (*before, None), strict=True)
    return after[-1] is not None and all(now == then or _in_time(command, now) for command, now, then in undisturbed)


def _in_time(command: Waiting, start: float | None) -> bool:
    return start is not None and start <= command.expires_in - MARGIN_SECONDS
