"""Which origins are ours."""

import pytest

from api.auth.csrf import is_own_origin
from livestreamx.settings import Settings

SETTINGS = Settings(public_url="https://live.example.org", port=4000)


@pytest.mark.parametrize(
    ("origin", "host", "ours"),
    [
        ("http://localhost:4000", "localhost:4000", True),
        ("https://live.example.org", "10.0.0.7:4000", True),
        ("https://evil.example", "localhost:4000", False),
        ("http://localhost:4001", "localhost:4000", False),
        ("https://live.example.org.evil.example", "10.0.0.7:4000", False),
        ("null", "localhost:4000", False),
        ("", "", False),
        ("null", "", False),
        ("https://", "", False),
        ("https://[half", "localhost:4000", False),
    ],
)
def test_origins(origin: str, host: str, ours: bool) -> None:
    assert is_own_origin(origin, host, SETTINGS) is ours
