"""Any text may come as an idempotency key: it is kept, or refused as bad input, and never breaks anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.economy.model import MOST_KEY_CHARACTERS
from domain.economy.service import check_key
from livestreamx.errors import Invalid


def passes(key: str) -> bool:
    try:
        check_key(key)
    except Invalid:
        return False
    return True


@given(st.text(max_size=MOST_KEY_CHARACTERS + 10))
def test_a_key_that_passes_can_be_stored(key: str) -> None:
    if passes(key):
        assert 1 <= len(key) <= MOST_KEY_CHARACTERS
        assert b"\0" not in key.encode()


@pytest.mark.parametrize("key", ["", "k" * (MOST_KEY_CHARACTERS + 1), "\0", "\ud800", "a\nb"])
def test_a_key_that_could_not_be_kept_is_refused(key: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_key(key)
    assert refused.value.given_code == "idempotency_key_invalid"


@pytest.mark.parametrize("key", ["a", "0197a3c0-d5e1-7c31-a0f0-b0c4d1e2f3a4", "Größe 4 ❤", "k" * MOST_KEY_CHARACTERS])
def test_ordinary_keys_pass(key: str) -> None:
    check_key(key)
