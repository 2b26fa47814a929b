"""What the API's own description allows, and much that it forbids, sent to a real server.

No answer may be a 5xx, and every answer must be as described: status, kind, shape.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from httpx import AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, checks

from livestreamx.engines.postgres import Pool
from livestreamx.settings import Settings
from tests.conftest import free_port
from tests.integration.people import Person
from tests.integration.served import api_process
from tests.stripe_peer.app import serving
from tests.stripe_peer.events import SECRET
from tests.stripe_peer.peer import Peer

EXAMPLES = 25
SECONDS_EACH = 1.5
AS_DESCRIBED = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
HARMLESS = settings(
    max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module")
def base(settings: Settings) -> Iterator[str]:
    """The API with payments and a media server (which is gone): without, they answer 503 whatever is asked."""
    with serving(Peer()) as peer:
        stripe = {"LSX_STRIPE_KEY": "sk_test_peer", "LSX_STRIPE_WEBHOOK_SECRET": SECRET}
        gone = f"http://127.0.0.1:{free_port()}"
        media = {"LSX_LIVEKIT_URL": gone, "LSX_LIVEKIT_KEY": "key", "LSX_LIVEKIT_SECRET": "secret"}
        with api_process(settings, **stripe, **media, LSX_STRIPE_API_BASE=peer.url) as (url, _):
            yield url


async def known_ids(base: str, pool: Pool) -> tuple[str, dict[str, dict[str, Any]]]:
    """An admin's access token, and path parameters that lead to something."""
    async with AsyncClient(base_url=base, timeout=60) as client:
        admin, creator = await Person.admin(client, pool), await Person.creator(client)
        stream = await creator.go_live()
    found = {"stream_id": stream, "creator_id": str(creator.id), "handle": creator.handle, "board": "gifts"}
    return admin.tokens["access"], {"{" + name + "}": {name: value} for name, value in found.items()}


def attack(operation: Any, base: str, token: str, known: dict[str, dict[str, Any]]) -> int:
    """How many requests one operation was tried with; at least one, and more for as long as its time lasts."""
    fitting = next((given for part, given in known.items() if part in operation.path), None)
    sources = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]
    if fitting:
        sources += [operation.as_strategy(generation_mode=mode, path_parameters=fitting) for mode in GenerationMode]
    tried, until = 0, time.monotonic() + SECONDS_EACH

    with requests.Session() as session:

        @HARMLESS
        @given(case=st.one_of(sources), signed_in=st.booleans())
        def send(case: Case, signed_in: bool) -> None:
            nonlocal tried
            if tried and time.monotonic() > until:
                return
            headers = {"Authorization": f"Bearer {token}"} if signed_in else {}
            answer = case.call(base_url=base, session=session, headers=headers)
            tried += 1
            assert answer.headers.get("x-request-id"), case.as_curl_command()
            case.validate_response(answer, checks=AS_DESCRIBED)

        send()
    return tried


async def test_nothing_breaks_the_api(base: str, pool: Pool) -> None:
    token, known = await known_ids(base, pool)
    schema = await asyncio.to_thread(schemathesis.openapi.from_url, f"{base}/schema/openapi.json")
    tried = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        tried[operation.label] = await asyncio.to_thread(attack, operation, base, token, known)
    assert len(tried) > 30
    assert min(tried.values()) >= 1, tried
    async with AsyncClient(base_url=base, timeout=60) as client:
        assert (await client.get("/readyz")).status_code == 200
