"""Long work beside requests: in small pieces with a rest after each, so that requests find the interpreter free."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
Rest = Callable[[], None]
"""What long work calls between two of its pieces, which take a few milliseconds at most."""

LEAST_SECONDS = 0.001
"""So little work is not worth a rest."""


class Pace:
    """Rests, when called, so long that its thread works no more than this share of the time."""

    def __init__(self, share: float) -> None:
        self._rests = 1 / share - 1
        self._since = time.thread_time()

    def __call__(self) -> None:
        worked = time.thread_time() - self._since
        if worked >= LEAST_SECONDS:
            time.sleep(worked * self._rests)
            self._since = time.thread_time()


def at_once() -> None:
    """No rest: somebody waits for the whole."""


def in_pieces(items: Iterable[Item], rest: Rest, size: int = 100) -> Iterator[Item]:
    """These items, with a rest after every `size` of them."""
    for number, item in enumerate(items, 1):
        yield item
        if number % size == 0:
            rest()
