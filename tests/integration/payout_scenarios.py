"""Payouts, limits and claims by what the database itself allows: each scenario passes only while its rules hold."""

from uuid import UUID, uuid4

import psycopg

from tests.integration.books import Connection, account, grant, make_person, make_stream, mature, refund, send
from tests.integration.buying import Purchase


def refused(db: Connection, sql: str, *values: object) -> bool:
    """Whether the database refuses to do this."""
    try:
        with db.transaction(force_rollback=True):
            db.execute(sql.encode(), values)
    except psycopg.Error:
        return True
    return False


def ask(db: Connection, creator: UUID, minor: int) -> tuple[str, UUID | None]:
    row = db.execute(
        "SELECT outcome, payout_id FROM ledger.request_payout(%s, %s, %s)", (creator, minor, uuid4().hex)
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def move(db: Connection, payout: UUID | None, *states: str) -> list[str]:
    rows = [db.execute("SELECT ledger.move_payout(%s, %s)", (payout, state)).fetchone() for state in states]
    return [str(row[0]) for row in rows if row]


def scenario_payouts(db: Connection) -> None:
    """Never more than is available, step by step, and what fails comes back."""
    fan, creator = make_person(db), make_person(db)
    grant(db, fan, "purchase", 100)
    send(db, fan, make_stream(db, creator), "HEART", 20)
    assert mature(db, creator) == 7000
    assert ask(db, creator, 71)[0] == "insufficient"
    outcome, payout = ask(db, creator, 60)
    assert outcome == "requested"
    assert ask(db, creator, 5)[0] == "one_at_a_time"
    assert move(db, payout, "paid", "processing", "review", "approved", "processing", "failed", "paid") == [
        "stale",
        "stale",
        "moved",
        "moved",
        "moved",
        "moved",
        "stale",
    ]
    assert account(db, creator, "creator_available") == 7000
    assert refused(db, "UPDATE payouts SET state = 'paid' WHERE id = %s", payout)
    db.execute("INSERT INTO reconciliations (findings, report) VALUES (1, 'differs')")
    assert ask(db, creator, 60)[0] == "blocked"
    db.execute("INSERT INTO reconciliations (findings, report) VALUES (0, 'agrees')")


def sqlstate_of_a_heart(db: Connection, person: UUID, stream: UUID) -> str | None:
    """How the database refuses one more gift, None if it does not."""
    try:
        send(db, person, stream, "HEART")
    except psycopg.Error as error:
        return error.sqlstate
    return None


def scenario_limits(db: Connection) -> None:
    """No more is spent than somebody allowed themselves, and what they bound themselves to is not undone."""
    person, creator = make_person(db), make_person(db)
    stream = make_stream(db, creator)
    grant(db, person, "promo", 200)
    db.execute("SELECT ledger.set_limit(%s, 1, 50)", (person,))
    first = send(db, person, stream, "HEART", 10)
    assert sqlstate_of_a_heart(db, person, stream) == "LX001"
    assert refund(db, first.gift_event_id)[0] == "refunded"
    assert send(db, person, stream, "HEART").outcome == "sent"
    db.execute("SELECT ledger.exclude_until(%s, now() + interval '1 day')", (person,))
    assert refused(db, "UPDATE spend_limits SET tokens = 51 WHERE user_id = %s", person)
    assert refused(db, "UPDATE spend_limits SET next_tokens = NULL, next_at = now() WHERE user_id = %s", person)
    assert refused(db, "DELETE FROM spend_limits WHERE user_id = %s", person)
    assert refused(db, "UPDATE self_exclusions SET until = now() WHERE user_id = %s", person)


def scenario_claims(db: Connection) -> None:
    """A claim is made once and released once."""
    buyer, creator = make_person(db), make_person(db)
    bought = Purchase(db, buyer, 50).pay()
    send(db, buyer, make_stream(db, creator), "HEART", 10)
    bought.dispute()
    bought.win()
    assert refused(db, "UPDATE ledger.claim SET state = 'held', released = NULL WHERE creator = "
                       "(SELECT number FROM users WHERE id = %s)", creator)  # fmt: skip


PAYOUT_SCENARIOS = (scenario_payouts, scenario_limits, scenario_claims)
