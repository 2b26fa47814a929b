"""Access tokens say who someone is, for a while, and cannot be made by others."""

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
import pytest

from domain.accounts.tokens import AccessTokens, derive_key
from livestreamx.clock import frozen
from livestreamx.errors import Unauthenticated
from livestreamx.settings import SettingsError

SEED = base64.urlsafe_b64encode(bytes(range(32))).decode()
OTHER = base64.urlsafe_b64encode(bytes(range(1, 33))).decode()
USER, SESSION = UUID(int=1), UUID(int=2)
NOW = datetime(2027, 1, 1, tzinfo=UTC)


def issue(seed: str = SEED) -> str:
    return AccessTokens(seed, 15).issue(USER, "ada", ("viewer", "creator"), SESSION)


def code_of(token: str) -> str:
    with pytest.raises(Unauthenticated) as refused:
        AccessTokens(SEED, 15).verify(token)
    return refused.value.given_code


def test_a_token_says_who_asks() -> None:
    claims = AccessTokens(SEED, 15).verify(issue())
    assert (claims.sub, claims.handle, claims.roles, claims.sid) == (USER, "ada", ("viewer", "creator"), SESSION)
    assert claims.exp - claims.iat == 15 * 60


def test_a_token_ends() -> None:
    with frozen(NOW) as clock:
        token = issue()
        clock.advance(timedelta(minutes=14, seconds=59))
        assert AccessTokens(SEED, 15).verify(token).sub == USER
        clock.advance(timedelta(seconds=1))
        assert code_of(token) == "token_expired"


def test_nobody_else_can_make_one() -> None:
    token = issue()
    head, payload, signature = token.split(".")
    admin = base64.urlsafe_b64encode(
        base64.urlsafe_b64decode(payload + "==").replace(b'"creator"', b'"admin"')
    ).decode()
    kid = AccessTokens(SEED, 15).kid
    unsigned = jwt.encode({"sub": str(USER)}, None, algorithm="none", headers={"kid": kid})
    symmetric = jwt.encode({"sub": str(USER)}, "k" * 32, algorithm="HS256", headers={"kid": kid})
    for forged in (
        f"{head}.{admin.rstrip('=')}.{signature}",
        issue(OTHER),
        unsigned,
        symmetric,
        "",
        "a.b.c",
        "é",
        "{}",
    ):
        assert code_of(forged) == "token_invalid", forged


def test_the_key_set_verifies_tokens() -> None:
    tokens = AccessTokens(SEED, 15)
    (key,) = tokens.jwks()["keys"]
    public = jwt.PyJWK.from_dict(key)
    assert jwt.decode(issue(), public.key, algorithms=["EdDSA"], issuer="livestreamx")["handle"] == "ada"
    assert key["kid"] == jwt.get_unverified_header(issue())["kid"]
    assert "d" not in key


@pytest.mark.parametrize("seed", ["", "short", "!" * 43, base64.urlsafe_b64encode(bytes(31)).decode()])
def test_a_bad_seed_is_named(seed: str) -> None:
    with pytest.raises(SettingsError, match="LSX_SIGNING_KEY"):
        AccessTokens(seed, 15)


def test_derived_keys_differ_by_purpose() -> None:
    assert len({derive_key(SEED, "csrf"), derive_key(SEED, "draws"), derive_key(OTHER, "csrf")}) == 3
