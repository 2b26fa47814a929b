"""Group commit in the application: what waits at the same moment is done in one go, and answered one by one.

Nothing waits for company: a batch is whatever came while the workers were busy.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Generic, TypeVar

from livestreamx.errors import Unavailable

CLOSE_SECONDS = 10.0

Order = TypeVar("Order")
Outcome = TypeVar("Outcome")


class Batches(Generic[Order, Outcome]):
    """Hands orders to `work` in batches, which answers each in the same order. `start` it, and `close` it."""

    def __init__(
        self,
        name: str,
        work: Callable[[Sequence[Order]], Awaitable[Sequence[Outcome]]],
        *,
        workers: int,
        most_in_batch: int,
        most_waiting: int,
    ) -> None:
        self._name, self._work = name, work
        self._workers, self._most_in_batch, self._most_waiting = workers, most_in_batch, most_waiting
        self._waiting: deque[tuple[Order, asyncio.Future[Outcome]]] = deque()
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._run(), name=self._name) for _ in range(self._workers)]

    async def do(self, order: Order) -> Outcome:
        """What became of the order; `Unavailable` when too many wait or this is closing, else what `work` raised."""
        if self._closing or len(self._waiting) >= self._most_waiting:
            raise Unavailable(f"Too many {self._name} wait")
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((order, future))
        self._wake.set()
        return await future

    async def close(self) -> None:
        """Do what waits, then end; what cannot be done in time is refused."""
        self._closing = True
        self._wake.set()
        if self._tasks:
            _, unfinished = await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS)
            for task in unfinished:
                task.cancel()
        _fail((future for _, future in self._waiting), Unavailable("The platform is stopping"))

    async def _run(self) -> None:
        while True:
            while not self._waiting:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
            share = -(-len(self._waiting) // self._workers)  # the other workers take the rest meanwhile
            batch = [self._waiting.popleft() for _ in range(min(self._most_in_batch, share))]
            batch = [one for one in batch if not one[1].done()]  # nobody waits for those any more
            if batch:
                await self._do(batch)

    async def _do(self, batch: list[tuple[Order, asyncio.Future[Outcome]]]) -> None:
        futures = [future for _, future in batch]
        try:
            outcomes = await self._work([order for order, _ in batch])
        except asyncio.CancelledError:
            _fail(futures, Unavailable("The platform is stopping"))
            raise
        except Exception as error:  # whatever it is, it belongs to those who wait, and the next batch is done
            _fail(futures, error)
        else:
            for future, outcome in zip(futures, outcomes, strict=True):
                if not future.done():
                    future.set_result(outcome)


def _fail(futures: Iterable["asyncio.Future[Outcome]"], error: Exception) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error)
