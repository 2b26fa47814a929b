"""Access tokens: short-lived JWTs signed with Ed25519, named by `kid` so that the key can be rotated (JWKS, RFC 8037).

The seed in the settings is also the root of the other keys, each derived for one purpose.
"""

import base64
import binascii
import hashlib
import hmac
from functools import lru_cache
from typing import Any
from uuid import UUID

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from livestreamx.clock import now
from livestreamx.errors import Unauthenticated
from livestreamx.settings import PREFIX, SettingsError

ALGORITHM = "EdDSA"
ISSUER = "livestreamx"
SEED_BYTES = 32
REMEMBERED = 4096
"""Tokens whose signature is not checked again while they are in use; a check takes about 0.1 ms."""


class Claims(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a verified access token says; `iat` and `exp` are seconds since the epoch."""

    sub: UUID
    roles: tuple[str, ...]
    sid: UUID
    handle: str
    iat: int
    exp: int

    @property
    def is_admin(self) -> bool:
        return "admin" in self.roles


def read_seed(signing_key: str) -> bytes:
    """The 32 bytes of `LSX_SIGNING_KEY`; `SettingsError` when it is anything else."""
    try:
        seed = base64.b64decode(signing_key + "=" * (-len(signing_key) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise SettingsError(f"{PREFIX}SIGNING_KEY is not base64url") from error
    if len(seed) != SEED_BYTES:
        raise SettingsError(f"{PREFIX}SIGNING_KEY holds {len(seed)} bytes; it takes {SEED_BYTES} random ones")
    return seed


def derive_key(signing_key: str, purpose: str) -> bytes:
    """A 32-byte key for one purpose, such as `csrf`; knowing it tells nothing about the others."""
    return hmac.digest(read_seed(signing_key), b"livestreamx:" + purpose.encode(), "sha256")


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class AccessTokens:
    """Issues and verifies access tokens; one a process."""

    def __init__(self, signing_key: str, minutes: int) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(read_seed(signing_key))
        self._public = self._private.public_key()
        self._x = _base64url(self._public.public_bytes(Encoding.Raw, PublicFormat.Raw))
        # The key's thumbprint (RFC 7638): members in alphabetical order, no spaces.
        thumbprint = f'{{"crv":"Ed25519","kty":"OKP","x":"{self._x}"}}'.encode()
        self.kid = _base64url(hashlib.sha256(thumbprint).digest())
        self.seconds = minutes * 60
        self._read = lru_cache(REMEMBERED)(self._check_signature)

    def issue(self, user_id: UUID, handle: str, roles: tuple[str, ...], session_id: UUID) -> str:
        """A token good for `minutes` from now."""
        issued = int(now().timestamp())
        claims = {
            "iss": ISSUER,
            "sub": str(user_id),
            "handle": handle,
            "roles": list(roles),
            "sid": str(session_id),
            "iat": issued,
            "exp": issued + self.seconds,
        }
        return jwt.encode(claims, self._private, algorithm=ALGORITHM, headers={"kid": self.kid})

    def verify(self, token: str) -> Claims:
        """The token's claims; `Unauthenticated` with code `token_expired` or `token_invalid`."""
        return self._unexpired(self._read(token))

    def verify_once(self, token: str) -> Claims:
        """The same for a token that is not seen again, as a socket keeps the claims: it is not remembered."""
        return self._unexpired(self._check_signature(token))

    def _unexpired(self, claims: Claims) -> Claims:
        if claims.exp <= now().timestamp():
            raise Unauthenticated("The access token has expired: refresh it", code="token_expired")
        return claims

    def _check_signature(self, token: str) -> Claims:
        try:
            if jwt.get_unverified_header(token).get("kid") != self.kid:
                raise Unauthenticated("The access token was signed with another key", code="token_invalid")
            # The expiry is compared at each use, with the clock that tests can hold.
            options: Any = {"require": ["sub", "sid", "iat", "exp", "iss"], "verify_exp": False, "verify_iat": False}
            payload = jwt.decode(token, self._public, algorithms=[ALGORITHM], issuer=ISSUER, options=options)
            return msgspec.convert(payload, Claims)
        except (jwt.InvalidTokenError, msgspec.ValidationError, UnicodeError) as error:
            raise Unauthenticated("The access token is not valid", code="token_invalid") from error

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public key as a JSON Web Key Set, for other services that verify our tokens."""
        key = {"kty": "OKP", "crv": "Ed25519", "x": self._x, "kid": self.kid, "use": "sig", "alg": ALGORITHM}
        return {"keys": [key]}
