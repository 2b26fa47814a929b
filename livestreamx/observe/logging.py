"""Structured logs: one event a line, JSON or for a console, with the request's id and without personal data.

Standard error only; standard output says `ready` and nothing else.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from opentelemetry import trace
from structlog.typing import Processor

from livestreamx.observe.request import request_id
from livestreamx.settings import SettingsError

SECRET_FIELDS = re.compile(
    r"password|secret|token|refresh|access|authorization|cookie|email|signing_key", re.IGNORECASE
)
EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
URL_PASSWORD = re.compile(r"(?<=://)([^:@/\s]*):[^@/\s]+@")
PASSWORD_HASH = re.compile(r"\$argon2[^\s,)]*")
HIDDEN = "[hidden]"

Fields = MutableMapping[str, Any]


def redact_text(text: str) -> str:
    """The text without e-mail addresses, tokens and passwords of URLs."""
    text = URL_PASSWORD.sub(rf"\1:{HIDDEN}@", text)
    for pattern in (JWT, PASSWORD_HASH, EMAIL):
        text = pattern.sub(HIDDEN, text)
    return text


def _redact(name: str, value: Any) -> Any:
    if SECRET_FIELDS.search(name) and isinstance(value, str | bytes):
        return HIDDEN
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, dict):
        return {key: _redact(str(key), inner) for key, inner in value.items()}
    return value


def redact(_: Any, __: str, fields: Fields) -> Fields:
    """Hide secrets by the name of their field, and what looks like one in any text."""
    return {name: _redact(name, value) for name, value in fields.items()}


def add_request(_: Any, __: str, fields: Fields) -> Fields:
    """Say which request and which trace this line belongs to."""
    if current := request_id():
        fields.setdefault("request_id", current)
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        fields["trace_id"] = f"{span.trace_id:032x}"
    return fields


def configure_logging(*, level: str, json: bool, role: str) -> None:
    """Send our logs and those of libraries through one pipeline; call once, at the start of a process.

    `role` names the process in every line. An unknown level is a `SettingsError`.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise SettingsError(f"LSX_LOG_LEVEL={level!r}: takes debug, info, warning or error")

    def add_role(_: Any, __: str, fields: Fields) -> Fields:
        return {"role": role, **fields}

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_request,
        add_role,
    ]
    # Traces become plain text before they are redacted; a renderer of its own would print local variables.
    renderer: Processor = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redact,
            renderer,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.WARNING) if number > logging.DEBUG else number)
    for ours in ("livestreamx", "api", "realtime", "domain", "pipelines", "ranking", "orchestration"):
        logging.getLogger(ours).setLevel(number)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(number),
        cache_logger_on_first_use=True,
    )
