"""From a new account to a live stream whose charts show what its viewers do."""

import secrets

import httpx
from playwright.async_api import expect

from livestreamx.client import Room
from tests.browser.guests import NewGuest
from tests.builders import go_live, make_user


async def test_a_creator_goes_live_and_sees_the_numbers(guest: NewGuest, http: httpx.AsyncClient) -> None:
    ada = await guest()
    await ada.join(f"ada_{secrets.token_hex(4)}", "/studio")
    page = ada.page
    await page.get_by_role("button", name="Become a creator").click()
    await page.get_by_label("Title").fill("Charts from real chat")
    await page.get_by_label("Category").fill("Talk")
    await page.get_by_label("Tags").fill("numbers, live")
    await page.get_by_role("button", name="Go live now").click()
    await expect(page.locator("h1")).to_have_text("Charts from real chat")
    stream = page.url.rsplit("/", 1)[1]
    await expect(page.locator("#panel-gifts")).to_have_attribute("data-state", "empty")
    await expect(page.locator("#panel-gifts [data-empty]")).to_contain_text("The first gift")

    fan = await make_user(http, "fan")
    async with Room(ada.server, stream, fan) as room:
        await room.ask("chat:message", text="first")
        await room.ask("chat:message", text="second")
        await room.ask("gift:send", code="ROSE")
    await expect(page.locator("[data-total='chat.messages']")).to_have_text("2", timeout=30_000)
    await expect(page.locator("[data-total='gifts.tokens']")).to_have_text("10", timeout=30_000)
    await expect(page.locator("#panel-chat canvas")).to_be_visible()
    await expect(page.locator("#freshness")).to_contain_text("As of")
    await page.get_by_role("button", name="Chat as a table").click()
    await expect(page.locator("#table-chat thead")).to_contain_text("Messages")
    cells = await page.locator("#table-chat tbody td:first-of-type").all_inner_texts()
    assert sum(map(int, cells)) == 2
    await expect(page.locator("#panel-chat [data-definition]")).to_contain_text("Accepted messages")
    await page.locator("#panel-chat summary").first.click()
    async with page.expect_download() as started:
        await page.get_by_role("link", name="Chat as CSV").click()
    path = await (await started.value).path()
    assert path.read_text().startswith('"at","messages","chatters"')

    page.on("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="End stream").click()
    await expect(page.locator("#live-line .badge")).to_have_text("ended")


async def test_an_announced_stream_waits_and_can_be_cancelled(guest: NewGuest) -> None:
    ada = await guest()
    await ada.join(f"ada_{secrets.token_hex(4)}", "/studio")
    page = ada.page
    await page.get_by_role("button", name="Become a creator").click()
    await page.get_by_label("Title").fill("Tomorrow, perhaps")
    await page.get_by_role("button", name="Announce").click()
    await expect(page.locator(".stream-list .badge")).to_have_text("Upcoming")
    page.on("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.locator(".stream-list .badge")).to_have_text("cancelled")


async def test_charts_belong_to_their_creator(guest: NewGuest, http: httpx.AsyncClient) -> None:
    _, stream = await go_live(http)
    ada = await guest()
    await ada.join(f"ada_{secrets.token_hex(4)}")
    page = await ada.open(f"/studio/{stream}")
    await expect(page.locator(".status")).to_have_text("403")


async def test_numbers_that_cannot_be_read_say_so_and_come_back(guest: NewGuest) -> None:
    ada = await guest()
    await ada.join(f"ada_{secrets.token_hex(4)}", "/studio")
    page = ada.page
    await page.get_by_role("button", name="Become a creator").click()
    await page.get_by_label("Title").fill("No numbers for a moment")
    await page.route("**/analytics**", lambda route: route.abort())
    await page.get_by_role("button", name="Go live now").click()
    await expect(page.locator("#trouble")).to_contain_text("cannot be read")
    await expect(page.locator("#panel-chat")).to_have_attribute("data-state", "error")
    await page.unroute("**/analytics**")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator("#trouble")).to_be_hidden()
    await expect(page.locator("#panel-chat")).to_have_attribute("data-state", "empty")
