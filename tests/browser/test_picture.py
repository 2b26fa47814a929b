"""The stage with a media server: who may be there, and what the page says while that server does not answer.

The server is replaced at its edge: it takes the socket of whoever has a good pass, and says no more.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import jwt
import pytest_asyncio
from aiohttp import WSMsgType
from aiohttp import web as http_server
from playwright.async_api import Browser, expect

from livestreamx.settings import Settings
from tests.browser.creators import make_creator
from tests.browser.guests import Guest
from tests.conftest import free_port
from tests.integration.gateways import gateways

KEY, SECRET = "key", "a-secret-of-more-than-thirty-two-bytes-for-hs256"


class MediaEdge:
    """Where clients of LiveKit knock."""

    def __init__(self) -> None:
        self.netloc = f"127.0.0.1:{free_port()}"
        self.came: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def signal(self, request: http_server.Request) -> http_server.StreamResponse:
        """The pass that somebody came with; their socket is closed without a word."""
        claims = jwt.decode(request.query["access_token"], SECRET, algorithms=["HS256"], issuer=KEY)
        socket = http_server.WebSocketResponse()
        await socket.prepare(request)
        await self.came.put(claims)
        await socket.close()
        assert (await socket.receive()).type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
        return socket

    async def validate(self, _: http_server.Request) -> http_server.Response:
        return http_server.Response(text="success", headers={"Access-Control-Allow-Origin": "*"})


@asynccontextmanager
async def media_edge() -> AsyncIterator[MediaEdge]:
    edge = MediaEdge()
    application = http_server.Application()
    application.router.add_get("/rtc", edge.signal)
    application.router.add_get("/rtc/validate", edge.validate)
    runner = http_server.AppRunner(application)
    await runner.setup()
    await http_server.TCPSite(runner, "127.0.0.1", int(edge.netloc.rpartition(":")[2])).start()
    yield edge
    await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="session")
async def edge() -> AsyncIterator[MediaEdge]:
    async with media_edge() as edge:
        yield edge


async def test_viewers_come_by_themselves_and_the_creator_by_the_camera_button(
    chromium: Browser, settings: Settings, edge: MediaEdge
) -> None:
    media = {"LSX_LIVEKIT_URL": f"ws://{edge.netloc}", "LSX_LIVEKIT_KEY": KEY, "LSX_LIVEKIT_SECRET": SECRET}
    with gateways(settings, 1, **media) as (gateway,):
        async with httpx.AsyncClient(base_url=gateway.url, timeout=60) as http:
            creator = await make_creator(http)
            stream = await creator.go_live("Chess with friends")
        ada = await Guest.arrive(await chromium.new_context(), gateway.url)
        ada.other_sites.add(edge.netloc)
        await ada.join(f"ada_{secrets.token_hex(4)}")
        page = await ada.watch(stream)
        claims = await asyncio.wait_for(edge.came.get(), 60)
        assert claims["name"].startswith("ada_")
        assert (claims["video"]["room"], claims["video"]["canPublish"]) == (stream, False)
        await expect(page.locator("#picture-note")).to_contain_text("The video server does not answer")
        await ada.say("chat goes on")
        await expect(page.locator("#chat-log")).to_contain_text("chat goes on")
        assert await page.locator("#camera").count() == 0
        await ada.context.close()
        assert ada.problems == []

        bob = await Guest.arrive(await chromium.new_context(), gateway.url)
        bob.other_sites.add(edge.netloc)
        await bob.sign_in(creator.handle)
        page = await bob.watch(stream)
        await expect(page.locator("#picture-note")).to_have_text("Your camera is off.")
        while not edge.came.empty():
            edge.came.get_nowait()
        await page.locator("#camera").click()
        claims = await asyncio.wait_for(edge.came.get(), 60)
        assert (claims["sub"], claims["video"]["canPublish"]) == (creator.user_id, True)
        await expect(page.locator("#picture-note")).to_have_text("The video server does not answer.")
        await bob.context.close()
        assert bob.problems == []
