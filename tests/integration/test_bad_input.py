"""What frameworks fall over: nesting, NUL, huge numbers, wrong types and bodies. Refused, and never with a 5xx."""

from typing import Any

import pytest
from httpx import AsyncClient

from tests.integration.people import Person, refusal

JSON = {"Content-Type": "application/json"}
REGISTER = "/api/auth/register"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"nonsense",
        b'{"handle": "x"',
        b"\xff\xfe",
        b"\x00",
        b"[" * 1000,
        b"[" * 1000 + b"]" * 1000,
        b'{"handle":' * 1000 + b"1" + b"}" * 1000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"handle": ' + b"9" * 5000 + b"}",
        b'{"handle": 1e999}',
        b'{"handle": NaN}',
        b'{"handle": "\\ud800", "password": "secret123"}',
        b'{"handle": "a\xff", "password": "secret123"}',
        b'{"handle": "abc", "handle": "abc"}',
    ],
)
async def test_unreadable_bodies(api: AsyncClient, body: bytes) -> None:
    status, code = refusal(await api.post(REGISTER, content=body, headers=JSON))
    assert (status, code) in {(400, "bad_request"), (422, "invalid")}


async def test_a_body_over_256_kb(api: AsyncClient) -> None:
    body = b'{"handle": "' + b"a" * (256 * 1024) + b'"}'
    assert refusal(await api.post(REGISTER, content=body, headers=JSON)) == (413, "body_too_large")

    async def chunks() -> Any:
        for _ in range(40):
            yield b" " * 8192

    assert refusal(await api.post(REGISTER, content=chunks(), headers=JSON)) == (413, "body_too_large")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "", "application/x-msgpack"]
)
async def test_other_kinds_of_body(api: AsyncClient, kind: str) -> None:
    answer = await api.post(REGISTER, content=b"<x/>", headers={"Content-Type": kind})
    status, _ = refusal(answer)
    assert status in {400, 415, 422}


@pytest.mark.parametrize(
    "path",
    [
        "/nope",
        "/api",
        "/api/",
        "/api/nope",
        "/api/streams/not-an-id",
        "/api/streams/%00",
        "/%ff",
        "/..%2f..%2fetc/passwd",
        "/api/streams/" + "9" * 3000,
    ],
)
async def test_addresses_that_are_none(api: AsyncClient, path: str) -> None:
    assert refusal(await api.get(path)) == (404, "not_found")


@pytest.mark.parametrize(("method", "path"), [("PUT", "/api/streams"), ("DELETE", "/api/me"), ("GET", REGISTER)])
async def test_methods_that_are_none(api: AsyncClient, method: str, path: str) -> None:
    answer = await api.request(method, path)
    assert refusal(answer) == (405, "method_not_allowed")
    assert answer.headers["allow"]


async def test_odd_headers(api: AsyncClient) -> None:
    person = await Person.register(api)
    for name, value in {
        "User-Agent": b"\x80\xff odd",
        "X-Request-Id": b"\xff" * 20,
        "Cookie": b'__Host-access="; =;;; \xff',
        "Accept": b"\xff",
        "traceparent": b"00-zz-zz-01",
        "If-None-Match": b"\xff",
    }.items():
        answer = await person.ask("GET", "/api/me", headers={name: value})
        assert answer.status_code == 200, name
        login = {"handle": person.handle, "password": person.password}
        answer = await api.post("/api/auth/login", json=login, headers=[(name.encode(), value)])
        assert answer.status_code == 200, name


@pytest.mark.parametrize("handle", ["a\u0000b", "x" * 100, "' OR 1=1 --", "\U0001f600" * 20])
async def test_odd_sign_ins(api: AsyncClient, handle: str) -> None:
    answer = await api.post("/api/auth/login", json={"handle": handle, "password": "\u0000" * 50})
    status, _ = refusal(answer)
    assert status in {401, 422}
