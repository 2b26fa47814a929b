"""Our side of the comparison: a live stream on real engines, users with tokens, and messages on the room bus."""

import hashlib
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import msgspec
from redis import Redis

from bench.fanout_load.client import STAMP, Crowd
from domain.accounts.tokens import AccessTokens
from livestreamx.clock import uuid7
from livestreamx.engines.bus import PUBLISH, publication
from livestreamx.engines.postgres import make_pool, transaction
from livestreamx.settings import Settings

CROSSING = 85
"""Bytes that the gateway writes around the data of a frame, with the head of the websocket frame."""


class House(msgspec.Struct, frozen=True):
    """A live stream and the `auth` frames of its viewers."""

    settings: Settings
    stream: UUID
    hello: list[str]

    def through_bus(self, size: int) -> Crowd:
        """Messages as another gateway would publish them, so many bytes on the viewer's wire."""
        text = f"{STAMP} ".ljust(size - CROSSING - len('{"text":""}'), "~")
        names, arguments = publication(self.stream, "chat:message", {"text": text}, once=None)
        redis = Redis.from_url(self.settings.redis_url)
        redis.script_load(PUBLISH)
        redis.close()
        script = hashlib.sha1(PUBLISH.encode()).hexdigest()
        command = ["EVALSHA", script, len(names), *names, *arguments]
        parts = [part if isinstance(part, bytes) else str(part).encode() for part in command]
        resp = b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)
        return msgspec.structs.replace(self._crowd(resp), bus=urlsplit(self.settings.redis_url).port or 6379)

    def through_chat(self) -> Crowd:
        """Chat messages of the viewers themselves: limits, event log and bus."""
        frame = {"event": "chat:message", "id": "m", "data": {"text": f"{STAMP} ~~~~~ ~~~~~~ ~~~~"}}
        return self._crowd(msgspec.json.encode(frame))

    def _crowd(self, message: bytes) -> Crowd:
        return Crowd(
            path=f"/ws?stream={self.stream}&channels=chat,gifts,mood,polls,overlay,stream,leaderboard",
            message=message,
            hello=self.hello,
            ready='"event":"ack"',
            beat='{"event":"viewer:heartbeat","data":{}}',
        )


async def open_house(settings: Settings, viewers: int) -> House:
    """A live stream, and so many accounts that are signed in."""
    pool = make_pool(settings.postgres_url)
    await pool.open()
    users = [(uuid7(), f"v{number}_{uuid4().hex[:8]}") for number in range(viewers + 1)]
    stream, creator = uuid7(), users[-1][0]
    try:
        async with transaction(pool) as db:
            async with db.cursor() as cursor:
                await cursor.executemany("INSERT INTO users (id, handle) VALUES (%s, %s)", users)
            await db.execute(
                "INSERT INTO streams (id, creator_id, title, status, started_at) "
                "VALUES (%s, %s, 'Bench', 'live', now())",
                (stream, creator),
            )
    finally:
        await pool.close()
    tokens = AccessTokens(settings.signing_key, settings.access_minutes)
    issued = [tokens.issue(user, handle, ("viewer",), uuid4()) for user, handle in users[:-1]]
    hello = [msgspec.json.encode({"event": "auth", "id": "a", "data": {"token": token}}).decode() for token in issued]
    return House(settings, stream, hello)
