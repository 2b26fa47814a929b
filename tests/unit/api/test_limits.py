"""Whom a limit per address counts."""

from typing import Any

import pytest
from litestar.testing import RequestFactory

from api.limits import client_address


@pytest.mark.parametrize(
    ("host", "who"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("testclient", "testclient"),
    ],
)
def test_an_address(host: str, who: str) -> None:
    request: Any = RequestFactory().get("/", headers={"X-Forwarded-For": "198.51.100.1"})
    request.scope["client"] = (host, 1234)
    assert client_address(request) == who


def test_no_address() -> None:
    request: Any = RequestFactory().get("/")
    request.scope["client"] = None
    assert client_address(request) == "unknown"
