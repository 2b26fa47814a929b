"""Accounts from outside: register, sign in, refresh, sessions, cookies, and what each refuses."""

import asyncio
import secrets
from typing import Any

import jwt
import pytest
from httpx import AsyncClient

from livestreamx.engines.postgres import Pool
from tests.integration.people import Person, events_of, refusal

PASSWORD = "correct horse battery"


def fresh_handle() -> str:
    return f"n{secrets.token_hex(8)}"


async def test_registering_opens_account_and_wallet(api: AsyncClient, pool: Pool) -> None:
    person = await Person.register(api, email="ada@example.org")
    assert person.tokens.keys() >= {"user", "access", "refresh"}
    me = (await person.ask("GET", "/api/me")).json()
    assert me["handle"] == person.handle
    assert me["email"] == "ada@example.org"
    assert me["roles"] == ["viewer"]
    assert me["wallets"] == {"tokens": 100, "paid": 0, "bonus": 100, "locked": False}
    assert await events_of(pool, person.id, "user.registered") == 1


async def test_a_handle_is_given_once_even_in_a_race(api: AsyncClient) -> None:
    body = {"handle": fresh_handle(), "password": PASSWORD}
    answers = await asyncio.gather(*(api.post("/api/auth/register", json=body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert {refusal(answer) for answer in answers if answer.status_code == 409} == {(409, "handle_taken")}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"handle": "ab", "password": PASSWORD},
        {"handle": "a" * 21, "password": PASSWORD},
        {"handle": "Capital", "password": PASSWORD},
        {"handle": "with space", "password": PASSWORD},
        {"handle": "line\n", "password": PASSWORD},
        {"handle": "nul\u0000x", "password": PASSWORD},
        {"handle": "good_one", "password": "short"},
        {"handle": "good_one", "password": "x" * 257},
        {"handle": "good_one", "password": None},
        {"handle": "good_one", "password": PASSWORD, "roles": ["admin"]},
        {"handle": "good_one", "password": PASSWORD, "email": "no address"},
        {"handle": "good_one", "password": PASSWORD, "email": "nul\u0000@example.org"},
        [],
        None,
    ],
)
async def test_bad_registrations_are_refused(api: AsyncClient, body: Any) -> None:
    answer = await api.post("/api/auth/register", json=body)
    assert refusal(answer) == (422, "invalid")
    assert answer.json()["errors"]


async def test_wrong_handle_and_wrong_password_look_the_same(api: AsyncClient) -> None:
    person = await Person.register(api)
    wrong = await api.post("/api/auth/login", json={"handle": person.handle, "password": "not the password"})
    unknown = await api.post("/api/auth/login", json={"handle": fresh_handle(), "password": "not the password"})
    assert refusal(wrong) == refusal(unknown) == (401, "wrong_credentials")
    differing = {name for name in wrong.json() if wrong.json()[name] != unknown.json()[name]}
    assert differing == {"requestId"}
    right = await api.post("/api/auth/login", json={"handle": person.handle, "password": person.password})
    assert right.status_code == 200
    assert right.headers["cache-control"] == "no-store"


async def test_refresh_rotates_and_reuse_ends_the_session(api: AsyncClient) -> None:
    person = await Person.register(api)
    first = person.tokens["refresh"]
    assert (await person.refresh()).status_code == 200
    second = person.tokens["refresh"]
    assert second != first
    assert refusal(await api.post("/api/auth/refresh", json={"refresh": first})) == (401, "refresh_reused")
    assert refusal(await api.post("/api/auth/refresh", json={"refresh": second})) == (401, "session_revoked")


