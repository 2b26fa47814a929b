"""The errors that a person or a client may see: a stable code, a title and the HTTP status they carry.

REST answers with problem details (RFC 9457), a socket with an error frame; both are made from the same error.
"""

from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal that says why; nothing was changed. `extra` members are sent along."""

    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "The request was refused"
    status: ClassVar[int] = 400

    def __init__(self, detail: str = "", *, code: str | None = None, **extra: Any) -> None:
        self.detail = detail or self.title
        self.given_code = code or self.code
        self.extra = extra
        super().__init__(self.detail)


class Unauthenticated(DomainError):
    code, title, status = "unauthenticated", "Sign in first", 401


class PaymentRequired(DomainError):
    code, title, status = "insufficient_tokens", "Not enough tokens", 402


class Forbidden(DomainError):
    code, title, status = "forbidden", "Not allowed", 403


class NotFound(DomainError):
    code, title, status = "not_found", "There is no such thing", 404


class Conflict(DomainError):
    code, title, status = "conflict", "The state does not allow this", 409


class Invalid(DomainError):
    code, title, status = "invalid", "The input is not valid", 422


class Locked(DomainError):
    code, title, status = "wallet_locked", "The wallet is locked", 423


class TooMany(DomainError):
    """A limit was reached; `retry_after_ms` says when to try again."""

    code, title, status = "rate_limited", "Too many requests", 429

    def __init__(self, detail: str = "", *, retry_after_ms: int, code: str | None = None) -> None:
        super().__init__(detail, code=code, retryAfterMs=retry_after_ms)
        self.retry_after_ms = retry_after_ms


class Unavailable(DomainError):
    """An engine did not answer in time; the same request may go through later."""

    code, title, status = "unavailable", "Try again in a moment", 503
