"""Random sequences of money operations, racing and crashing, on the real database: after every step the books are in
order and agree with a plain model, and every gift has its transfers and its event."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

import psycopg
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from livestreamx.settings import Settings
from tests.integration.books import (
    PRICES,
    Connection,
    Outcome,
    database_of_its_own,
    faults,
    grant,
    holdings,
    make_person,
    make_stream,
    send,
)

Request = tuple[int, str, int]
"""Creator, code and quantity of a gift."""

RACERS = 6
PEOPLE = st.integers(0, 3)  # the first two are creators
CREATORS = st.integers(0, 1)
CODES = st.sampled_from(["HEART", "ROSE", "CONFETTI"])
KEYS = st.integers(0, 6).map(str)
REASONS = st.sampled_from(["signup", "topup", "purchase"])


@pytest.fixture(scope="module")
def books(settings: Settings) -> Iterator[str]:
    with database_of_its_own(settings) as url:
        yield url


class Economy(RuleBasedStateMachine):
    """The model: wallets in whole tokens, what creators got in hundredths, and what every key stands for."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.db: Connection = psycopg.connect(url, autocommit=True)
        self.racing: list[Connection] = []

    @initialize()
    def open(self) -> None:
        self.people = [make_person(self.db) for _ in range(4)]
        self.streams = [make_stream(self.db, creator) for creator in self.people[:2]]
        self.paid, self.bonus = [0] * 4, [0] * 4
        self.earnings, self.score = [0] * 4, [0] * 4
        self.locked: set[int] = set()
        self.ended: set[int] = set()
        self.gifts: dict[tuple[int, str], tuple[Request, Outcome]] = {}
        self.granted: dict[UUID, tuple[int, str, int]] = {}

    def teardown(self) -> None:
        for db in (self.db, *self.racing):
            db.close()

    def expect(self, sender: int, creator: int, code: str, qty: int, key: str) -> str:
        """What the ledger must answer."""
        known = self.gifts.get((sender, key))
        if known is not None:
            return "replayed" if known[0] == (creator, code, qty) else "key_reused"
        if creator in self.ended:
            return "not_live"
        if creator == sender:
            return "self_gift"
        if sender in self.locked:
            return "wallet_locked"
        return "sent" if self.paid[sender] + self.bonus[sender] >= PRICES[code] * qty else "insufficient"

    def book(self, sender: int, key: str, request: Request, got: Outcome) -> None:
        """Do in the model what a sent gift does."""
        creator, code, qty = request
        cost = PRICES[code] * qty
        from_bonus = min(self.bonus[sender], cost)
        self.bonus[sender] -= from_bonus
        self.paid[sender] -= cost - from_bonus
        self.score[creator] += from_bonus * 100
        self.earnings[creator] += (cost - from_bonus) * 70
        self.gifts[sender, key] = (request, got)

    def race(self, act: Callable[[Connection, int], Outcome]) -> list[Outcome]:
        """The same act on several connections at once."""
        while len(self.racing) < RACERS:
            self.racing.append(psycopg.connect(self.url, autocommit=True))
        with ThreadPoolExecutor(RACERS) as threads:
            return list(threads.map(act, self.racing, range(RACERS)))

    @rule(who=PEOPLE, reason=REASONS, tokens=st.integers(1, 120), key=KEYS)
    def grant(self, who: int, reason: str, tokens: int, key: str) -> None:
        txn = uuid5(NAMESPACE_OID, f"{self.people[0]}{key}")
        request = (who, reason, tokens)
        known = self.granted.setdefault(txn, request)
        got = grant(self.db, self.people[who], reason, tokens, txn)
        if got == "granted":
            assert known is request
            bucket = self.paid if reason == "purchase" else self.bonus
            bucket[who] += tokens
        else:
            assert got == ("replayed" if known == request else "key_reused")

    @rule(sender=PEOPLE, creator=CREATORS, code=CODES, qty=st.sampled_from([1, 1, 2, 3, 99]), key=KEYS)
    def send(self, sender: int, creator: int, code: str, qty: int, key: str) -> None:
        expected = self.expect(sender, creator, code, qty, key)
        got = send(self.db, self.people[sender], self.streams[creator], code, qty, key=key)
        assert got.outcome == expected
        if expected == "sent":
            self.book(sender, key, (creator, code, qty), got)
        if expected == "replayed":
            assert got[1:] == self.gifts[sender, key][1][1:]
        elif expected not in ("not_live", "self_gift"):
            assert (got.paid_left, got.bonus_left) == (self.paid[sender], self.bonus[sender])

    @rule(sender=PEOPLE, creator=CREATORS, code=CODES)
    def spend_in_a_race(self, sender: int, creator: int, code: str) -> None:
        """Different keys at once: as many gifts go through as the wallet pays for."""
        keys = [uuid4().hex for _ in range(RACERS)]
        expected = self.expect(sender, creator, code, 1, keys[0])
        afford = (self.paid[sender] + self.bonus[sender]) // PRICES[code]
        got = self.race(lambda db, number: send(db, self.people[sender], self.streams[creator], code, key=keys[number]))
        sent = [(key, outcome) for key, outcome in zip(keys, got, strict=True) if outcome.outcome == "sent"]
        assert len(sent) == (min(afford, RACERS) if expected == "sent" else 0)
        for key, outcome in sent:
            self.book(sender, key, (creator, code, 1), outcome)

    @rule(sender=PEOPLE, creator=CREATORS, code=CODES, key=KEYS)
    def retry_in_a_race(self, sender: int, creator: int, code: str, key: str) -> None:
        """One key at once: at most one gift, and everyone is told of the same one."""
        expected = self.expect(sender, creator, code, 1, key)
        got = self.race(lambda db, _: send(db, self.people[sender], self.streams[creator], code, key=key))
        if expected == "sent":
            assert sorted(one.outcome for one in got) == ["replayed"] * (RACERS - 1) + ["sent"]
            assert len({one[1:] for one in got}) == 1
            self.book(sender, key, (creator, code, 1), got[0])
        else:
            assert {one.outcome for one in got} == {expected}

    @rule(sender=PEOPLE, creator=CREATORS, code=CODES, key=KEYS)
    def crash_before_the_commit(self, sender: int, creator: int, code: str, key: str) -> None:
        """A gift whose connection dies leaves nothing behind."""
        with psycopg.connect(self.url) as dying:
            send(dying, self.people[sender], self.streams[creator], code, key=key)
            self.db.execute("SELECT pg_terminate_backend(%s, 5000)", (dying.info.backend_pid,))
            with pytest.raises(psycopg.OperationalError):
                dying.execute("SELECT 1")
            dying.close()

    @rule(creator=CREATORS, live=st.booleans())
    def change_state(self, creator: int, live: bool) -> None:
        self.db.execute(
            "UPDATE streams SET status = %s, ended_at = now() WHERE id = %s",
            ("live" if live else "ended", self.streams[creator]),
        )
        (self.ended.discard if live else self.ended.add)(creator)

    @rule(who=PEOPLE, lock=st.booleans())
    def lock(self, who: int, lock: bool) -> None:
        self.db.execute("SELECT ledger.lock_wallet(%s, %s)", (self.people[who], "dispute" if lock else None))
        (self.locked.add if lock else self.locked.discard)(who)

    @invariant()
    def books_agree(self) -> None:
        if not hasattr(self, "people"):
            return
        assert faults(self.db) == {}
        for number, person in enumerate(self.people):
            assert holdings(self.db, person) == (
                self.paid[number] * 100,
                self.bonus[number] * 100,
                self.earnings[number],
                self.score[number],
            )
        ids = {outcome.gift_event_id for _, outcome in self.gifts.values()}
        kept = self.db.execute("SELECT id FROM gift_events WHERE stream_id = ANY (%s)", (self.streams,)).fetchall()
        told = self.db.execute(
            "SELECT (convert_from(payload, 'UTF8')::jsonb ->> 'gift_event_id')::uuid FROM outbox "
            "WHERE key = ANY (%s) AND convert_from(payload, 'UTF8')::jsonb ->> 'type' = 'gift.sent'",
            ([str(stream) for stream in self.streams],),
        ).fetchall()
        assert sorted(row[0] for row in kept) == sorted(row[0] for row in told) == sorted(i for i in ids if i)


def test_no_sequence_of_acts_breaks_the_books(books: str) -> None:
    run_state_machine_as_test(
        lambda: Economy(books),
        settings=hypothesis_settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
