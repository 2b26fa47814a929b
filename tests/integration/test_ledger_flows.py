"""Random sequences of every money operation: no sequence leaves an unbalanced, negative or orphaned state."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import run_state_machine_as_test

from livestreamx.settings import Settings
from tests.integration.books import database_of_its_own
from tests.integration.money_machine import Money


@pytest.fixture(scope="module")
def books(settings: Settings) -> Iterator[str]:
    with database_of_its_own(settings) as url:
        yield url


def test_no_sequence_of_all_flows_breaks_the_books(books: str) -> None:
    run_state_machine_as_test(
        lambda: Money(books),
        settings=hypothesis_settings(
            max_examples=15,
            stateful_step_count=40,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
