"""Refresh tokens: opaque, random, kept only as SHA-256. They name their session, which ties a CSRF token to it."""

import base64
import binascii
import hashlib
import hmac
import secrets
from uuid import UUID

RANDOM_BYTES = 32
SESSION_BYTES = 16


def make_refresh_token(session_id: UUID) -> str:
    """A new token of a session: 16 bytes of its id, 32 random ones, base64url."""
    return base64.urlsafe_b64encode(session_id.bytes + secrets.token_bytes(RANDOM_BYTES)).decode()


def hash_refresh_token(token: str) -> bytes:
    """What is stored. The token has 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(token.encode()).digest()


def session_of(token: str) -> UUID | None:
    """The session that the token names; None for what is no refresh token. Proves nothing by itself."""
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return UUID(bytes=raw[:SESSION_BYTES]) if len(raw) == SESSION_BYTES + RANDOM_BYTES else None


def csrf_token(key: bytes, session_id: UUID) -> str:
    """What a browser of this session must send along with its cookies; only we can make it."""
    return hmac.new(key, session_id.bytes, hashlib.sha256).hexdigest()
