"""Books of one's own: a migrated database apart from the shared one, and plain calls of what the ledger offers."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from uuid import UUID, uuid4

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from domain.economy.catalogue import GIFTS
from livestreamx.engines.migrate import migrate_postgres
from livestreamx.settings import Settings

Connection = psycopg.Connection[TupleRow]
PRICES = {gift.code: gift.token_cost for gift in GIFTS}
KINDS = ("user_paid", "user_bonus", "creator_earnings", "creator_score")


class Outcome(NamedTuple):
    """The row of `ledger.send_gift`."""

    outcome: str
    gift_event_id: UUID | None
    cost: int | None
    paid_left: int
    bonus_left: int
    created_at: object


@contextmanager
def database_of_its_own(settings: Settings) -> Iterator[str]:
    """The conninfo of a new database with the catalogue in it; dropped afterwards."""
    name = f"books_{secrets.token_hex(4)}"
    with psycopg.connect(settings.postgres_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        url = make_conninfo(settings.postgres_url, dbname=name)
        try:
            migrate_postgres(url)
            with psycopg.connect(url) as db:
                for gift in GIFTS:
                    db.execute(
                        "INSERT INTO gifts (code, name, token_cost, rarity, animation_key) VALUES (%s, %s, %s, %s, %s)",
                        (gift.code, gift.name, gift.token_cost, gift.rarity, gift.animation_key),
                    )
            yield url
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def make_person(db: Connection) -> UUID:
    """Somebody with an empty wallet."""
    row = db.execute(
        "INSERT INTO users (handle, password_hash) VALUES (%s, 'x') RETURNING id", (f"b{secrets.token_hex(8)}",)
    ).fetchone()
    assert row is not None
    db.execute("SELECT ledger.open_wallet(%s)", (row[0],))
    return UUID(str(row[0]))


def make_stream(db: Connection, creator: UUID) -> UUID:
    """A live stream of theirs."""
    row = db.execute(
        "INSERT INTO streams (creator_id, title, status, started_at) VALUES (%s, 'Books', 'live', now()) RETURNING id",
        (creator,),
    ).fetchone()
    assert row is not None
    return UUID(str(row[0]))


def grant(db: Connection, user: UUID, reason: str, tokens: int, txn: UUID | None = None) -> str:
    row = db.execute("SELECT ledger.grant_tokens(%s, %s, %s, %s)", (txn or uuid4(), user, reason, tokens)).fetchone()
    assert row is not None
    return str(row[0])


def send(
    db: Connection,
    sender: UUID,
    stream: UUID,
    code: str,
    qty: int = 1,
    *,
    key: str | None = None,
    combo: str | None = None,
) -> Outcome:
    row = db.execute(
        "SELECT * FROM ledger.send_gift(%s, %s, %s, 'somebody', %s, %s, %s, %s, %s, 'req-books')",
        (uuid4(), uuid4(), sender, stream, code, qty, combo, key or uuid4().hex),
    ).fetchone()
    assert row is not None
    return Outcome(*row)


def holdings(db: Connection, user: UUID) -> tuple[int, ...]:
    """Hundredths of a token in a user's accounts, in the order of `KINDS`."""
    row = db.execute(
        "SELECT "
        + ", ".join(
            "(SELECT coalesce(sum(posted), 0)::bigint FROM ledger.balance "
            f"WHERE account = ledger.account_id(u.number, ledger.{kind}()))"
            for kind in KINDS
        )
        + " FROM users u WHERE id = %s",
        (user,),
    ).fetchone()
    assert row is not None
    return row


def faults(db: Connection) -> dict[str, int]:
    """What the audit finds; empty when the books are in order."""
    audit = db.execute(
        "SELECT * FROM ledger.audit UNION ALL SELECT * FROM ledger.audit_of_returns "
        "UNION ALL SELECT * FROM ledger.audit_of_payments UNION ALL SELECT * FROM ledger.audit_of_claims "
        "UNION ALL SELECT * FROM ledger.audit_of_clawbacks UNION ALL SELECT * FROM ledger.audit_of_payouts "
        "UNION ALL SELECT * FROM ledger.audit_of_channels"
    ).fetchall()
    return {finding: found for finding, found in audit if found}


def refund(db: Connection, gift: UUID | None, reason: str = "fraud") -> tuple[object, ...]:
    row = db.execute(
        "SELECT * FROM ledger.refund_gift(%s, %s, %s, NULL, %s, 'req')", (gift, uuid4(), uuid4(), reason)
    ).fetchone()
    assert row is not None
    return row


def account(db: Connection, owner: UUID, kind: str) -> int:
    row = db.execute(
        "SELECT coalesce(sum(posted), 0)::bigint FROM ledger.balance, users u "
        f"WHERE u.id = %s AND account = ledger.account_id(u.number, ledger.{kind}())",
        (owner,),
    ).fetchone()
    assert row is not None
    return int(row[0])


def mature(db: Connection, creator: UUID) -> int:
    """Let everything up to now mature."""
    row = db.execute("SELECT ledger.mature_earnings(%s, %s, clock_timestamp())", (creator, uuid4())).fetchone()
    assert row is not None
    return int(row[0])


PAYOUT_STEPS = (
    ("payout_hold", "ledger.account_id(number, ledger.creator_available())",
     "ledger.account_id(number, ledger.creator_in_payout())"),
    ("payout", "ledger.account_id(number, ledger.creator_in_payout())", "ledger.paid_source()"),
)  # fmt: skip


def pay_out(db: Connection, creator: UUID, amount: int) -> None:
    """Available earnings leave the platform, in hundredths; as bare transfers."""
    db.execute(
        "INSERT INTO ledger.account (id) SELECT ledger.account_id(number, ledger.creator_in_payout()) FROM users "
        "WHERE id = %s ON CONFLICT DO NOTHING",
        (creator,),
    )
    for flow, debit, credit in PAYOUT_STEPS:
        db.execute(
            "INSERT INTO ledger.transfer (txn, leg, posting, flow, debit, credit, amount) SELECT uuidv7(), 0, "
            f"nextval('ledger.posting'), '{flow}', {debit}, {credit}, %s FROM users WHERE id = %s".encode(),
            (amount, creator),
        )
