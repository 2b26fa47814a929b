"""Group commit in the application: gifts that wait at the same moment are sent in one transaction.

Each is asked for by itself and answered by itself. Nothing waits for company: a batch is whatever came while the
connections were busy.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from uuid import UUID

import psycopg
import structlog
from redis.asyncio import Redis as AsyncRedis

from domain.economy import queries
from domain.economy.announcing import announce_balances
from domain.economy.model import GiftOrder, GiftOutcome, Wallet
from livestreamx.engines.postgres import Db, Pool, connection
from livestreamx.errors import Unavailable

CONNECTIONS = 2
"""One prepares while the other waits for the disk."""
MOST_IN_BATCH = 200
MOST_WAITING = 4000
CLOSE_SECONDS = 10.0

Waiting = tuple[GiftOrder, "asyncio.Future[GiftOutcome]"]
log = structlog.get_logger("domain.economy")


class GiftBatches:
    """Sends gifts over `CONNECTIONS` of the pool, and tells the senders' balances. `start` it, and `close` it."""

    def __init__(self, pool: Pool, redis: AsyncRedis) -> None:
        self._pool, self._redis = pool, redis
        self._waiting: deque[Waiting] = deque()
        self._wake, self._told = asyncio.Event(), asyncio.Event()
        self._balances: dict[UUID, Wallet] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._send_batches()) for _ in range(CONNECTIONS)]
        self._tasks.append(asyncio.create_task(self._announce()))

    async def send(self, order: GiftOrder) -> GiftOutcome:
        """What the ledger says of this gift; `Unavailable` when too many wait or this is closing, else what PostgreSQL
        raised, after which the same key learns the truth."""
        if self._closing or len(self._waiting) >= MOST_WAITING:
            raise Unavailable("Too many gifts wait to be sent")
        future: asyncio.Future[GiftOutcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((order, future))
        self._wake.set()
        return await future

    async def close(self) -> None:
        """Send what waits, then end; what cannot be sent in time is refused."""
        self._closing = True
        self._wake.set()
        self._told.set()
        if self._tasks:
            _, unfinished = await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS)
            for task in unfinished:
                task.cancel()
        fail(self._waiting, Unavailable("The platform is stopping"))

    async def _send_batches(self) -> None:
        while True:
            while not self._waiting:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
            share = -(-len(self._waiting) // CONNECTIONS)  # the other connection takes the rest meanwhile
            batch = [self._waiting.popleft() for _ in range(min(MOST_IN_BATCH, share))]
            batch = [one for one in batch if not one[1].done()]  # nobody waits for those any more
            try:
                await self._send_batch(batch)
            except asyncio.CancelledError:
                fail(batch, Unavailable("The platform is stopping"))
                raise
            except Exception as error:  # whatever it is, it belongs to those who wait, and the next batch is sent
                fail(batch, error)

    async def _send_batch(self, batch: list[Waiting]) -> None:
        async with connection(self._pool) as db:
            if len(batch) > 1:
                batch = await self._send_together(db, batch)
            for order, future in batch:
                try:
                    self._settle(order, future, await queries.send_gift(db, order))
                except psycopg.Error as error:
                    if db.closed:
                        raise
                    fail([(order, future)], error)

    async def _send_together(self, db: Db, batch: list[Waiting]) -> list[Waiting]:
        """Send them as one; those that have to be asked for singly are left. A lost connection raises: whether the
        batch was committed is for the next request with the same key to find out."""
        try:
            outcomes = await queries.send_gifts(db, [order for order, _ in batch])
        except psycopg.Error as error:
            if db.closed:
                raise
            log.warning("batch_of_gifts_refused", gifts=len(batch), error=f"{type(error).__name__}: {error}")
            return batch
        left = []
        for (order, future), outcome in zip(batch, outcomes, strict=True):
            if outcome.outcome == "again":
                left.append((order, future))
            else:
                self._settle(order, future, outcome)
        return left

    def _settle(self, order: GiftOrder, future: "asyncio.Future[GiftOutcome]", outcome: GiftOutcome) -> None:
        if outcome.outcome == "sent":
            paid, bonus = outcome.paid_left, outcome.bonus_left
            self._balances[order.sender] = Wallet(tokens=paid + bonus, paid=paid, bonus=bonus)
            self._told.set()
        if not future.done():
            future.set_result(outcome)

    async def _announce(self) -> None:
        """The newest balance of each sender, as fast as Redis takes them."""
        while not (self._closing and not self._balances):
            await self._told.wait()
            if not self._closing:
                self._told.clear()
            held, self._balances = self._balances, {}
            if held:
                await announce_balances(self._redis, held)


def fail(batch: Iterable[Waiting], error: Exception) -> None:
    """Answer everybody in it who still waits with this error."""
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
