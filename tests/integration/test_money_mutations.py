"""The rules of disputes, refunds, limits and payouts are watched: every mutation of them is noticed."""

from collections.abc import Iterator

import psycopg
import pytest

from livestreamx.settings import Settings
from tests.integration.books import Connection, database_of_its_own, faults
from tests.integration.payout_scenarios import PAYOUT_SCENARIOS
from tests.integration.test_disputes import SCENARIOS
from tests.integration.test_ledger_mutations import copy_of, edit

STATEMENTS = {
    "nobody looks at limits": "ALTER TABLE ledger.balance DISABLE TRIGGER keep_limits",
    "an exclusion may be shortened": "ALTER TABLE self_exclusions DISABLE TRIGGER not_shortened",
    "a limit may be loosened at once": "ALTER TABLE spend_limits DISABLE TRIGGER loosens_slowly",
    "a payout may go anywhere": "ALTER TABLE payouts DISABLE TRIGGER moves_forward",
    "a claim may be released twice": "ALTER TABLE ledger.claim DISABLE TRIGGER released_once",
    "nobody hears what a dispute took": "ALTER TABLE ledger.claim DISABLE TRIGGER clawbacks_are_told",
}

# function -> what is taken out of its text, and what comes instead
EDITS = {
    "what was lost does not come back when it is won": (
        "settle_payment",
        "PERFORM release_claims(p.id, p_cause);",
        "NULL;",
    ),
    "contested earnings mature": ("mature_earnings", "t.amount - claimed", "t.amount"),
    "the platform keeps its fee of a lost payment": (
        "claim_gift(",
        "(2, platform_fee()::bigint, made.fee)",
        "(2, platform_fee()::bigint, 0)",
    ),
    "two payments claim the same tokens": (
        "claim_gifts",
        "WHERE gift_event_id = e.id AND state",
        "WHERE false AND state",
    ),
    "the wallet covers two disputes with the same tokens": (
        "follow_disputes",
        "sum(tokens) OVER (ORDER BY id) - covered",
        "tokens - covered",
    ),
    "the oldest gifts are claimed first": (
        "claim_gifts",
        "ORDER BY e.created_at DESC, e.id DESC",
        "ORDER BY e.created_at",
    ),
    "what was told is told again": ("tell_clawback", "VALUES (e.id, taken - told)", "VALUES (e.id, taken + told)"),
    "a refunded gift stays claimed": (
        "refund_gift",
        "IF EXISTS (SELECT FROM claim",
        "IF false AND EXISTS (SELECT FROM claim",
    ),
    "tokens that wait for their money stay in the wallet": (
        "ask_refund",
        "account_id(w.number, user_refunding()), unspent * 100",
        "account_id(w.number, user_refunding()), 100",
    ),
    "a wish does not end with its money": ("settle_payment", "f.refunded_minor >= r.until OR lost > 0", "false"),
    "a limit is a little more": ("refuse_beyond", "IF spent > p_tokens THEN", "IF spent > p_tokens + 5 THEN"),
    "a failed payout is lost": ("move_payout", "'payout_return' END", "'payout' END"),
    "more is paid out than is available": ("request_payout", "WHEN held < p_minor THEN 'insufficient'", ""),
    "payouts go on while the books differ": ("request_payout", "WHEN books_disagree() THEN 'blocked'", ""),
}  # fmt: skip


@pytest.fixture(scope="module")
def model(settings: Settings) -> Iterator[str]:
    with database_of_its_own(settings) as url:
        yield url


def survives(url: str) -> bool:
    """Whether a database passes every scenario; random sequences of the same rules are in `money_machine.py`."""
    try:
        with psycopg.connect(url, autocommit=True) as db:
            for scenario in (*PAYOUT_SCENARIOS, *SCENARIOS):
                scenario(db)
                assert faults(db) == {}
    except (AssertionError, psycopg.Error):
        return False
    return True


def test_the_rules_as_they_are_pass(model: str) -> None:
    with copy_of(model) as url:
        assert survives(url)


def mutate(db: Connection, mutation: str) -> None:
    if mutation in STATEMENTS:
        db.execute(STATEMENTS[mutation].encode())
    else:
        edit(db, *EDITS[mutation])


@pytest.mark.parametrize("mutation", [*STATEMENTS, *EDITS])
def test_a_mutation_is_noticed(model: str, mutation: str) -> None:
    with copy_of(model) as url:
        with psycopg.connect(url, autocommit=True) as db:
            mutate(db, mutation)
        assert not survives(url)
