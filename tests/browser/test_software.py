"""The studio's panel of streaming software: a key is made, copied, replaced and taken away."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from livestreamx.settings import Settings
from tests.browser.creators import make_creator
from tests.browser.guests import Guest, NewGuest
from tests.browser.inspection import inspect
from tests.integration.gateways import GatewayProcess, gateways
from tests.integration.media_peer import KEY, SECRET, MediaPeer, media_peer


@pytest_asyncio.fixture(loop_scope="session")
async def peer() -> AsyncIterator[MediaPeer]:
    async with media_peer() as peer:
        yield peer


@pytest.fixture
def gateway(settings: Settings, peer: MediaPeer) -> Iterator[GatewayProcess]:
    media = {"LSX_LIVEKIT_URL": peer.url, "LSX_LIVEKIT_KEY": KEY, "LSX_LIVEKIT_SECRET": SECRET}
    with gateways(settings, 1, **media) as (gateway,):
        yield gateway


async def confirm(page: Page, act: str) -> None:
    await page.get_by_role("dialog").get_by_role("button", name=act).click()


async def test_a_creator_makes_a_key_and_another_one_and_takes_it_away(
    chromium: Browser, gateway: GatewayProcess, peer: MediaPeer
) -> None:
    async with httpx.AsyncClient(base_url=gateway.url, timeout=60) as http:
        creator = await make_creator(http)
        stream = await creator.go_live("Chess with friends")
    context = await chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    ada = await Guest.arrive(context, gateway.url)
    await ada.sign_in(creator.handle)
    page = await ada.open(f"/studio/{stream}")
    panel = page.get_by_role("region", name="Streaming software")
    await expect(panel.get_by_role("button", name="Take the key away")).to_be_hidden()
    await panel.get_by_role("button", name="Make a key").click()
    await expect(panel.get_by_label("Stream key", exact=True)).to_have_value("secret-1")
    await panel.get_by_role("button", name="Copy stream key").click()
    await expect(page.locator("#toasts")).to_contain_text("The key was copied.")
    assert await ada.measure("navigator.clipboard.readText()") == "secret-1"
    assert await inspect(page) == []

    await page.reload()
    await expect(panel).to_contain_text("There is a key by RTMP")
    assert "secret-1" not in await page.content()
    await panel.get_by_text("WHIP, the shortest delay").click()
    await panel.get_by_role("button", name="Make another key").click()
    await confirm(page, "Make it")
    await expect(panel.get_by_label("Bearer token", exact=True)).to_have_value("secret-2")
    assert [one.stream_key for one in peer.ingresses.values()] == ["secret-2"]
    peer.status, peer.code = 503, "unavailable"
    await panel.get_by_role("button", name="Take the key away").click()
    await confirm(page, "Take it away")
    await expect(panel.locator("[data-problem]")).to_contain_text("The media server")
    peer.status = 200
    await panel.get_by_role("button", name="Take the key away").click()
    await confirm(page, "Take it away")
    await expect(panel.get_by_role("button", name="Make a key")).to_be_visible()
    assert peer.ingresses == {}
    await context.close()
    assert [problem for problem in ada.problems if "503" not in problem] == []


async def test_without_a_media_server_the_panel_says_so(guest: NewGuest, http: httpx.AsyncClient) -> None:
    creator = await make_creator(http)
    stream = (await creator.call("POST", "/api/streams", {"title": "To come"}))["id"]
    ada = await guest()
    await ada.sign_in(creator.handle)
    page = await ada.open(f"/studio/{stream}")
    await expect(page.get_by_role("region", name="Streaming software")).to_contain_text("No media server is connected")
