"""A moment from the banner in its room to the page that is shared, and the list after the end of its stream."""

import secrets
from datetime import timedelta
from uuid import UUID

import httpx
from playwright.async_api import expect

from livestreamx.client import Room
from livestreamx.clock import now, uuid7
from livestreamx.engines.clickhouse import connect_plain
from livestreamx.frames import MomentShown
from livestreamx.stack.platform import Platform
from tests.browser.guests import NewGuest
from tests.browser.rooms import tell
from tests.builders import eventually, go_live

COLUMNS = ["stream_id", "happened_at", "event_id", "creator_id", "score", "messages", "reactions", "tokens"]


async def test_a_moment_is_announced_shared_and_found_again(
    guest: NewGuest, http: httpx.AsyncClient, platform: Platform
) -> None:
    creator, stream = await go_live(http, "One for the books")
    ada, reader = await guest(), await guest(viewport={"width": 360, "height": 800})
    handle = f"ada_{secrets.token_hex(4)}"
    await ada.join(handle)
    page = await ada.watch(stream)
    async with Room(ada.server, stream, creator) as room:
        await room.ask("chat:message", text="DID YOU SEE THAT")
    moment, at = uuid7(), now() - timedelta(seconds=5)
    address = f"/w/{stream}/moments/{moment}"
    with connect_plain(platform.settings.clickhouse_url) as history:
        history.insert(
            "moments", [[UUID(stream), at, moment, UUID(creator.user_id), 4.25, 50, 12, 0]], column_names=COLUMNS
        )
    shown = MomentShown(momentId=moment, at=at, score=4.25, messages=50, reactions=12, tokens=0)
    tell(platform, stream, [("moment:detected", shown)])
    await expect(page.locator("#moment")).to_contain_text("50 messages, 12 reactions in ten seconds")
    await ada.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.get_by_role("button", name="Share this moment").click()
    await expect(page.locator(".toast")).to_have_text("The address was copied.")
    assert await ada.measure("navigator.clipboard.readText()") == ada.server + address

    await eventually(lambda: http.get(f"/api{address}".replace("/w/", "/streams/")), lambda told: told.json()["lines"])
    there = await reader.open(address)
    await expect(there.locator("h1")).to_have_text("50 messages and 12 reactions in ten seconds")
    await expect(there.locator(".said .peak")).to_contain_text("DID YOU SEE THAT")
    assert await reader.measure("document.documentElement.scrollWidth") <= 360
    preview = there.locator("meta[property='og:title']")
    await expect(preview).to_have_attribute("content", "A moment of One for the books")

    await creator.call("POST", f"/api/streams/{stream}/end")
    await expect(page.locator(f".moments a[href='{address}']")).to_have_text(
        "50 messages and 12 reactions in ten seconds"
    )
    await expect(page.locator(".moments use")).to_have_count(1)
    await page.locator(f".moments a[href='{address}']").click()
    await page.get_by_role("link", name="To the stream").click()
    await expect(page.locator("#moments-title")).to_be_visible()
