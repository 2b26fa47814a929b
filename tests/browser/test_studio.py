"""From a new account to a live stream whose charts show what its viewers do, and to the stream after it."""

import json
import re
import secrets

import httpx
from playwright.async_api import Page, expect

from livestreamx.client import Account, Room
from tests.browser.creators import make_creator, sit_down_as
from tests.browser.guests import Guest, NewGuest
from tests.builders import eventually, go_live, make_user


async def talk(http: httpx.AsyncClient, server: str, stream: str, *lines: str) -> None:
    """A new fan says these lines."""
    async with Room(server, stream, await make_user(http, "fan")) as room:
        for line in lines:
            await room.ask("chat:message", text=line)


async def count_messages(creator: Account, stream: str) -> int:
    answer = await creator.call("GET", f"/api/studio/streams/{stream}/analytics?panels=chat")
    return int(answer["panels"]["chat"]["totals"]["messages"])


async def test_a_creator_goes_live_and_sees_the_numbers(guest: NewGuest, http: httpx.AsyncClient) -> None:
    ada = await guest()
    await ada.join(f"ada_{secrets.token_hex(4)}", "/studio")
    page = ada.page
    await page.get_by_role("button", name="Become a creator").click()
    await expect(page.get_by_role("heading", name="What you will see here")).to_be_visible()
    await expect(page.locator("#panel-viewers")).to_have_attribute("data-state", "ready")
    await expect(page.locator("#panel-viewers h2")).to_contain_text("Sample")
    await page.get_by_role("button", name="Go live now").click()
    await expect(page.locator("#new-stream [data-problem]")).to_have_text("Give the stream a title.")
    await page.get_by_label("Title").fill("Charts from real chat")
    await expect(page.locator("[data-check=title]")).to_have_attribute("data-done", "true")
    await page.get_by_label("Category").fill("Talk")
    await page.get_by_label("Tags").fill("numbers, live")
    await expect(page.locator("#ready-words")).to_have_text("4 of 8")
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
    await expect(page.locator(".totals [data-total='chat.messages']")).to_have_text("2")
    await expect(page.locator(".totals [data-total='gifts.tokens']")).to_have_text("10")
    await expect(page.locator("#panel-chat canvas")).to_be_visible()
    await expect(page.locator("#freshness")).to_contain_text("As of")
    await expect(page.locator("#marks label", has_text="Gifts").locator("[data-count]")).to_have_text("1")
    await page.locator("#panel-supporters").scroll_into_view_if_needed()
    await expect(page.locator("#panel-supporters tbody")).to_contain_text(fan.handle)
    await read_the_table_by_keyboard(ada)
    await expect(page.locator("#panel-chat [data-definition]")).to_contain_text("Accepted messages")
    await download(page)

    await page.get_by_role("button", name="End stream").click()
    await page.get_by_role("dialog").get_by_role("button", name="End it").click()
    await expect(page.locator("#live-line .badge")).to_have_text("ended")

    async def messages() -> str:
        await ada.open("/studio")
        return await page.locator(".stream-list .figures dd").nth(2).inner_text()

    await eventually(messages, lambda shown: shown == "2")
    await expect(page.locator(".stream-list .figures")).to_contain_text("Messages")
    await expect(page.get_by_role("heading", name="Your channel")).to_be_visible()


async def read_the_table_by_keyboard(ada: Guest) -> None:
    page = ada.page
    await page.locator("#panel-chat h2").click()
    await ada.tab_to("#panel-chat [data-action=table]")
    await page.keyboard.press("Enter")
    await ada.tab_to("#table-chat")
    await expect(page.locator("#table-chat thead")).to_contain_text("Messages")
    cells = await page.locator("#table-chat tbody td:nth-child(2)").all_inner_texts()
    assert sum(map(int, cells)) == 2


async def download(page: Page) -> None:
    """Each format is there; the rows of the CSV are those of the chart."""
    await page.get_by_label("Download Chat").click()
    async with page.expect_download() as started:
        await page.get_by_role("link", name="Chat as CSV").click()
    head, *rows = (await (await started.value).path()).read_text().splitlines()
    assert head.startswith('"at","messages","chatters"')
    assert sum(int(row.split(",")[1]) for row in rows) == 2
    async with page.expect_download() as started:
        await page.get_by_role("link", name="Chat as JSON").click()
    listed = json.loads((await (await started.value).path()).read_text())
    assert sum(row["messages"] for row in listed) == 2
    async with page.expect_download() as started:
        await page.get_by_role("link", name="Chat as Parquet").click()
    assert (await (await started.value).path()).read_bytes().startswith(b"PAR1")


