"""The rules are watched: every mutation of the ledger, in a database of its own, is noticed by attacks or sequences."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from livestreamx.settings import Settings
from tests.integration import test_refunds
from tests.integration.books import Connection, database_of_its_own, faults
from tests.integration.economy_machine import Returns
from tests.integration.test_ledger_rules import ATTACKS, SECOND_LINE, make_cast

STATEMENTS = {
    "no overdraft check": "ALTER TABLE ledger.balance DROP CONSTRAINT no_overdraft",
    "no closed list of flows": "ALTER TABLE ledger.transfer DROP CONSTRAINT flow_is_legal",
    "one transfer may change the asset": "ALTER TABLE ledger.transfer DROP CONSTRAINT one_asset",
    "amounts may be negative": "ALTER TABLE ledger.transfer DROP CONSTRAINT amount_is_positive",
    "a transaction may happen twice": "ALTER TABLE ledger.transfer DROP CONSTRAINT transfer_pkey",
    "debts may become credit": "ALTER TABLE ledger.balance DROP CONSTRAINT debts_are_owed",
    "stripes anywhere": "ALTER TABLE ledger.balance DROP CONSTRAINT stripes_where_striped",
    "transfers may be changed": "DROP TRIGGER append_only ON ledger.transfer",
    "balances may be typed": "DROP TRIGGER moved_by_transfers_only ON ledger.balance",
    "gifts may be changed": "DROP TRIGGER moves_forward ON gift_events",
    "packs may be oversold": "ALTER TABLE exclusive_packs DROP CONSTRAINT no_oversell",
    "transfers move nothing": "ALTER TABLE ledger.transfer DISABLE TRIGGER post",
    "stripes are not folded": "CREATE OR REPLACE FUNCTION ledger.fold(hot bigint[]) RETURNS void LANGUAGE sql AS ''",
}

# function -> what is taken out of its text, and what comes instead
EDITS = {
    "folding loses what it takes": ("fold(bigint[])", "b.posted + t.amount", "b.posted"),
    "a batch may spend a little more": (
        "judge_gifts",
        "before + price > held_paid",
        "before + price - 60 > held_paid",
    ),
    "a batch forgets the sender's earlier gifts": (
        "judge_gifts",
        "CASE WHEN objection IS NULL THEN price",
        "CASE WHEN 1=1 THEN 0",
    ),
    "a retry in a batch is a new gift": (
        "judge_gifts",
        "e.idempotency_key = a.key",
        "e.idempotency_key = a.key || '?'",
    ),
    "a gift does not lock its wallet": ("send_gift(", "ORDER BY account FOR NO KEY UPDATE", "ORDER BY account"),
    "a gift is sent from a locked wallet": ("send_gift(", "OR locked IS NOT NULL", ""),
    "a refund keeps the fee": (
        "refund_gift",
        "(4, 0, platform_fee(), user_paid(), fee)",
        "(4, 0, platform_fee(), user_paid(), 0)",
    ),
    "a refund takes matured earnings from pending ones": (
        "refund_gift",
        "CASE WHEN matured THEN 0 ELSE earned END",
        "earned",
    ),
    "earnings mature twice": ("mature_earnings", "UPDATE maturity SET until = p_before WHERE creator = owner;", ""),
    "refunded gifts mature": ("mature_earnings", "AND e.state <> 'refunded'", ""),
    "a posted hold pays no fee": (
        "end_hold",
        "FROM gift_legs(h.paid, h.bonus, 30,",
        "FROM gift_legs(h.paid, h.bonus, 0,",
    ),
    "the last pack is sold again": (
        "buy_pack",
        "UPDATE exclusive_packs SET stock = stock - 1 WHERE id = p_pack;",
        "",
    ),
}  # fmt: skip


SCENARIOS = (
    test_refunds.test_pending_earnings_go_back_leg_by_leg,
    test_refunds.test_what_was_paid_out_becomes_a_debt_that_later_earnings_repay,
    test_refunds.test_a_hold_ends_once,
)


@pytest.fixture(scope="module")
def model(settings: Settings) -> Iterator[str]:
    """The conninfo of a database with the cast of the attacks in it, which others are copied from."""
    with database_of_its_own(settings) as url:
        with psycopg.connect(url, autocommit=True) as db:
            make_cast(db)
        yield url


@contextmanager
def copy_of(model: str) -> Iterator[str]:
    """A copy of the database; dropped afterwards."""
    name = f"mutant_{secrets.token_hex(4)}"
    with psycopg.connect(model, dbname="postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {conninfo_to_dict(model)['dbname']}".encode())
        try:
            yield make_conninfo(model, dbname=name)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def edit(db: Connection, function: str, old: str, new: str) -> None:
    """Replace a part of a function's text, which must be there."""
    row = db.execute(
        "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'ledger'::regnamespace "
        "AND starts_with(oid::regprocedure::text, 'ledger.' || %s)",
        (function,),
    ).fetchone()
    assert row is not None
    assert old in row[0]
    db.execute(row[0].replace(old, new).encode())


def repelled(db: Connection, attack: str, refusal: str, disarm: str = "SELECT") -> bool:
    """Whether the database refuses the attack, for the right reason, and the books stay in order."""
    try:
        with db.transaction(force_rollback=True):
            db.execute(disarm.encode())
            try:
                with db.transaction():
                    db.execute(attack.encode())
            except psycopg.Error as error:
                return refusal in str(error) and faults(db) == {}
            return False
    except psycopg.Error:
        return False


def survives(url: str) -> bool:
    """Whether a database passes everything: attacks, scenarios of each flow, then short sequences of all operations."""
    with psycopg.connect(url, autocommit=True) as db:
        if not all(repelled(db, attack, refusal) for attack, refusal in ATTACKS.values()):
            return False
        if not all(repelled(db, attack, refusal, disarm) for disarm, attack, refusal in SECOND_LINE):
            return False
    try:
        with psycopg.connect(url, autocommit=True) as db:
            for scenario in SCENARIOS:
                scenario(db)
        run_state_machine_as_test(
            lambda: Returns(url),
            settings=hypothesis_settings(
                max_examples=30,
                stateful_step_count=30,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.generate],
                print_blob=False,
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
    except (AssertionError, psycopg.Error, Flaky):  # what a race shows once is shown
        return False
    return True


@pytest.mark.parametrize("mutation", [*STATEMENTS, *EDITS])
def test_a_mutation_is_noticed(model: str, mutation: str) -> None:
    with copy_of(model) as url:
        with psycopg.connect(url, autocommit=True) as db:
            if mutation in STATEMENTS:
                db.execute(STATEMENTS[mutation].encode())
            else:
                edit(db, *EDITS[mutation])
        assert not survives(url)
