"""Gifts that wait at the same moment are sent in one transaction, each asked for by itself and answered by itself."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import psycopg
import structlog
from redis.asyncio import Redis as AsyncRedis

from domain.economy import queries
from domain.economy.announcing import announce_balances
from domain.economy.model import GiftOrder, GiftOutcome, Wallet
from livestreamx.engines.batching import CLOSE_SECONDS, Batches
from livestreamx.engines.postgres import Db, Pool, connection

CONNECTIONS = 2
"""One prepares while the other waits for the disk."""
MOST_IN_BATCH = 200
MOST_WAITING = 4000

Answer = GiftOutcome | Exception
log = structlog.get_logger("domain.economy")


class GiftBatches:
    """Sends gifts over `CONNECTIONS` of the pool, and tells the senders' balances. `start` it, and `close` it."""

    def __init__(self, pool: Pool, redis: AsyncRedis) -> None:
        self._pool, self._redis = pool, redis
        self._batches: Batches[GiftOrder, Answer] = Batches(
            "gifts", self._send_batch, workers=CONNECTIONS, most_in_batch=MOST_IN_BATCH, most_waiting=MOST_WAITING
        )
        self._told = asyncio.Event()
        self._balances: dict[UUID, Wallet] = {}
        self._announcing: asyncio.Task[None] | None = None
        self._closing = False

    def start(self) -> None:
        self._batches.start()
        self._announcing = asyncio.create_task(self._announce())

    async def send(self, order: GiftOrder) -> GiftOutcome:
        """What the ledger says of this gift; `Unavailable` when too many wait or this is closing, else what PostgreSQL
        raised, after which the same key learns the truth."""
        answer = await self._batches.do(order)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        """Send what waits, then end; what cannot be sent in time is refused."""
        await self._batches.close()
        self._closing = True
        self._told.set()
        if self._announcing:
            _, unfinished = await asyncio.wait({self._announcing}, timeout=CLOSE_SECONDS)
            for task in unfinished:
                task.cancel()

    async def _send_batch(self, orders: Sequence[GiftOrder]) -> list[Answer]:
        async with connection(self._pool) as db:
            answers: dict[int, Answer] = await self._send_together(db, orders) if len(orders) > 1 else {}
            for place, order in enumerate(orders):
                if place not in answers:
                    answers[place] = await self._send_one(db, order)
        told = [answers[place] for place in range(len(orders))]
        for order, answer in zip(orders, told, strict=True):
            self._note_balance(order, answer)
        return told

    async def _send_one(self, db: Db, order: GiftOrder) -> Answer:
        try:
            return await queries.send_gift(db, order)
        except psycopg.Error as error:
            return error

    async def _send_together(self, db: Db, orders: Sequence[GiftOrder]) -> dict[int, Answer]:
        """Send them as one; those that have to be asked for singly are left out. A lost connection raises: whether the
        batch was committed is for the next request with the same key to find out."""
        try:
            outcomes = await queries.send_gifts(db, list(orders))
        except psycopg.Error as error:
            if db.closed:
                raise
            log.warning("batch_of_gifts_refused", gifts=len(orders), error=f"{type(error).__name__}: {error}")
            return {}
        return {place: outcome for place, outcome in enumerate(outcomes) if outcome.outcome != "again"}

    def _note_balance(self, order: GiftOrder, answer: Answer) -> None:
        if isinstance(answer, GiftOutcome) and answer.outcome == "sent":
            paid, bonus = answer.paid_left, answer.bonus_left
            self._balances[order.sender] = Wallet(tokens=paid + bonus, paid=paid, bonus=bonus)
            self._told.set()

    async def _announce(self) -> None:
        """The newest balance of each sender, as fast as Redis takes them."""
        while not (self._closing and not self._balances):
            await self._told.wait()
            if not self._closing:
                self._told.clear()
            held, self._balances = self._balances, {}
            if held:
                await announce_balances(self._redis, held)
