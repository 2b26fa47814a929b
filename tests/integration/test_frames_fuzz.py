"""Anything at all sent to a gateway: every message is answered once, the socket stays, and nothing breaks inside."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest_asyncio
from httpx import AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livestreamx.events import MOODS
from livestreamx.frames import CLIENT_FRAMES, MSGPACK, SERVER_ONLY
from tests.builders import go_live, make_user
from tests.integration.gateways import GatewayProcess, Viewer

EXAMPLES = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
TEXT = st.text(max_size=40) | st.sampled_from(("\x00", "\u202e", "<b>", "x" * 400, "👋" * 80, "\ud800"))
SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | TEXT
JSONS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("text", "replyTo", "code", "qty", "comboId", "idempotencyKey", "mood", "token", "epoch", "seq", "focus",
          "question", "choices", "durationS", "pollId", "choiceId", "questionId", "type", "target", "reward",
          "challengeId")  # fmt: skip
ALMOST = st.dictionaries(st.sampled_from(FIELDS), JSONS | st.sampled_from((*MOODS, "HEART", 1, "x")), max_size=4)
EVENTS = st.sampled_from((*CLIENT_FRAMES, *sorted(SERVER_ONLY))) | TEXT
FRAMES = st.fixed_dictionaries({}, optional={"event": EVENTS | JSONS, "id": JSONS, "data": ALMOST | JSONS})
PRIVATE = frozenset({"room:state", "resume:truncated", "wallet:balance", "auth:expired"})
MESSAGES = (FRAMES | JSONS).map(json.dumps) | st.text(max_size=200)


@pytest_asyncio.fixture(loop_scope="session")
async def socket(pair: list[GatewayProcess], web: AsyncClient, farewell: None) -> AsyncIterator[Viewer]:
    _, stream = await go_live(web)
    yield await Viewer(pair[0].url, stream).open((await make_user(web)).access)


@pytest_asyncio.fixture(loop_scope="session")
async def packed(pair: list[GatewayProcess], web: AsyncClient, farewell: None) -> AsyncIterator[Viewer]:
    _, stream = await go_live(web)
    yield await Viewer(pair[0].url, stream).open((await make_user(web)).access, MSGPACK)


def pack(value: Any) -> bytes:
    """The value in MessagePack, as far as it has numbers and texts for it."""
    return msgspec.msgpack.encode(
        json.loads(json.dumps(value).replace("\\ud800", "?"), parse_int=lambda n: int(n) % 2**63)
    )


def sendable(message: str) -> str:
    """The message as a client could send it: text if it is UTF-8 of at most 8 KB."""
    raw = message.encode("utf-8", "replace")[:8192]
    return raw.decode("utf-8", "ignore")


@EXAMPLES
@given(st.lists(MESSAGES, min_size=1, max_size=8), st.lists(st.binary(max_size=60), max_size=2))
async def test_any_text_and_any_bytes(socket: Viewer, texts: list[str], binaries: list[bytes]) -> None:
    before = len(socket.answers)
    for text in texts:
        await socket.ws.send(sendable(text))
    for data in binaries:
        await socket.ws.send(data)
    last = await socket.ask("viewer:heartbeat", {})
    answers: list[dict[str, Any]] = socket.answers[before:]
    assert last["event"] == "ack"
    assert len(answers) == len(texts) + len(binaries) + 1
    for answer in answers:
        assert answer["event"] in ("ack", "error")
        if answer["event"] == "error":
            assert re.fullmatch(r"[a-z_]+", answer["data"]["code"])
            assert answer["data"]["code"] != "internal"
            assert answer["data"]["message"]
    assert all("seq" in frame or frame["event"] in PRIVATE for frame in socket.frames)


@EXAMPLES
@given(st.lists(FRAMES | JSONS | st.binary(max_size=200), min_size=1, max_size=8))
async def test_any_messagepack_and_any_bytes(packed: Viewer, values: list[Any]) -> None:
    before = len(packed.answers)
    sent = [value if isinstance(value, bytes) else pack(value) for value in values]
    for message in sent:
        await packed.ws.send(message)
    last = await packed.ask("viewer:heartbeat", {})
    assert last["event"] == "ack"
    answers = packed.answers[before:]
    assert len(answers) == len(sent) + 1
    assert "internal" not in [answer["data"].get("code") for answer in answers]


async def test_deep_and_wide_json_is_refused_in_time(socket: Viewer) -> None:
    for text in ("[" * 8192, '{"data":' * 1000, '{"event":"auth","data":' + "[" * 4000 + "]" * 4000 + "}", "9" * 8192):
        before = len(socket.answers)
        async with asyncio.timeout(60):
            await socket.ws.send(text)
            await socket.until(lambda v, n=before: len(v.answers) == n + 1)
        assert socket.answers[-1]["event"] == "error"
