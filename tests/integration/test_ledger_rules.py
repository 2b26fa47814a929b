"""Wrong states cannot be written, not even by the database's owner; a client of the ledger may not write at all."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from livestreamx.settings import Settings
from tests.integration.books import (
    Connection,
    database_of_its_own,
    faults,
    grant,
    holdings,
    make_person,
    make_stream,
    send,
)

TRANSFER = "INSERT INTO ledger.transfer (txn, leg, posting, flow, debit, credit, amount) VALUES (uuidv7(), 0, 1, "
SENDER = "(SELECT number FROM users WHERE handle = 'sender')"
CREATOR = "(SELECT number FROM users WHERE handle = 'creator')"
PAID = f"ledger.account_id({SENDER}, ledger.user_paid())"
BONUS = f"ledger.account_id({SENDER}, ledger.user_bonus())"
EARNINGS = f"ledger.account_id({CREATOR}, ledger.creator_earnings())"
SCORE = f"ledger.account_id({CREATOR}, ledger.creator_score())"
AVAILABLE = f"ledger.account_id({CREATOR}, ledger.creator_available())"
DEBT = f"ledger.account_id({CREATOR}, ledger.creator_debt())"
OTHER = f"ledger.account_id({CREATOR}, ledger.user_paid())"

ATTACKS: dict[str, tuple[str, str]] = {
    "a transfer is changed": ("UPDATE ledger.transfer SET amount = 1", "is forbidden"),
    "a transfer is deleted": ("DELETE FROM ledger.transfer", "is forbidden"),
    "the transfers are truncated": ("TRUNCATE ledger.transfer", "is forbidden"),
    "an account is deleted": ("DELETE FROM ledger.account", "is forbidden"),
    "a balance is changed": ("UPDATE ledger.balance SET posted = posted + 1", "is forbidden"),
    "a balance is invented": (f"INSERT INTO ledger.balance VALUES ({SCORE}, 30, 5)", "is forbidden"),
    "a balance is deleted": ("DELETE FROM ledger.balance", "is forbidden"),
    "the balances are truncated": ("TRUNCATE ledger.balance", "is forbidden"),
    "a gift is changed": ("UPDATE gift_events SET qty = 2", "only moves charged"),
    "a gift goes back to charged": (
        "UPDATE gift_events SET state = 'refunded'; UPDATE gift_events SET state = 'charged'",
        "only moves charged",
    ),
    "a gift is deleted": ("DELETE FROM gift_events", "is forbidden"),
    "nothing is moved": (f"{TRANSFER} 'gift', {PAID}, {EARNINGS}, 0)", "amount_is_positive"),
    "less than nothing is moved": (f"{TRANSFER} 'gift', {PAID}, {EARNINGS}, -5)", "amount_is_positive"),
    "more is spent than there is": (f"{TRANSFER} 'gift', {PAID}, {EARNINGS}, 1000000)", "no_overdraft"),
    "bonus becomes earnings": (f"{TRANSFER} 'gift', {BONUS}, {EARNINGS}, 5)", "flow_is_legal"),
    "bonus becomes paid": (f"{TRANSFER} 'purchase', {BONUS}, {PAID}, 5)", "flow_is_legal"),
    "paid becomes score": (f"{TRANSFER} 'gift', {PAID}, {SCORE}, 5)", "flow_is_legal"),
    "earnings are taken back by a gift": (f"{TRANSFER} 'gift', {EARNINGS}, {PAID}, 5)", "flow_is_legal"),
    "a viewer is paid by a viewer": (f"{TRANSFER} 'gift', {PAID}, {OTHER}, 5)", "flow_is_legal"),
    "a top-up comes from a wallet": (f"{TRANSFER} 'topup', {BONUS}, {BONUS}, 5)", "flow_is_legal"),
    "a purchase pays the creator": (
        f"{TRANSFER} 'purchase', ledger.paid_source(), {EARNINGS}, 5)",
        "flow_is_legal",
    ),
    "somebody unknown is paid": (
        f"{TRANSFER} 'gift', {PAID}, ledger.account_id(999999, ledger.creator_earnings()), 5)",
        "balance_account_fkey",
    ),
    "somebody unknown pays": (
        f"{TRANSFER} 'gift', ledger.account_id(999999, ledger.user_paid()), {EARNINGS}, 5)",
        "a debited account is not open",
    ),
    "an account of no user": (
        "INSERT INTO ledger.account (id) VALUES (ledger.account_id(999999, ledger.user_paid()))",
        "account_user_number_fkey",
    ),
    "an account of no kind": (
        f"INSERT INTO ledger.account (id) VALUES (ledger.account_id({SENDER}, 7))",
        "account_id_check",
    ),
    "a debt becomes a credit": (
        f"INSERT INTO ledger.account (id) VALUES ({AVAILABLE}), ({DEBT}); "
        f"{TRANSFER} 'mature', {EARNINGS}, {AVAILABLE}, 5); {TRANSFER} 'debt_repaid', {AVAILABLE}, {DEBT}, 5)",
        "debts_are_owed",
    ),
    "earnings become somebody else's": (
        f"INSERT INTO ledger.account (id) VALUES (ledger.account_id({SENDER}, ledger.creator_available())); "
        f"{TRANSFER} 'mature', {EARNINGS}, ledger.account_id({SENDER}, ledger.creator_available()), 5)",
        "flow_is_legal",
    ),
    "a refund goes to bonus": (f"{TRANSFER} 'gift_refund', {EARNINGS}, {BONUS}, 5)", "flow_is_legal"),
    "a pack is sold too often": (
        "INSERT INTO exclusive_packs (name, price_tokens, stock, starts_at, ends_at) "
        "VALUES ('Gone', 5, 0, now(), now() + interval '1 day'); UPDATE exclusive_packs SET stock = stock - 1",
        "no_oversell",
    ),
    "a transaction happens twice": (
        "INSERT INTO ledger.transfer SELECT * FROM ledger.transfer",
        "transfer_pkey",
    ),
}


SECOND_LINE = (
    (
        "ALTER TABLE ledger.balance DISABLE TRIGGER moved_by_transfers_only",
        f"INSERT INTO ledger.balance (account, stripe) VALUES ({PAID}, 3)",
        "stripes_where_striped",
    ),
    (
        "ALTER TABLE ledger.transfer DROP CONSTRAINT flow_is_legal",
        f"{TRANSFER} 'gift', {BONUS}, {EARNINGS}, 5)",
        "one_asset",
    ),
)
"""What stands behind the first rule: disarmed, attacked, refused all the same."""


@pytest.fixture(scope="module")
def db(settings: Settings) -> Iterator[Connection]:
    """A sender with 100 paid and 20 bonus tokens, who sent one ROSE to a creator who is live."""
    with database_of_its_own(settings) as url, psycopg.connect(url, autocommit=True) as db:
        make_cast(db)
        yield db


def make_cast(db: Connection) -> None:
    sender, creator = make_person(db), make_person(db)
    db.execute("UPDATE users SET handle = 'sender' WHERE id = %s", (sender,))
    db.execute("UPDATE users SET handle = 'creator' WHERE id = %s", (creator,))
    grant(db, sender, "purchase", 100)
    grant(db, sender, "signup", 25)
    assert send(db, sender, make_stream(db, creator), "ROSE", 3).outcome == "sent"


@pytest.mark.parametrize("attack", ATTACKS)
def test_it_cannot_be_written_that(db: Connection, attack: str) -> None:
    sql, refusal = ATTACKS[attack]
    with pytest.raises(psycopg.Error, match=refusal), db.transaction():
        db.execute(sql.encode())
    assert faults(db) == {}


@pytest.mark.parametrize(("disarm", "attack", "refusal"), SECOND_LINE)
def test_behind_a_rule_stands_another(db: Connection, disarm: str, attack: str, refusal: str) -> None:
    with db.transaction(force_rollback=True):
        db.execute(disarm.encode())
        with pytest.raises(errors.CheckViolation, match=refusal), db.transaction():
            db.execute(attack.encode())


def test_a_gift_of_both_buckets_is_split_exactly(db: Connection) -> None:
    sender, creator = (
        row[0] for row in db.execute("SELECT id FROM users ORDER BY handle = 'creator', number").fetchall()
    )
    # 30 tokens: 25 of bonus become score, 5 paid become 3.5 of earnings and 1.5 of fee
    assert holdings(db, sender) == (9500, 0, 0, 0)
    assert holdings(db, creator) == (0, 0, 350, 2500)
    fee = db.execute("SELECT sum(posted) FROM ledger.balance WHERE account = ledger.platform_fee()").fetchone()
    assert fee == (150,)


def test_the_audit_finds_what_was_posted_by_hand(db: Connection) -> None:
    with db.transaction(force_rollback=True):
        db.execute(f"{TRANSFER} 'gift', {PAID}, {EARNINGS}, 5)".encode())
        assert faults(db) == {"gifts that differ from their transfers": 1}


def test_a_client_of_the_ledger_reads_and_calls_and_nothing_else(db: Connection) -> None:
    row = db.execute("SELECT id FROM users WHERE handle = 'sender'").fetchone()
    assert row is not None
    with db.transaction(force_rollback=True):
        db.execute("SET LOCAL ROLE ledger_client")
        assert grant(db, row[0], "topup", 5) == "granted"
        assert faults(db) == {}
        for sql in (
            f"{TRANSFER} 'topup', ledger.bonus_source(), ledger.account_id(1, ledger.user_bonus()), 5)",
            "INSERT INTO gift_events (id) VALUES (uuidv7())",
            "UPDATE gift_events SET state = 'delivered'",
            "UPDATE ledger.balance SET locked_for = NULL",
            "UPDATE gifts SET token_cost = 1",
            "SELECT ledger.post_gift(e, 0, 1, 2) FROM gift_events e",
            "ALTER TABLE ledger.transfer DISABLE TRIGGER ALL",
        ):
            with pytest.raises(errors.InsufficientPrivilege), db.transaction():
                db.execute(sql.encode())
