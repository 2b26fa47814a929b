"""The economy's other flows as rules: refunds, holds, maturing, payouts, packs and batches, racing too."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from tests.integration.books import PRICES, Connection, Outcome, faults, grant, pay_out, refund
from tests.integration.test_ledger import CODES, CREATORS, KEYS, PEOPLE, Economy, Request

STOCK, PRICE = 3, 20
NUMBERS = st.integers(0, 99)
ENDS = st.sampled_from(["posted", "voided"])


def ask(db: Connection, sql: str, *values: object) -> tuple[Any, ...]:
    row = db.execute(sql.encode(), values).fetchone()
    assert row is not None
    return tuple(row)


class Returns(Economy):
    """The model, besides the base's: where earnings are (hundredths), what is on hold, what is left of the pack."""

    @initialize()
    def open(self) -> None:
        super().open()
        self.parts: dict[tuple[int, str], tuple[int, int]] = {}  # bonus and paid tokens of each gift
        self.refunded: set[tuple[int, str]] = set()
        self.matured: set[tuple[int, str]] = set()
        self.available, self.debt = [0] * 4, [0] * 4
        self.holds: dict[str, tuple[UUID, int, int, int, int]] = {}
        self.over: set[str] = set()
        self.held_paid, self.held_bonus = [0] * 4, [0] * 4
        for number, person in enumerate(self.people):  # so that the first steps do something
            grant(self.db, person, "purchase", 300)
            grant(self.db, person, "promo", 40)
            self.paid[number], self.bonus[number] = 300, 40
        self.bought: set[tuple[int, str]] = set()
        self.pack = ask(
            self.db,
            "INSERT INTO exclusive_packs (name, price_tokens, stock, starts_at, ends_at) "
            "VALUES ('Pack', %s, %s, now() - interval '1 day', now() + interval '1 day') RETURNING id",
            PRICE,
            STOCK,
        )[0]

    def book(self, sender: int, key: str, request: Request, got: Outcome) -> None:
        super().book(sender, key, request, got)
        # of gifts that race only the ledger knows which took the bonus tokens; the base checks the sums
        bonus, paid = ask(self.db, "SELECT bonus, paid FROM gift_events WHERE id = %s", got.gift_event_id)
        assert bonus + paid == PRICES[request[1]] * request[2]
        self.parts[sender, key] = bonus, paid

    def take_back(self, gift: tuple[int, str]) -> None:
        """Do in the model what a refund does."""
        sender, creator = gift[0], self.gifts[gift][0][0]
        bonus, paid = self.parts[gift]
        self.bonus[sender] += bonus
        self.paid[sender] += paid
        self.score[creator] -= bonus * 100
        if gift in self.matured:
            there = min(self.available[creator], paid * 70)
            self.available[creator] -= there
            self.debt[creator] += paid * 70 - there
        else:
            self.earnings[creator] -= paid * 70
        self.refunded.add(gift)

    @precondition(lambda self: self.gifts)
    @rule(number=NUMBERS, racing=st.booleans())
    def refund_gift(self, number: int, racing: bool) -> None:
        gift = list(self.gifts)[number % len(self.gifts)]
        event = self.gifts[gift][1].gift_event_id
        got = [refund(db, event)[0] for db in [self.db]] if not racing else self.race_refunds(event)
        expected = ["refunded_before"] * len(got)
        if gift not in self.refunded:
            expected[0] = "refunded"
            self.take_back(gift)
        assert sorted(got) == sorted(expected)

    def race_refunds(self, event: UUID | None) -> list[str]:
        outcomes: list[Any] = self.race(lambda db, _: refund(db, event)[0])  # type: ignore[arg-type,return-value]
        return outcomes

    @precondition(lambda self: self.gifts)
    @rule(number=NUMBERS)
    def refund_that_crashes(self, number: int) -> None:
        """A refund whose connection dies leaves nothing behind."""
        gift = list(self.gifts)[number % len(self.gifts)]
        with psycopg.connect(self.url) as dying:
            refund(dying, self.gifts[gift][1].gift_event_id)
            self.db.execute("SELECT pg_terminate_backend(%s, 5000)", (dying.info.backend_pid,))
            with pytest.raises(psycopg.OperationalError):
                dying.execute("SELECT 1")
            dying.close()

    @rule(creator=CREATORS)
    def mature(self, creator: int) -> None:
        sql = "SELECT ledger.mature_earnings(%s, %s, clock_timestamp())"
        assert ask(self.db, sql, self.people[creator], uuid4()) == (self.earnings[creator],)
        repaid = min(self.debt[creator], self.earnings[creator])
        self.debt[creator] -= repaid
        self.available[creator] += self.earnings[creator] - repaid
        self.earnings[creator] = 0
        self.matured |= {gift for gift, (request, _) in self.gifts.items() if request[0] == creator}

    @precondition(lambda self: any(self.available))
    @rule(part=st.integers(1, 3))
    def pay_out(self, part: int) -> None:
        creator = max(range(4), key=lambda one: self.available[one])
        amount = max(self.available[creator] // part, 1)
        pay_out(self.db, self.people[creator], amount)
        self.available[creator] -= amount

    @rule(who=PEOPLE, creator=CREATORS, tokens=st.integers(1, 60), key=KEYS)
    def hold(self, who: int, creator: int, tokens: int, key: str) -> None:
        if who == creator:
            return
        known = self.holds.get(key)
        name = known[0] if known else uuid4()
        sql = "SELECT ledger.hold_tokens(%s, %s, %s, %s, 'challenge')"
        got = ask(self.db, sql, name, self.people[who], self.people[creator], tokens)[0]
        if known:
            assert got == "replayed"
        elif who in self.locked:
            assert got == "wallet_locked"
        elif self.paid[who] + self.bonus[who] < tokens:
            assert got == "insufficient"
        else:
            assert got == "held"
            bonus = min(self.bonus[who], tokens)
            self.holds[key] = (name, who, creator, bonus, tokens - bonus)
            self.bonus[who] -= bonus
            self.paid[who] -= tokens - bonus
            self.held_bonus[who] += bonus * 100
            self.held_paid[who] += (tokens - bonus) * 100

    @precondition(lambda self: self.holds)
    @rule(number=NUMBERS, how=ENDS)
    def end_hold(self, number: int, how: str) -> None:
        key = list(self.holds)[number % len(self.holds)]
        name, who, creator, bonus, paid = self.holds[key]
        got = ask(self.db, "SELECT ledger.end_hold(%s, %s, %s)", name, uuid4(), how)[0]
        if key in self.over:
            assert got == "ended_before"
            return
        assert got == how
        self.over.add(key)
        self.held_bonus[who] -= bonus * 100
        self.held_paid[who] -= paid * 100
        if how == "voided":
            self.bonus[who] += bonus
            self.paid[who] += paid
        else:
            self.score[creator] += bonus * 100
            self.earnings[creator] += paid * 70

    @rule(who=PEOPLE, key=KEYS)
    def buy_pack(self, who: int, key: str) -> None:
        got = ask(self.db, "SELECT * FROM ledger.buy_pack(%s, %s, %s, %s)", uuid4(), self.people[who], self.pack, key)
        if (who, key) in self.bought:
            assert got[0] == "replayed"
        elif who in self.locked:
            assert got[0] == "wallet_locked"
        elif len(self.bought) == STOCK:
            assert got[0] == "sold_out"
        elif self.paid[who] + self.bonus[who] < PRICE:
            assert got[0] == "insufficient"
        else:
            assert got[0] == "bought"
            self.bought.add((who, key))
            bonus = min(self.bonus[who], PRICE)
            self.bonus[who] -= bonus
            self.paid[who] -= PRICE - bonus

    @rule(orders=st.lists(st.tuples(PEOPLE, CREATORS, CODES, st.integers(1, 3), KEYS), min_size=1, max_size=8))
    def send_batch(self, orders: list[tuple[int, int, str, int, str]]) -> None:
        """Each as it would be alone; what has to be asked again stays unsent."""
        rows = [
            (uuid4(), uuid4(), self.people[s], "x", self.streams[c], code, q, None, k, "")
            for s, c, code, q, k in orders
        ]
        found = self.db.execute(
            "SELECT * FROM ledger.send_gifts(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::uuid[], %s::text[], "
            "%s::int[], %s::text[], %s::text[], %s::text[])",
            [list(column) for column in zip(*rows, strict=True)],
        ).fetchall()
        refused: set[int] = set()
        for (sender, creator, code, qty, key), row in zip(orders, found, strict=True):
            got, expected = Outcome(*row), self.expect(sender, creator, code, qty, key)
            if got.outcome == "again":
                assert [one[0] for one in orders].count(sender) > 1
                refused.add(sender)
                continue
            assert got.outcome == expected or sender in refused
            if got.outcome == "sent":
                assert expected == "sent"
                self.book(sender, key, (creator, code, qty), got)

    @invariant()
    def returns_agree(self) -> None:
        if not hasattr(self, "pack"):
            return
        assert faults(self.db) == {}
        kinds = ("creator_available", "creator_debt", "user_held", "user_held_bonus")
        columns = ", ".join(
            "(SELECT coalesce(sum(posted), 0)::bigint FROM ledger.balance "
            f"WHERE account = ledger.account_id(u.number, ledger.{kind}()))"
            for kind in kinds
        )
        for number, person in enumerate(self.people):
            assert ask(self.db, f"SELECT {columns} FROM users u WHERE id = %s", person) == (
                self.available[number],
                -self.debt[number],
                self.held_paid[number],
                self.held_bonus[number],
            )
        assert ask(self.db, "SELECT stock FROM exclusive_packs WHERE id = %s", self.pack) == (STOCK - len(self.bought),)