async def test_a_stream_is_shown_beside_the_one_before(guest: NewGuest, http: httpx.AsyncClient) -> None:
    creator = await make_creator(http)
    first = await creator.go_live("The first")
    ada = await sit_down_as(guest, creator)
    await talk(http, ada.server, first, "one", "two")
    await creator.call("POST", f"/api/streams/{first}/end")
    second = await creator.go_live("The second")
    await talk(http, ada.server, second, "one", "two", "three")
    await eventually(lambda: count_messages(creator, first), lambda count: count == 2)
    await eventually(lambda: count_messages(creator, second), lambda count: count == 3)

    page = await ada.open(f"/studio/{second}")
    total = page.locator(".totals > div", has=page.locator("[data-total='chat.messages']"))
    await expect(total.locator("[data-delta]")).to_have_text("▲ +50%")
    await page.get_by_role("button", name="Chat as a table").click()
    await expect(page.locator("#table-chat thead")).to_contain_text("Before")
    await page.get_by_label("Compare with").uncheck()
    await expect(total.locator("[data-delta]")).to_be_hidden()
    await expect(page).to_have_url(re.compile("compare=off"))
    await page.locator("#range").select_option("own")
    await page.get_by_label("From", exact=True).fill("2027-01-02T10:00")
    await page.get_by_label("To", exact=True).fill("2027-01-02T09:00")
    await expect(page.locator("#span [data-problem]")).to_have_text("The time ends before it begins.")


async def test_numbers_that_stand_still_turn_amber(guest: NewGuest, http: httpx.AsyncClient) -> None:
    creator = await make_creator(http)
    stream = await creator.go_live("Watch the numbers")
    ada = await sit_down_as(guest, creator)

    path = f"/api/studio/streams/{stream}/analytics"
    old = await creator.call("GET", path) | {"asOf": "2026-01-01T00:00:00Z"}
    await ada.page.route(f"**{path}**", lambda route: route.fulfill(json=old))
    page = await ada.open(f"/studio/{stream}")
    await expect(page.locator("#freshness.stale")).to_be_visible()
    await expect(page.locator("#freshness-words")).to_contain_text("older than half a minute")
    await expect(page.locator("#panel-chat .chip.stale")).to_contain_text("s old")


async def test_an_announced_stream_waits_and_can_be_cancelled(guest: NewGuest, http: httpx.AsyncClient) -> None:
    ada = await sit_down_as(guest, await make_creator(http))
    page = await ada.open("/studio")
    await page.get_by_label("Title").fill("Tomorrow, perhaps")
    await page.get_by_role("button", name="Announce").click()
    await expect(page.locator(".stream-list .badge")).to_have_text("Upcoming")
    await expect(page.locator("[data-check=title]")).to_have_attribute("data-done", "true")
    await page.locator(".stream-list").get_by_role("button", name="Cancel").click()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel the stream").click()
    await expect(page.locator(".stream-list .badge")).to_have_text("cancelled")


async def test_charts_belong_to_their_creator(guest: NewGuest, http: httpx.AsyncClient) -> None:
    _, stream = await go_live(http)
    ada = await guest()
    await ada.join(f"ada_{secrets.token_hex(4)}")
    page = await ada.open(f"/studio/{stream}")
    await expect(page.locator(".status")).to_have_text("403")


async def test_numbers_that_cannot_be_read_say_so_and_come_back(guest: NewGuest, http: httpx.AsyncClient) -> None:
    creator = await make_creator(http)
    stream = await creator.go_live("Watch the numbers")
    ada = await sit_down_as(guest, creator)
    await ada.page.route("**/analytics**", lambda route: route.abort())
    page = await ada.open(f"/studio/{stream}")
    await expect(page.locator("#trouble")).to_contain_text("cannot be read")
    await expect(page.locator("#panel-chat")).to_have_attribute("data-state", "error")
    await page.unroute("**/analytics**")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator("#trouble")).to_be_hidden()
    await expect(page.locator("#panel-chat")).to_have_attribute("data-state", "empty")
