"""Logs carry no passwords, tokens or e-mail addresses, whatever they are put into."""

import io
import json
import logging
import sys

import pytest
import structlog

from livestreamx.observe.logging import configure_logging, redact
from livestreamx.observe.request import adopt_request_id, request_id

JWT = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "fields",
    [
        {"password": "hunter2hunter2"},
        {"new_password": "hunter2hunter2"},
        {"refresh_token": "hunter2hunter2"},
        {"Authorization": "Bearer hunter2hunter2"},
        {"headers": {"cookie": "a=hunter2hunter2"}},
        {"url": "postgresql://me:hunter2hunter2@db/x"},
        {"note": f"token was {JWT.replace('c2lnbmF0dXJl', 'hunter2hunter2')}"},
    ],
)
def test_secrets_are_hidden(fields: dict[str, object]) -> None:
    assert "hunter2" not in json.dumps(dict(redact(None, "", dict(fields))))


def test_addresses_are_hidden_and_the_rest_stays() -> None:
    fields = redact(None, "", {"event": "mail to ada@example.org failed", "status": 502, "stream": "s1"})
    assert fields == {"event": "mail to [hidden] failed", "status": 502, "stream": "s1"}


@pytest.mark.parametrize("json_lines", [True, False])
def test_lines_carry_request_and_role_and_no_secrets(monkeypatch: pytest.MonkeyPatch, json_lines: bool) -> None:
    root, out = logging.getLogger(), io.StringIO()
    kept, level = root.handlers[:], root.level
    monkeypatch.setattr(sys, "stderr", out)
    try:
        configure_logging(level="info", json=json_lines, role="api")
        adopt_request_id("request-1234")
        structlog.get_logger("api.test").info("went_live", stream="s1", email="ada@example.org")
        structlog.get_logger("api.test").debug("too much")
        password = "hunter2hunter2"
        try:
            raise ValueError("row (ada, $argon2id$v=19$m=8$hunter2hunter2, x)")
        except ValueError:
            structlog.get_logger("api.test").exception("failed", length=len(password))
        logging.getLogger("library").warning("odd: %s", "bob@example.org")
    finally:
        root.handlers[:], root.level = kept, level
        structlog.reset_defaults()
    assert "hunter2" not in out.getvalue()
    assert "request-1234" in out.getvalue()
    if not json_lines:
        return
    ours, failure, theirs = (json.loads(line) for line in out.getvalue().splitlines())
    assert ours.items() >= {
        "event": "went_live", "role": "api", "request_id": "request-1234", "level": "info", "email": "[hidden]"
    }.items()  # fmt: skip
    assert "ValueError: row (ada, [hidden], x)" in failure["exception"]
    assert theirs["event"] == "odd: [hidden]"


def test_an_unknown_level_is_named() -> None:
    with pytest.raises(ValueError, match="LSX_LOG_LEVEL"):
        configure_logging(level="loud", json=False, role="api")


@pytest.mark.parametrize("given", [None, "", "short", "x" * 65, "semi;colon-1", "line\nbreak1", "spaces are out"])
def test_an_odd_request_id_is_replaced(given: str | None) -> None:
    made = adopt_request_id(given)
    assert made != given
    assert made == request_id()
    assert len(made) == 32


def test_a_sane_request_id_is_kept() -> None:
    assert adopt_request_id("trace-0123.abc_DEF") == request_id() == "trace-0123.abc_DEF"
