"""One signed-in person over REST: the access token is renewed before it runs out, by one task at a time."""

import asyncio
import time
from typing import Any

import httpx

from livestreamx.client.refusals import Refused

RENEW_AT = 0.8
"""The share of an access token's life after which a new one is fetched."""


class Account:
    """One signed-in person."""

    def __init__(self, http: httpx.AsyncClient, handle: str, pair: dict[str, Any]) -> None:
        self.http, self.handle = http, handle
        self.user_id: str = pair["user"]["id"]
        self._renewing = asyncio.Lock()
        self._take(pair)

    @classmethod
    async def register(cls, http: httpx.AsyncClient, handle: str, password: str) -> "Account":
        """A new account; `Refused` with `handle_taken` when there is one of that name."""
        pair = _read(await http.post("/api/auth/register", json={"handle": handle, "password": password}))
        return cls(http, handle, pair)

    @classmethod
    async def login(cls, http: httpx.AsyncClient, handle: str, password: str) -> "Account":
        """Sign in to an account that exists."""
        pair = _read(await http.post("/api/auth/login", json={"handle": handle, "password": password}))
        return cls(http, handle, pair)

    @classmethod
    async def enter(cls, http: httpx.AsyncClient, handle: str, password: str) -> "Account":
        """Sign in, or register when the handle is new."""
        try:
            return await cls.register(http, handle, password)
        except Refused as refusal:
            if refusal.code != "handle_taken":
                raise
            return await cls.login(http, handle, password)

    def _take(self, pair: dict[str, Any]) -> None:
        self.access: str = pair["access"]
        self._refresh: str = pair["refresh"]
        self._renew_at: float = time.monotonic() + RENEW_AT * pair["expiresIn"]

    async def renew(self) -> None:
        """Trade the refresh token for a new pair, which also carries new roles."""
        async with self._renewing:
            await self._exchange()

    async def _exchange(self) -> None:
        self._take(_read(await self.http.post("/api/auth/refresh", json={"refresh": self._refresh})))

    async def token(self) -> str:
        """An access token that is good for a while."""
        async with self._renewing:
            if time.monotonic() >= self._renew_at:
                await self._exchange()
        return self.access

    @property
    def token_seconds(self) -> float:
        """How long until the access token should be renewed."""
        return max(0.0, self._renew_at - time.monotonic())

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """One REST call as this person; the decoded answer, or `Refused`."""
        sent = {
            "Authorization": f"Bearer {self.access}",
            **{name.replace("_", "-"): text for name, text in headers.items()},
        }
        return _read(await self.http.request(method, path, json=body, headers=sent))

    async def become_creator(self) -> None:
        """Take the creator's role; the next access token carries it."""
        await self.call("POST", "/api/me/creator")
        await self.renew()

    async def go_live(self, title: str, **about: Any) -> str:
        """Create a stream and start it; its id."""
        stream = await self.call("POST", "/api/streams", {"title": title, **about})
        await self.call("POST", f"/api/streams/{stream['id']}/start")
        return str(stream["id"])


def _read(answer: httpx.Response) -> Any:
    if answer.is_success:
        return answer.json() if answer.content else None
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    retry = float(answer.headers["Retry-After"]) * 1000 if "Retry-After" in answer.headers else None
    message = problem.get("detail") or problem.get("title") or answer.text[:200]
    raise Refused(problem.get("code", str(answer.status_code)), message, int(retry) if retry is not None else None)
