"""The request being served: its id travels from the HTTP header into logs, the outbox and Kafka headers."""

import re
from contextvars import ContextVar

from livestreamx.clock import uuid7

HEADER = "x-request-id"
SANE = re.compile(r"[A-Za-z0-9._-]{8,64}")

_current: ContextVar[str] = ContextVar("request_id", default="")


def request_id() -> str:
    """The current request's id; empty outside a request."""
    return _current.get()


def adopt_request_id(given: str | None) -> str:
    """Bind the id that the client gave, or a new one when there is none or it is not sane; the id bound."""
    chosen = given if given and SANE.fullmatch(given) else uuid7().hex
    _current.set(chosen)
    return chosen
