"""Lives of subscriptions by chance, told by Stripe in any order and more than once: all is exact in the end."""

import asyncio
import random
import secrets
import time
from typing import NamedTuple
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from redis.asyncio import Redis as AsyncRedis

from domain.payments.facts import FailedRefund, read_event
from domain.subscriptions import intake, queries
from domain.subscriptions.catalogue import TIERS
from domain.subscriptions.facts import read_channel_event
from domain.subscriptions.model import Order
from livestreamx.engines.postgres import Pool, connection, transaction
from tests.stripe_peer import events

DAY = 86_400
WORKERS = 8
AUDITS = ("audit", "audit_of_claims", "audit_of_payments", "audit_of_channels")


class Story(NamedTuple):
    """Events in the order in which they happened, and what must hold once all have come; money in cents."""

    sent: list[bytes]
    months: int
    kept: int
    disputed: int
    state: str


def tell(subscription: str, minor: int, chance: random.Random) -> Story:
    """One subscription's life: months paid, late or not at all, refunded, disputed; canceled, ended, or given up."""
    sent: list[bytes] = []
    owner, number = {"subscription_id": subscription}, f"sub_{subscription}"
    begin = int(time.time()) - chance.choice([0, 20]) * DAY

    def happens(kind: str, about: events.Object) -> None:
        sent.append(events.make_event(kind, about))

    if chance.random() < 0.1:
        happens("checkout.session.expired", events.session("", None, minor, paid=False) | {"metadata": owner})
        return Story(sent, 0, 0, 0, "expired")
    kept = disputed = months = 0
    paid_until, failed_until = 0, 0
    for month in range(chance.randint(1, 3)):
        start = begin + month * 30 * DAY
        invoice, intent = f"in_{subscription}_{month}", f"pi_{subscription}_{month}"

        def billed(*, paid: bool, start: int = start, invoice: str = invoice) -> events.Object:
            return events.invoice(invoice, number, minor, owner=owner, start=start, end=start + 30 * DAY, paid=paid)

        if chance.random() < 0.3:
            happens("invoice.payment_failed", billed(paid=False))
            if chance.random() < 0.5:
                failed_until = max(failed_until, start + 30 * DAY)
                continue
        happens("invoice.paid", billed(paid=True))
        happens("invoice_payment.paid", events.invoice_payment(invoice, intent, minor))
        happens("charge.succeeded", events.charge(intent, minor))
        left, open_, months = minor, 0, months + 1
        fate = chance.choice(["kept", "kept", "kept", "refunded", "partly", "won", "lost", "pending"])
        if fate in ("refunded", "partly"):
            back = minor if fate == "refunded" else chance.randint(1, minor - 1)
            happens("charge.refunded", events.charge(intent, minor, refunded=back))
            left -= back
        elif fate != "kept":
            happens("charge.dispute.created", events.dispute(intent, minor, "needs_response"))
            if fate == "pending":
                open_ = minor
            else:
                happens("charge.dispute.closed", events.dispute(intent, minor, fate))
                left = 0 if fate == "lost" else minor
        kept, disputed = kept + left, disputed + min(open_, left)
        if left:
            paid_until = max(paid_until, start + 30 * DAY)
    ends = chance.random() < 0.3
    if ends:
        happens("customer.subscription.updated", events.subscription(number, owner=owner, ends=True))
    is_over = chance.random() < 0.2
    if is_over:
        happens("customer.subscription.deleted", events.subscription(number, owner=owner, status="canceled"))
    return Story(sent, months, kept, disputed, state_of(paid_until, months, failed_until > paid_until, ends, is_over))


def state_of(paid_until: int, months: int, failed: bool, ends: bool, is_over: bool) -> str:
    """All of it happened within the month that is paid, or nothing is paid any more."""
    if not paid_until:
        return "expired" if months or is_over else "incomplete"
    if ends or is_over:
        return "canceled"
    return "past_due" if failed else "active"


