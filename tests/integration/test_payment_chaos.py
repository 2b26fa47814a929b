"""Stripe's events in any order, any number of times, while gifts are sent: the balances are exact in the end."""

import asyncio
import random
import secrets
import time
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from redis.asyncio import Redis as AsyncRedis

from domain.economy import queries as ledger
from domain.economy import service as economy
from domain.economy.model import GiftOrder
from domain.payments import queries, service
from domain.payments.catalogue import PACKS
from domain.payments.checkout import Checkout
from domain.payments.facts import read_event
from livestreamx.engines.postgres import Pool, connection, transaction
from tests.stripe_peer import events
from tests.stripe_peer.stories import Story, chaos, tell

DELIVERIES = 10_000
BUYERS, ORDERS = 25, 900
WORKERS = 8


class Market:
    """Buyers, what they ordered, and a creator whom they send gifts meanwhile."""

    def __init__(self, pool: Pool, redis: AsyncRedis) -> None:
        self.pool, self.redis = pool, redis
        self.checkout = Checkout("sk_test_nothing", events.SECRET)
        self.buyers: list[UUID] = []
        self.stories: dict[UUID, tuple[UUID, Story]] = {}

    async def open(self, buyers: int, orders: int, chance: random.Random) -> "Market":
        async with transaction(self.pool) as db:
            for _ in range(buyers + 1):
                made = await db.execute(
                    "INSERT INTO users (handle, password_hash) VALUES (%s, 'x') RETURNING id",
                    (f"m{secrets.token_hex(8)}",),
                )
                self.buyers.append((await made.fetchall())[0][0])
                await ledger.open_wallet(db, self.buyers[-1])
            creator = self.buyers.pop()
            made = await db.execute(
                "INSERT INTO streams (creator_id, title, status, started_at) VALUES (%s, 'Chaos', 'live', now()) "
                "RETURNING id",
                (creator,),
            )
            self.stream: UUID = (await made.fetchall())[0][0]
            for _ in range(orders):
                buyer, pack = chance.choice(self.buyers), chance.choice(PACKS)
                order = await queries.enter_order(db, buyer, pack, uuid4().hex)
                self.stories[order.id] = (buyer, tell(str(order.id), f"pi_{order.id.hex}", pack, chance))
        return self

    async def deliver(self, body: bytes) -> str:
        """One delivery, as the webhook takes it."""
        self.checkout.verify(body, events.sign(body))
        fact = read_event(body)
        assert fact is not None
        return (await service.take(self.pool, self.redis, fact)).outcome

    async def deliver_all(self, delivered: list[bytes]) -> None:
        waiting = iter(delivered)

        async def work() -> None:
            for body in waiting:
                await self.deliver(body)

        await asyncio.gather(*(work() for _ in range(WORKERS)))

    async def spend(self, over: asyncio.Event, chance: random.Random) -> None:
        """Gifts by whoever has tokens just now; what the ledger refuses is not sent."""
        async with connection(self.pool) as db:
            while not over.is_set():
                gift = GiftOrder(
                    sender=chance.choice(self.buyers),
                    handle="somebody",
                    stream_id=self.stream,
                    code=chance.choice(["HEART", "ROSE", "ROCKET"]),
                    qty=chance.randint(1, 99),
                    idempotency_key=uuid4().hex,
                )
                await ledger.send_gift(db, gift)
                await asyncio.sleep(0)

    async def check(self) -> None:
        """Every payment, wallet, debt, lock and event is what the stories want, and the books are in order."""
        async with connection(self.pool) as db:
            found = await db.execute(
                "SELECT id, credited, state, locks FROM payments WHERE user_id = ANY (%s)", (self.buyers,)
            )
            got = {row[0]: row[1:] for row in await found.fetchall()}
            assert got == {
                payment: (story.tokens, story.state, story.locks) for payment, (_, story) in self.stories.items()
            }
            for buyer in self.buyers:
                own = [story for owner, story in self.stories.values() if owner == buyer]
                held, owed = await economy.wallet(db, buyer), await queries.debt(db, buyer)
                sums = await db.execute(
                    "SELECT (SELECT coalesce(sum(paid), 0)::bigint FROM gift_events WHERE from_user_id = %(user)s), "
                    "coalesce(sum(CASE e ->> 'type' WHEN 'tokens.granted' THEN 1 WHEN 'tokens.reversed' THEN -1 END "
                    "* (e ->> 'tokens')::bigint), 0)::bigint, "
                    "(SELECT coalesce(sum(share + fee), 0)::bigint FROM ledger.claim c "
                    "JOIN users u ON u.number = c.buyer WHERE u.id = %(user)s AND c.state = 'taken') "
                    "FROM (SELECT convert_from(payload, 'UTF8')::json AS e FROM outbox WHERE key = %(user)s::text) t",
                    {"user": buyer},
                )
                spent, told, clawed = (await sums.fetchall())[0]
                bought = sum(story.tokens for story in own)
                assert (held.paid - owed + spent) * 100 - clawed == bought * 100 == told * 100
                assert held.locked == any(story.locks for story in own)
                assert min(held.paid, owed) == 0  # a debt is repaid first
            faults = await db.execute(
                "SELECT finding FROM ledger.audit_of_payments WHERE found <> 0 UNION ALL "
                "SELECT finding FROM ledger.audit_of_claims WHERE found <> 0 UNION ALL "
                "SELECT finding FROM ledger.audit WHERE found <> 0"
            )
            assert await faults.fetchall() == []


async def test_ten_thousand_deliveries_shuffled_and_doubled(pool: Pool, redis: AsyncRedis) -> None:
    chance = random.Random(20_261)
    market = await Market(pool, redis).open(BUYERS, ORDERS, chance)
    delivered = chaos([story for _, story in market.stories.values()], chance, DELIVERIES)
    over = asyncio.Event()
    spending = asyncio.create_task(market.spend(over, chance))
    began = time.monotonic()
    late = DELIVERIES // 4
    await market.deliver_all(delivered[:-late])
    over.set()
    await spending
    await market.deliver_all(delivered[-late:])
    print(
        f"{DELIVERIES} deliveries of {sum(len(s.sent) for _, s in market.stories.values())} events "
        f"in {time.monotonic() - began:.1f} s"
    )
    await market.check()
    async with connection(pool) as db:
        gifts = await db.execute("SELECT count(*) FROM gift_events WHERE stream_id = %s AND paid > 0", (market.stream,))
        assert (await gifts.fetchall())[0][0] > 20
        debts = await db.execute(
            "SELECT count(*) FROM ledger.account a "
            "JOIN users u ON a.id = ledger.account_id(u.number, ledger.user_debt()) WHERE u.id = ANY (%s)",
            (market.buyers,),
        )
        assert (await debts.fetchall())[0][0] > 0
    assert any(story.locks for _, story in market.stories.values())


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(seed=st.integers(0, 2**32), order=st.randoms(use_true_random=False))
async def test_any_order_of_any_stories_ends_alike(
    pool: Pool, redis: AsyncRedis, seed: int, order: random.Random
) -> None:
    market = await Market(pool, redis).open(1, 3, random.Random(seed))
    once = [body for _, story in market.stories.values() for body in story.sent]
    delivered = once * 2
    order.shuffle(delivered)
    for body in delivered:
        await market.deliver(body)
    await market.check()
