"""Refresh tokens are unique, name their session, and are never stored as they are."""

from uuid import UUID

import pytest

from domain.accounts.refresh import csrf_token, hash_refresh_token, make_refresh_token, session_of

SESSION = UUID(int=7)


def test_tokens_differ_and_name_their_session() -> None:
    tokens = {make_refresh_token(SESSION) for _ in range(100)}
    assert len(tokens) == 100
    assert {session_of(token) for token in tokens} == {SESSION}
    assert all(len(hash_refresh_token(token)) == 32 for token in tokens)


@pytest.mark.parametrize("text", ["", "x", "é", "a" * 64 + "!", "A" * 60, "A" * 4000])
def test_what_is_no_token_names_no_session(text: str) -> None:
    assert session_of(text) is None


def test_csrf_tokens_belong_to_one_session_and_key() -> None:
    assert csrf_token(b"k", SESSION) == csrf_token(b"k", SESSION)
    assert len({csrf_token(b"k", SESSION), csrf_token(b"l", SESSION), csrf_token(b"k", UUID(int=0))}) == 3