class Channel:
    """A creator, and fans who ordered."""

    def __init__(self, pool: Pool, redis: AsyncRedis) -> None:
        self.pool, self.redis = pool, redis
        self.stories: dict[UUID, Story] = {}

    async def open(self, orders: int, chance: random.Random) -> "Channel":
        async with transaction(self.pool) as db:
            people = []
            for _ in range(orders + 1):
                made = await db.execute(
                    "INSERT INTO users (handle, password_hash) VALUES (%s, 'x') RETURNING id",
                    (f"s{secrets.token_hex(8)}",),
                )
                people.append((await made.fetchall())[0][0])
            self.creator = people.pop()
            for fan in people:
                tier = chance.choice(TIERS)
                order = Order(user_id=fan, creator_id=self.creator, tier=tier.tier, key=uuid4().hex)
                number = await queries.insert(db, order, tier)
                assert number is not None
                self.stories[number] = tell(str(number), tier.price_minor, chance)
        return self

    async def deliver_all(self, delivered: list[bytes]) -> None:
        waiting = iter(delivered)

        async def work() -> None:
            for body in waiting:
                about_channel = read_channel_event(body)
                if about_channel is not None:
                    await intake.take(self.pool, self.redis, about_channel)
                    continue
                fact = read_event(body)
                assert fact is not None
                assert not isinstance(fact, FailedRefund)
                await intake.take_payment(self.pool, self.redis, fact)

        await asyncio.gather(*(work() for _ in range(WORKERS)))

    async def check(self) -> None:
        """Every state, every cent, every month's event is what the stories want, and the books are in order."""
        async with connection(self.pool) as db:
            states = await db.execute("SELECT id, state FROM subscriptions WHERE creator_id = %s", (self.creator,))
            assert dict(await states.fetchall()) == {number: story.state for number, story in self.stories.items()}
            money = await db.execute(
                "SELECT "
                "coalesce(sum(posted) FILTER (WHERE ledger.kind_of(account) = ledger.creator_earnings()), 0)::bigint, "
                "coalesce(sum(posted) FILTER (WHERE ledger.kind_of(account) = ledger.creator_contested()), 0)::bigint "
                "FROM ledger.balance b JOIN users u ON u.number = b.account >> 8 WHERE u.id = %s",
                (self.creator,),
            )
            pending, contested = (await money.fetchall())[0]
            kept, disputed = (sum(getattr(one, name) for one in self.stories.values()) for name in ("kept", "disputed"))
            assert (pending + contested, contested) == (kept * 70, disputed * 70)
            told = await db.execute(
                "SELECT count(*) FILTER (WHERE e ->> 'type' IN ('sub.started', 'sub.renewed')), "
                "count(*) FILTER (WHERE e ->> 'type' = 'sub.started') "
                "FROM (SELECT convert_from(payload, 'UTF8')::jsonb AS e FROM outbox) o WHERE e ->> 'creator_id' = %s",
                (str(self.creator),),
            )
            months, starts = (await told.fetchall())[0]
            assert months <= sum(story.months for story in self.stories.values())
            assert starts <= sum(story.months > 0 for story in self.stories.values())
            every = " UNION ALL ".join(f"SELECT finding FROM ledger.{name} WHERE found <> 0" for name in AUDITS)
            assert await (await db.execute(every.encode())).fetchall() == []


async def test_hundreds_of_lives_shuffled_and_doubled_by_several_at_once(pool: Pool, redis: AsyncRedis) -> None:
    chance = random.Random(20_261)
    channel = await Channel(pool, redis).open(150, chance)
    delivered = [body for story in channel.stories.values() for body in story.sent] * 2
    chance.shuffle(delivered)
    await channel.deliver_all(delivered)
    await channel.check()
    assert {story.state for story in channel.stories.values()} == {
        "incomplete",
        "active",
        "past_due",
        "canceled",
        "expired",
    }


@hypothesis_settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(seed=st.integers(0, 2**32), order=st.randoms(use_true_random=False))
async def test_any_order_of_any_lives_ends_alike(
    pool: Pool, redis: AsyncRedis, seed: int, order: random.Random
) -> None:
    channel = await Channel(pool, redis).open(3, random.Random(seed))
    delivered = [body for story in channel.stories.values() for body in story.sent] * 2
    order.shuffle(delivered)
    await channel.deliver_all(delivered)
    await channel.check()
