"""A disputed payment holds back what its tokens earned creators, takes it when lost, and gives it back when won."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from livestreamx.settings import Settings
from tests.integration.books import (
    Connection,
    account,
    database_of_its_own,
    faults,
    make_person,
    make_stream,
    mature,
    pay_out,
    refund,
    send,
)
from tests.integration.buying import Purchase, end_refund


@pytest.fixture(scope="module")
def db(settings: Settings) -> Iterator[Connection]:
    with database_of_its_own(settings) as url, psycopg.connect(url, autocommit=True) as db:
        yield db


class Case:
    """A buyer of 100 tokens, and two creators who are live."""

    def __init__(self, db: Connection) -> None:
        self.db = db
        self.buyer, self.ada, self.bob = (make_person(db) for _ in range(3))
        self.streams = {creator: make_stream(db, creator) for creator in (self.ada, self.bob)}
        self.bought = Purchase(db, self.buyer, 100).pay()

    def give(self, creator: UUID, hearts: int) -> UUID | None:
        """Hearts of five tokens each."""
        sent = send(self.db, self.buyer, self.streams[creator], "HEART", hearts)
        assert sent.outcome == "sent"
        return sent.gift_event_id

    def unlock(self) -> None:
        self.db.execute("SELECT ledger.lift_locks(%s)", (self.buyer,))

    def earnings(self, creator: UUID) -> tuple[int, int, int]:
        """Pending, available and contested, in hundredths."""
        assert faults(self.db) == {}
        kinds = ("creator_earnings", "creator_available", "creator_contested")
        pending, available, contested = (account(self.db, creator, kind) for kind in kinds)
        return pending, available, contested

    def wallet(self) -> tuple[int, int]:
        """Paid tokens and debt, in hundredths."""
        return account(self.db, self.buyer, "user_paid"), -account(self.db, self.buyer, "user_debt")


def scenario_open_won(db: Connection) -> None:
    """While it is open nothing of it matures; won, it matures as if nothing had been."""
    case = Case(db)
    case.give(case.ada, 10)
    case.give(case.bob, 4)
    case.bought.dispute()
    assert case.earnings(case.bob) == (0, 0, 1400)
    assert case.earnings(case.ada) == (0, 0, 3500)
    assert (mature(db, case.ada), mature(db, case.bob)) == (0, 0)
    case.bought.win()
    assert case.earnings(case.ada) == (0, 3500, 0)  # its two weeks are over meanwhile
    assert case.earnings(case.bob) == (0, 1400, 0)
    assert case.wallet() == (3000, 0)


def scenario_lost(db: Connection) -> None:
    """Lost, creators and the platform give what they got, and nobody owes what was taken back."""
    case = Case(db)
    case.give(case.ada, 10)
    case.give(case.bob, 4)
    fees = platform_fees(db)
    case.bought.dispute()
    case.bought.lose()
    assert case.earnings(case.ada) == (0, 0, 0)
    assert case.earnings(case.bob) == (0, 0, 0)
    assert case.wallet() == (0, 0)
    assert platform_fees(db) == fees - 7000 * 3 // 10
    case.bought.win()  # the bank changed its mind
    assert case.earnings(case.ada) == (3500, 0, 0)
    assert case.earnings(case.bob) == (1400, 0, 0)
    assert case.wallet() == (3000, 0)
    assert platform_fees(db) == fees


def platform_fees(db: Connection) -> int:
    row = db.execute("SELECT sum(posted)::bigint FROM ledger.balance WHERE account = ledger.platform_fee()").fetchone()
    assert row is not None
    return int(row[0])


def scenario_newest_first(db: Connection) -> None:
    """Only what the wallet does not cover, the newest gifts first, and none from before the purchase."""
    case = Case(db)
    case.give(case.ada, 10)
    later = Purchase(db, case.buyer, 40).pay()
    case.give(case.bob, 4)
    case.give(case.ada, 6)  # 40 are left
    later.dispute()
    assert case.earnings(case.ada) == (5600, 0, 0)
    case.unlock()
    case.give(case.ada, 5)  # 15 are left
    later.lose()
    assert case.wallet() == (0, 0)
    assert case.earnings(case.ada) == (3500 + 2100, 0, 0)  # the last five hearts
    assert case.earnings(case.bob) == (1400, 0, 0)


def scenario_paid_out(db: Connection) -> None:
    """What a creator no longer has stays the buyer's debt: the platform's loss, not the creator's."""
    case = Case(db)
    case.give(case.ada, 20)
    assert mature(db, case.ada) == 7000
    pay_out(db, case.ada, 6000)
    case.bought.lose()
    assert case.earnings(case.ada) == (0, 0, 0)
    assert case.wallet() == (0, 6000)
    assert account(db, case.ada, "creator_debt") == 0
    case.bought.win()
    assert case.earnings(case.ada) == (0, 1000, 0)
    assert case.wallet() == (0, 0)