async def test_of_two_refreshes_at_once_one_wins(api: AsyncClient) -> None:
    for _ in range(5):
        person = await Person.register(api)
        body = {"refresh": person.tokens["refresh"]}
        answers = await asyncio.gather(*(api.post("/api/auth/refresh", json=body) for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
        assert {refusal(answer) for answer in answers if answer.is_error} == {(401, "refresh_reused")}


@pytest.mark.parametrize("token", ["x", "é", "A" * 64, "\u0000"])
async def test_unknown_refresh_tokens(api: AsyncClient, token: str) -> None:
    assert refusal(await api.post("/api/auth/refresh", json={"refresh": token})) == (401, "refresh_invalid")


async def test_refresh_without_a_token(api: AsyncClient) -> None:
    assert refusal(await api.post("/api/auth/refresh")) == (401, "refresh_missing")
    assert refusal(await api.post("/api/auth/refresh", json={})) == (401, "refresh_missing")


async def test_an_expired_refresh_token(api: AsyncClient, pool: Pool) -> None:
    person = await Person.register(api)
    async with pool.connection() as db:
        await db.execute(
            "UPDATE refresh_tokens SET expires_at = now() - interval '1 s' "
            "WHERE session_id IN (SELECT id FROM sessions WHERE user_id = %s)",
            (person.id,),
        )
    assert refusal(await person.refresh()) == (401, "refresh_expired")


async def test_logging_out_ends_the_session(api: AsyncClient) -> None:
    person = await Person.register(api)
    assert (await person.ask("POST", "/api/auth/logout")).status_code == 204
    assert (await person.ask("POST", "/api/auth/logout")).status_code == 204
    assert refusal(await person.refresh()) == (401, "session_revoked")
    assert refusal(await person.ask("GET", "/api/auth/access")) == (401, "session_revoked")
    assert refusal(await api.post("/api/auth/logout")) == (401, "unauthenticated")


async def test_sessions_are_listed_and_ended(api: AsyncClient) -> None:
    person, stranger = await Person.register(api), await Person.register(api)
    login = {"handle": person.handle, "password": person.password}
    other = (await api.post("/api/auth/login", json=login, headers={"User-Agent": "Second/1.0"})).json()
    listed = (await person.ask("GET", "/api/me/sessions")).json()["items"]
    assert listed[0]["userAgent"] == "Second/1.0"
    assert [item["current"] for item in listed] == [False, True]
    second = listed[0]["id"]
    assert refusal(await stranger.ask("DELETE", f"/api/me/sessions/{second}")) == (404, "not_found")
    assert (await person.ask("DELETE", f"/api/me/sessions/{second}")).status_code == 204
    assert refusal(await api.post("/api/auth/refresh", json={"refresh": other["refresh"]})) == (401, "session_revoked")
    assert (await person.ask("DELETE", "/api/me/sessions")).json() == {"ended": 1}
    assert refusal(await person.refresh()) == (401, "session_revoked")


async def test_becoming_a_creator_once(api: AsyncClient, pool: Pool) -> None:
    person = await Person.register(api)
    for _ in range(2):
        enrolled = (await person.ask("POST", "/api/me/creator")).json()
        assert enrolled["user"]["roles"] == ["viewer", "creator"]
    assert await events_of(pool, person.id, "creator.enrolled") == 1
    async with pool.connection() as db:
        found = await db.execute(
            "SELECT action, before, after FROM audit_log WHERE subject = %s", (f"user:{person.id}",)
        )
        assert await found.fetchall() == [("role.granted", {"roles": ["viewer"]}, {"roles": ["viewer", "creator"]})]
    renewed = (await person.ask("GET", "/api/auth/access")).json()["access"]
    person.tokens["access"] = renewed
    assert (await person.ask("POST", "/api/streams", json={"title": "Now I may"})).status_code == 201


async def test_a_profile_shows_no_secrets(api: AsyncClient) -> None:
    person = await Person.register(api, email="hidden@example.org")
    shown = await api.get(f"/api/users/{person.handle}")
    assert shown.status_code == 200
    assert not {"email", "wallets", "passwordHash"} & shown.json().keys()
    assert "hidden@example.org" not in shown.text
    assert refusal(await api.get(f"/api/users/{fresh_handle()}")) == (404, "user_not_found")
    assert refusal(await api.get("/api/users/%00")) == (422, "invalid")


async def test_bad_access_tokens(api: AsyncClient) -> None:
    for token in ("", "x", "a.b.c", "é"):
        answer = await api.get("/api/me", headers={"Authorization": f"Bearer {token}".encode()})
        assert refusal(answer) == (401, "token_invalid")
    assert refusal(await api.get("/api/me")) == (401, "unauthenticated")


ORIGIN = {"Origin": "https://testserver"}


async def sign_in_with_cookies(api: AsyncClient) -> tuple[Person, dict[str, str]]:
    person = await Person.register(api, cookies=True)
    return person, {**ORIGIN, "X-CSRF-Token": person.tokens["csrf"]}


async def test_browsers_carry_the_session_in_cookies(api: AsyncClient) -> None:
    handle = fresh_handle()
    answer = await api.post("/api/auth/register", json={"handle": handle, "password": PASSWORD, "cookies": True})
    assert answer.json()["refresh"] is None
    kept = {line.split("=", 1)[0]: line.lower() for line in answer.headers.get_list("set-cookie")}
    assert kept.keys() == {"__Host-access", "__Host-refresh", "__Host-csrf"}
    assert all({"path=/", "secure", "samesite=lax"} <= set(line.split("; ")) for line in kept.values())
    assert {name: "httponly" in line for name, line in kept.items()} == {
        "__Host-access": True,
        "__Host-refresh": True,
        "__Host-csrf": False,
    }
    assert (await api.get("/api/me")).json()["handle"] == handle


async def test_cookies_alone_change_nothing(api: AsyncClient) -> None:
    _, proof = await sign_in_with_cookies(api)
    assert refusal(await api.post("/api/me/creator")) == (403, "bad_origin")
    assert refusal(await api.post("/api/me/creator", headers=ORIGIN)) == (403, "csrf_failed")
    foreign = {**proof, "Origin": "https://evil.example"}
    assert refusal(await api.post("/api/me/creator", headers=foreign)) == (403, "bad_origin")
    forged = {**ORIGIN, "X-CSRF-Token": "0" * 64}
    assert refusal(await api.post("/api/me/creator", headers=forged)) == (403, "csrf_failed")
    assert (await api.get("/api/me")).json()["roles"] == ["viewer"]
    assert (await api.post("/api/me/creator", headers=proof)).status_code == 200


async def test_a_browser_has_its_new_role_at_once(api: AsyncClient) -> None:
    _, proof = await sign_in_with_cookies(api)
    assert (await api.post("/api/streams", json={"title": "Too early"}, headers=proof)).status_code == 403
    assert (await api.post("/api/me/creator", headers=proof)).status_code == 200
    assert (await api.post("/api/streams", json={"title": "Now I may"}, headers=proof)).status_code == 201
    before = api.cookies["__Host-access"]
    renewed = (await api.get("/api/auth/access")).json()["access"]
    assert api.cookies["__Host-access"] == renewed
    assert "creator" in jwt.decode(before, options={"verify_signature": False})["roles"]


async def test_another_sessions_csrf_token_is_not_good(api: AsyncClient) -> None:
    _, before = await sign_in_with_cookies(api)
    await sign_in_with_cookies(api)
    assert refusal(await api.post("/api/me/creator", headers=before)) == (403, "csrf_failed")


async def test_refresh_and_logout_by_cookie(api: AsyncClient) -> None:
    _, proof = await sign_in_with_cookies(api)
    stolen = api.cookies["__Host-refresh"]
    answer = await api.post("/api/auth/refresh", headers=proof)
    assert answer.status_code == 200
    assert api.cookies["__Host-refresh"] != stolen
    assert (await api.post("/api/auth/logout", headers=proof)).status_code == 204
    assert not api.cookies
    assert (await api.get("/api/me")).status_code == 401


async def test_a_refused_cookie_is_taken_away(api: AsyncClient) -> None:
    _, proof = await sign_in_with_cookies(api)
    used = api.cookies["__Host-refresh"]
    assert (await api.post("/api/auth/refresh", headers=proof)).status_code == 200
    api.cookies.set("__Host-refresh", used, domain="testserver.local", path="/")
    answer = await api.post("/api/auth/refresh", headers={**proof, "Cookie": f"__Host-refresh={used}"})
    assert refusal(answer) == (401, "refresh_reused")
    assert any(line.startswith("__Host-refresh=") for line in answer.headers.get_list("set-cookie"))


async def test_a_bearer_token_needs_no_csrf_token(api: AsyncClient) -> None:
    person = await Person.register(api)
    await sign_in_with_cookies(api)
    assert (await person.ask("POST", "/api/me/creator")).status_code == 200


async def test_another_site_cannot_sign_someone_in(api: AsyncClient) -> None:
    body = {"handle": fresh_handle(), "password": PASSWORD, "cookies": True}
    answer = await api.post("/api/auth/register", json=body, headers={"Origin": "https://evil.example"})
    assert refusal(answer) == (403, "bad_origin")
