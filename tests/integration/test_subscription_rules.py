"""What nobody can write about subscriptions and what was paid for channels, and what the ledger's client may."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors

from livestreamx.settings import Settings
from tests.integration.books import Connection, account, database_of_its_own, faults, make_person

TRANSFER = "INSERT INTO ledger.transfer (txn, leg, posting, flow, debit, credit, amount) VALUES (uuidv7(), 0, 1, "
CREATOR = "(SELECT number FROM users WHERE handle = 'creator')"
FAN = "(SELECT number FROM users WHERE handle = 'fan')"
EARNINGS = f"ledger.account_id({CREATOR}, ledger.creator_earnings())"
WALLET = f"ledger.account_id({FAN}, ledger.user_paid())"
SOURCE, FEE = "ledger.paid_source()", "ledger.platform_fee()"
ORDER = (
    "INSERT INTO subscriptions (user_id, creator_id, tier, price_minor, currency, idempotency_key) "
    "SELECT f.id, c.id, 1, 499, 'usd', {key} FROM users f, users c WHERE f.handle = 'fan' AND c.handle = 'creator'"
)
GIVEN = (
    "INSERT INTO subscriptions (user_id, creator_id, tier, price_minor, currency, gift_id, state, started_at, "
    "renews_at) SELECT f.id, c.id, 1, 499, 'usd', g.id, 'active', now(), now() "
    "FROM users f, users c, subscription_gifts g WHERE f.handle = 'fan' AND c.handle = 'creator'"
)

ATTACKS: dict[str, tuple[str, str]] = {
    "a subscription pays a viewer": (f"{TRANSFER} 'subscription', {SOURCE}, {WALLET}, 5)", "flow_is_legal"),
    "a subscription is paid from a wallet": (f"{TRANSFER} 'subscription', {WALLET}, {EARNINGS}, 5)", "flow_is_legal"),
    "a refund of one is from a wallet": (
        f"{TRANSFER} 'subscription_refund', {WALLET}, {SOURCE}, 5)",
        "flow_is_legal",
    ),
    "a refund of one pays a creator": (f"{TRANSFER} 'subscription_refund', {SOURCE}, {EARNINGS}, 5)", "flow_is_legal"),
    "more is earned than was paid": ("UPDATE channel_charges SET share = price_minor * 100", "no_more_than_paid"),
    "more is held than is disputed": ("UPDATE channel_charges SET held = 1", "channel_charges_check"),
    "a charge is forgotten": ("DELETE FROM channel_charges", "is forbidden"),
    "a posting is changed": ("UPDATE channel_postings SET share = 1", "is forbidden"),
    "a posting is deleted": ("DELETE FROM channel_postings", "is forbidden"),
    "an invoice pays for two": (
        "INSERT INTO channel_charges (creator_id, payer_id, subscription_id, invoice, price_minor, currency) "
        "SELECT creator_id, payer_id, subscription_id, invoice, price_minor, currency FROM channel_charges",
        "channel_charges_invoice_key",
    ),
    "somebody subscribes twice": (ORDER.format(key="'again'"), "one_open_subscription"),
    "somebody subscribes to themselves": (
        ORDER.format(key="'self'").replace("c.handle = 'creator'", "c.handle = 'fan'"),
        "subscriptions_check",
    ),
    "the price is changed later": ("UPDATE subscriptions SET price_minor = 1", "stays what was ordered"),
    "it becomes somebody else's": ("UPDATE subscriptions SET user_id = creator_id", "stays what was ordered"),
    "what was canceled is active again": (
        "UPDATE subscriptions SET state = 'canceled'; UPDATE subscriptions SET state = 'active'",
        "cannot become active",
    ),
    "what is paid waits to be paid": (
        "UPDATE subscriptions SET state = 'incomplete'",
        "cannot become incomplete",
    ),
    "what is over begins again unpaid": (
        "UPDATE subscriptions SET state = 'expired'; UPDATE subscriptions SET state = 'active'",
        "cannot become active",
    ),
    "it is active since never": (
        "UPDATE subscriptions SET state = 'expired', renews_at = NULL; "
        "UPDATE subscriptions SET state = 'active', renews_at = now(), started_at = NULL",
        "subscriptions_check",
    ),
    "a subscription is deleted": ("DELETE FROM subscriptions", "is forbidden"),
    "a gift is given out unpaid": ("UPDATE subscription_gifts SET given = 1", "only a paid one is given out"),
    "a gift is given out beyond what was paid": (
        "UPDATE subscription_gifts SET state = 'paid'; UPDATE subscription_gifts SET given = 3",
        "no_more_than_paid",
    ),
    "a gift grows": ("UPDATE subscription_gifts SET qty = 100", "stays what was ordered"),
    "a gift is taken back and failed": (
        "UPDATE subscription_gifts SET state = 'paid'; UPDATE subscription_gifts SET state = 'failed'",
        "cannot become failed",
    ),
    "somebody is given two": (f"{GIVEN}; {GIVEN}", "one_open_gift"),
}


def pay(db: Connection, subscription: UUID, minor: int = 499) -> str:
    row = db.execute(
        "SELECT outcome FROM ledger.take_invoice_event(%s, 'invoice.paid', %s, %s, %s, %s, 'usd', false, now(), "
        "now() + interval '30 days')",
        (uuid4().hex, uuid4().hex, subscription, uuid4().hex, minor),
    ).fetchone()
    assert row is not None
    return str(row[0])


@pytest.fixture(scope="module")
def db(settings: Settings) -> Iterator[Connection]:
    """A fan whose first month is paid, and a gift of two subscriptions that is not."""
    with database_of_its_own(settings) as url, psycopg.connect(url, autocommit=True) as db:
        fan, creator = make_person(db), make_person(db)
        db.execute("UPDATE users SET handle = 'fan' WHERE id = %s", (fan,))
        db.execute("UPDATE users SET handle = 'creator' WHERE id = %s", (creator,))
        made = db.execute((ORDER.format(key="'k'") + " RETURNING id").encode()).fetchone()
        assert made is not None
        assert pay(db, made[0]) == "settled"
        db.execute(
            "UPDATE subscriptions SET state = 'active', started_at = now(), renews_at = now() + interval '30 days'"
        )
        db.execute(
            "INSERT INTO subscription_gifts (giver_id, creator_id, tier, qty, price_minor, currency, idempotency_key) "
            "VALUES (%s, %s, 1, 2, 499, 'usd', 'k')",
            (fan, creator),
        )
        yield db


@pytest.mark.parametrize("attack", ATTACKS)
def test_it_cannot_be_written_that(db: Connection, attack: str) -> None:
    sql, refusal = ATTACKS[attack]
    with pytest.raises(psycopg.Error, match=refusal), db.transaction():
        db.execute(sql.encode())
    assert faults(db) == {}


def test_a_month_is_split_to_the_hundredth_of_a_cent(db: Connection) -> None:
    creator = db.execute("SELECT id FROM users WHERE handle = 'creator'").fetchone()
    assert creator is not None
    assert account(db, creator[0], "creator_earnings") == 499 * 70
    fee = db.execute(f"SELECT sum(posted)::bigint FROM ledger.balance WHERE account = {FEE}".encode()).fetchone()
    assert fee == (499 * 30,)


def test_another_amount_than_the_price_is_not_credited(db: Connection) -> None:
    with db.transaction(force_rollback=True):
        subscription = db.execute("SELECT id FROM subscriptions").fetchone()
        assert subscription is not None
        assert pay(db, subscription[0], 498) == "amount_mismatch"
        assert db.execute("SELECT sum(share)::bigint FROM channel_charges").fetchone() == (499 * 70,)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ("UPDATE channel_charges SET share = share - 1", "payments for channels that differ from their postings"),
        (
            "UPDATE subscription_gifts SET state = 'paid'; UPDATE subscription_gifts SET given = 1",
            "gifts of subscriptions beyond what was paid",
        ),
        (
            "INSERT INTO channel_postings (charge_id, step, share, fee, held) "
            "SELECT id, 9, 1, 0, 0 FROM channel_charges; UPDATE channel_charges SET share = share + 1, fee = fee - 1",
            "postings for channels that differ from their transfers",
        ),
        (
            f"{TRANSFER} 'subscription', {SOURCE}, {EARNINGS}, 5)",
            "postings for channels that differ from their transfers",
        ),
    ],
)
def test_the_audit_finds_what_was_changed_by_hand(db: Connection, change: str, finding: str) -> None:
    with db.transaction(force_rollback=True):
        db.execute(change.encode())
        assert finding in faults(db)


def test_a_client_of_the_ledger_orders_and_tells_what_stripe_said_and_nothing_else(db: Connection) -> None:
    subscription = db.execute("SELECT id FROM subscriptions").fetchone()
    assert subscription is not None
    with db.transaction(force_rollback=True):
        db.execute("SET LOCAL ROLE ledger_client")
        assert pay(db, subscription[0]) == "settled"
        for sql in (
            "UPDATE channel_charges SET share = 0",
            "INSERT INTO invoice_facts (invoice) VALUES ('in_2')",
            "SELECT ledger.settle_charge(id) FROM channel_charges",
            "SELECT ledger.post_charge(c, 5, 5, 0) FROM channel_charges c",
            "UPDATE subscription_tiers SET price_minor = 1",
        ):
            with pytest.raises(errors.InsufficientPrivilege), db.transaction():
                db.execute(sql.encode())