def scenario_two_disputes(db: Connection) -> None:
    """Two open disputes never count the same tokens, and losing one leaves the other its share."""
    case = Case(db)
    other = Purchase(db, case.buyer, 60).pay()
    case.give(case.bob, 8)
    case.give(case.ada, 8)  # 80 of 160 are left
    case.bought.dispute()
    assert case.earnings(case.ada) == (1400, 0, 1400)  # 20 of 100 are not covered
    assert case.earnings(case.bob) == (2800, 0, 0)
    other.dispute()
    assert case.earnings(case.ada) == (0, 0, 2800)
    assert case.earnings(case.bob) == (0, 0, 2800)
    other.lose()  # takes 60 of the wallet: the first is covered by 20 only
    assert case.wallet() == (2000, 0)
    assert case.earnings(case.ada) == case.earnings(case.bob) == (0, 0, 2800)
    case.bought.lose()
    assert case.wallet() == (0, 0)
    assert case.earnings(case.ada) == case.earnings(case.bob) == (0, 0, 0)
    case.bought.win()
    other.win()
    assert case.earnings(case.ada) == case.earnings(case.bob) == (2800, 0, 0)
    assert case.wallet() == (8000, 0)


def scenario_gift_refunded(db: Connection) -> None:
    """A contested gift that is refunded goes back to the wallet, or repays what is owed for it."""
    for lost in (False, True):
        case = Case(db)
        gift = case.give(case.ada, 20)
        case.bought.dispute()
        if lost:
            case.bought.lose()
        assert refund(db, gift)[0] == "refunded"
        assert case.earnings(case.ada) == (0, 0, 0)
        assert case.wallet() == (0 if lost else 10_000, 0)
        case.bought.win()
        assert case.earnings(case.ada) == (0, 0, 0)
        assert case.wallet() == (10_000, 0)


def scenario_partial(db: Connection) -> None:
    """A dispute of a part claims that part."""
    case = Case(db)
    case.give(case.ada, 18)
    case.bought.dispute(minor=60)  # 30 tokens, 10 of them still there
    assert case.earnings(case.ada) == (4900, 0, 1400)
    case.bought.lose(minor=60)
    assert case.wallet() == (0, 0)
    assert case.earnings(case.ada) == (4900, 0, 0)


def scenario_refund_unspent(db: Connection) -> None:
    """Unspent tokens wait apart while their money goes back, and come back when it does not."""
    case = Case(db)
    case.give(case.ada, 8)
    outcome, wish, tokens, minor = case.bought.ask_refund()
    assert (outcome, tokens, minor) == ("asked", 60, 120)
    assert case.wallet() == (0, 0)
    assert case.bought.ask_refund() == ("asked_before", wish, 60, 120)
    assert end_refund(db, wish, "refused")
    assert not end_refund(db, wish, "refused")
    assert case.wallet() == (6000, 0)
    assert case.bought.ask_refund()[0] == "asked"
    case.bought.refund(120)
    assert case.wallet() == (0, 0)
    assert case.bought.ask_refund()[0] == "spent"
    assert case.earnings(case.ada) == (2800, 0, 0)
    assert Purchase(db, case.buyer, 10).ask_refund()[0] == "not_credited"
    assert Purchase(db, case.buyer, 10).pay().ask_refund(days=0)[0] == "too_late"


SCENARIOS = (
    scenario_open_won,
    scenario_lost,
    scenario_newest_first,
    scenario_paid_out,
    scenario_two_disputes,
    scenario_gift_refunded,
    scenario_partial,
    scenario_refund_unspent,
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.__name__)
def test_claims_follow_disputes(db: Connection, scenario: object) -> None:
    assert callable(scenario)
    scenario(db)
    assert faults(db) == {}
