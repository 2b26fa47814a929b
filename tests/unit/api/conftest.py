"""The application as it is assembled; its engines are never opened."""

import base64

import pytest

from api.app import create_app
from api.correlation import Platform
from livestreamx.settings import Settings


@pytest.fixture(scope="session")
def platform() -> Platform:
    """Every route, and nothing behind them."""
    key = base64.urlsafe_b64encode(bytes(32)).decode()
    nowhere = "127.0.0.1:1"
    return create_app(
        Settings(
            postgres_url=f"postgresql://{nowhere}/x",
            redis_url=f"redis://{nowhere}",
            kafka_bootstrap=nowhere,
            clickhouse_url=f"http://{nowhere}",
            signing_key=key,
        )
    )
