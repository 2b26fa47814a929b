"""People who use the API inside the test's process: registered, with their tokens at hand."""

import secrets
from typing import Any
from uuid import UUID

from httpx import AsyncClient, Response

from livestreamx.engines.postgres import Pool


class Person:
    """One account; its requests carry its bearer token."""

    def __init__(self, api: AsyncClient, handle: str, password: str, tokens: dict[str, Any]) -> None:
        self.api, self.handle, self.password, self.tokens = api, handle, password, tokens
        self.id = UUID(tokens["user"]["id"])

    @classmethod
    async def register(cls, api: AsyncClient, **extra: Any) -> "Person":
        handle, password = f"p{secrets.token_hex(8)}", secrets.token_urlsafe(12)
        answer = await api.post("/api/auth/register", json={"handle": handle, "password": password, **extra})
        assert answer.status_code == 201, answer.text
        return cls(api, handle, password, answer.json())

    @classmethod
    async def creator(cls, api: AsyncClient) -> "Person":
        person = await cls.register(api)
        enrolled = await person.ask("POST", "/api/me/creator")
        person.tokens["access"] = enrolled.json()["access"]
        return person

    @classmethod
    async def admin(cls, api: AsyncClient, pool: Pool) -> "Person":
        person = await cls.register(api)
        async with pool.connection() as db:
            await db.execute("UPDATE users SET roles = roles || 'admin'::text WHERE id = %s", (person.id,))
        await person.refresh()
        return person

    async def ask(self, method: str, path: str, **options: Any) -> Response:
        headers = {"Authorization": f"Bearer {self.tokens['access']}", **options.pop("headers", {})}
        return await self.api.request(method, path, headers=headers, **options)

    async def refresh(self) -> Response:
        answer = await self.api.post("/api/auth/refresh", json={"refresh": self.tokens["refresh"]})
        if answer.is_success:
            self.tokens = answer.json()
        return answer

    async def announce(self, **given: Any) -> str:
        answer = await self.ask("POST", "/api/streams", json={"title": "Fall Guys with friends", **given})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def go_live(self, **given: Any) -> str:
        stream = await self.announce(**given)
        answer = await self.ask("POST", f"/api/streams/{stream}/start")
        assert answer.status_code == 200, answer.text
        return stream


def refusal(answer: Response) -> tuple[int, str]:
    """Status and code of a refusal, once it has proved to be problem details."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = answer.json()
    assert body.keys() >= {"type", "title", "status", "detail", "instance", "code", "requestId"}
    assert body["requestId"] == answer.headers["x-request-id"]
    assert body["status"] == answer.status_code
    return answer.status_code, body["code"]


async def events_of(pool: Pool, key: UUID | str, kind: str) -> int:
    """How many events of a kind wait in the outbox, or have passed through it, for this partition key."""
    async with pool.connection() as db:
        found = await db.execute(
            "SELECT count(*) FROM outbox WHERE key = %s AND convert_from(payload, 'UTF8')::jsonb ->> 'type' = %s",
            (str(key), kind),
        )
        row = await found.fetchone()
    assert row is not None
    return int(row[0])
