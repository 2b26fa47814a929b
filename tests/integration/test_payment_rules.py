"""What nobody can write about a payment, and what the ledger's client may."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors

from livestreamx.settings import Settings
from tests.integration.books import Connection, database_of_its_own, faults, make_person, make_stream, send

TRANSFER = "INSERT INTO ledger.transfer (txn, leg, posting, flow, debit, credit, amount) VALUES (uuidv7(), 0, 1, "
BUYER = "(SELECT number FROM users WHERE handle = 'buyer')"
CREATOR = "(SELECT number FROM users WHERE handle = 'creator')"
PAID = f"ledger.account_id({BUYER}, ledger.user_paid())"
DEBT = f"ledger.account_id({BUYER}, ledger.user_debt())"
BONUS = f"ledger.account_id({BUYER}, ledger.user_bonus())"
EARNINGS = f"ledger.account_id({CREATOR}, ledger.creator_earnings())"
OTHER = f"ledger.account_id({CREATOR}, ledger.user_paid())"
SOURCE = "ledger.paid_source()"
ORDER = "INSERT INTO payments (user_id, pack_id, tokens, price_minor, currency, idempotency_key) "

ATTACKS: dict[str, tuple[str, str]] = {
    "an event is forgotten": ("DELETE FROM stripe_events", "is forbidden"),
    "a posting is changed": ("UPDATE payment_postings SET tokens = 1", "is forbidden"),
    "a posting is deleted": ("DELETE FROM payment_postings", "is forbidden"),
    "more is credited than was ordered": ("UPDATE payments SET credited = tokens + 1", "no_more_than_ordered"),
    "an intent pays for two orders": (
        ORDER + "SELECT user_id, pack_id, tokens, price_minor, currency, 'again' FROM payments; "
        "UPDATE payments SET payment_intent = 'pi_1'",
        "payments_payment_intent_key",
    ),
    "more is repaid than is owed": (f"{TRANSFER} 'debt_repaid', {PAID}, {DEBT}, 40001)", "debts_are_owed"),
    "somebody repays another's debt": (f"{TRANSFER} 'debt_repaid', {OTHER}, {DEBT}, 5)", "flow_is_legal"),
    "a refund is paid by a creator": (f"{TRANSFER} 'purchase_refund', {EARNINGS}, {SOURCE}, 5)", "flow_is_legal"),
    "a refund takes bonus": (f"{TRANSFER} 'purchase_refund', {BONUS}, {SOURCE}, 5)", "flow_is_legal"),
    "a chargeback pays a creator": (f"{TRANSFER} 'chargeback', {DEBT}, {EARNINGS}, 5)", "flow_is_legal"),
    "a debt is spent": (f"{TRANSFER} 'gift', {DEBT}, {EARNINGS}, 5)", "flow_is_legal"),
}


def take(
    db: Connection,
    payment: UUID | None,
    *,
    paid: int | None = None,
    refunded: int | None = None,
    lost: bool = False,
) -> str:
    row = db.execute(
        "SELECT outcome FROM ledger.take_stripe_event(%s, 'test', 'pi_1', %s, %s, 'usd', false, %s, NULL, %s, %s, "
        "%s, false, %s)",
        (uuid4().hex, payment, paid, refunded, "dp_1" if lost else None, 649 if lost else None, lost, lost),
    ).fetchone()
    assert row is not None
    return str(row[0])


@pytest.fixture(scope="module")
def db(settings: Settings) -> Iterator[Connection]:
    """A buyer who bought 550 tokens, spent 400 of them and took the money back, and now owes those 400."""
    with database_of_its_own(settings) as url, psycopg.connect(url, autocommit=True) as db:
        buyer, creator = make_person(db), make_person(db)
        db.execute("UPDATE users SET handle = 'buyer' WHERE id = %s", (buyer,))
        db.execute("UPDATE users SET handle = 'creator' WHERE id = %s", (creator,))
        made = db.execute(ORDER + "VALUES (%s, 'tokens_550', 550, 649, 'usd', 'k') RETURNING id", (buyer,)).fetchone()
        assert made is not None
        assert take(db, made[0], paid=649) == "settled"
        assert send(db, buyer, make_stream(db, creator), "HEART", 80).outcome == "sent"
        assert take(db, None, refunded=649) == "settled"
        db.execute(f"{TRANSFER} 'purchase', {SOURCE}, {PAID}, 100000)".encode())
        yield db


@pytest.mark.parametrize("attack", ATTACKS)
def test_it_cannot_be_written_that(db: Connection, attack: str) -> None:
    sql, refusal = ATTACKS[attack]
    with pytest.raises(psycopg.Error, match=refusal), db.transaction():
        db.execute(sql.encode())
    assert faults(db) == {}


def test_what_was_spent_is_owed(db: Connection) -> None:
    owed = db.execute(f"SELECT posted FROM ledger.balance WHERE account = {DEBT}".encode()).fetchone()
    assert owed == (-40_000,)
    assert db.execute("SELECT * FROM ledger.audit_of_payments WHERE found <> 0").fetchall() == []


def test_a_lost_dispute_after_a_refund_takes_nothing_twice(db: Connection) -> None:
    with db.transaction(force_rollback=True):
        assert take(db, None, lost=True) == "settled"
        payment = db.execute("SELECT credited, state, locks FROM payments").fetchone()
        assert payment == (0, "disputed", True)
        owed = db.execute(f"SELECT posted FROM ledger.balance WHERE account = {DEBT}".encode()).fetchone()
        assert owed == (-40_000,)


def test_the_audit_finds_a_payment_that_was_changed_by_hand(db: Connection) -> None:
    with db.transaction(force_rollback=True):
        db.execute("UPDATE payments SET credited = 7")
        found = db.execute("SELECT finding FROM ledger.audit_of_payments WHERE found <> 0").fetchall()
        assert found == [("payments that differ from their postings",)]


def test_a_client_of_the_ledger_orders_and_tells_what_stripe_said_and_nothing_else(db: Connection) -> None:
    with db.transaction(force_rollback=True):
        db.execute("SET LOCAL ROLE ledger_client")
        assert take(db, None, refunded=649) == "settled"
        db.execute("UPDATE payments SET checkout_url = 'https://pay.example/1'")
        for sql in (
            "UPDATE payments SET credited = 0",
            "UPDATE payments SET state = 'credited'",
            "INSERT INTO payment_facts (payment_intent, paid_minor, currency) VALUES ('pi_2', 649, 'usd')",
            "UPDATE payment_disputes SET won = true",
            "SELECT ledger.post_payment(p, 5, 'purchase') FROM payments p",
            "SELECT ledger.settle_payment(id, 'test') FROM payments",
            "UPDATE token_packs SET price_minor = 1",
        ):
            with pytest.raises(errors.InsufficientPrivilege), db.transaction():
                db.execute(sql.encode())
