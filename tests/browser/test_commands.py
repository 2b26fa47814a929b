"""Gifts that act, on the watch page and on the page that streaming software lays over the picture."""

import asyncio
import secrets
import zlib
from pathlib import Path

import httpx
from playwright.async_api import expect

from livestreamx.client import Account, Room
from tests.browser.guests import NewGuest
from tests.builders import go_live, make_user


async def overlay_path(creator: Account) -> str:
    made = await creator.call("POST", "/api/me/overlay-key")
    return f"/o/{made['key']}"


async def rich(http: httpx.AsyncClient) -> Account:
    fan = await make_user(http)
    await fan.call("POST", "/api/wallet/topup", {"amount": 1000}, Idempotency_Key=secrets.token_hex(8))
    return fan


def only_pixel(png: bytes) -> bytes:
    """Red, green, blue and opacity of a picture of one pixel: the data chunks, unpacked, after the filter's number."""
    data, at = b"", 8
    while at < len(png):
        size = int.from_bytes(png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + size]
        at += size + 12
    return zlib.decompress(data)[1:]


async def test_a_command_gift_shows_on_the_watch_page_and_the_overlay(
    guest: NewGuest, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    creator, stream = await go_live(http)
    fan, watcher, air = await rich(http), await guest(), await guest()
    page = await watcher.watch(stream)
    over = await air.open(await overlay_path(creator))
    await expect(over.locator("#content")).to_have_attribute("data-connection", "open")
    clear = await over.screenshot(omit_background=True, clip={"x": 700, "y": 400, "width": 1, "height": 1})
    assert only_pixel(clear) == bytes(4), "neither colour nor opacity"
    assert await air.measure("getComputedStyle(document.documentElement).colorScheme") == "normal"
    assert await air.measure("document.querySelector('.alert')") is None
    assert (await over.locator("body").inner_text()).strip() == ""
    async with Room(watcher.server, stream, fan) as room:
        told = f"{fan.handle}moves the show to aurora"
        alerts = [shown.locator(".alert[data-kind='scene.background']") for shown in (page, over)]
        seen = asyncio.gather(*(expect(alert).to_contain_text(told) for alert in alerts))  # for five seconds, at once
        await room.ask("gift:send", code="BG_SWAP", args={"background": "aurora"})
        await seen
        for shown in (page, over):
            await expect(shown.locator("[data-scene]")).to_have_attribute("data-background", "aurora")
        await page.screenshot(path=tmp_path / "watch.png", timeout=60_000)
        await over.screenshot(path=tmp_path / "overlay.png", timeout=60_000)
        await expect(over.locator("#ticker")).to_contain_text(f"{fan.handle}: New scenery")
    await page.reload()
    await expect(page.locator(".stage")).to_have_attribute("data-background", "aurora")


async def test_a_game_is_shown_with_its_proof(guest: NewGuest, http: httpx.AsyncClient) -> None:
    creator, stream = await go_live(http)
    fan, watcher, air = await rich(http), await guest(), await guest()
    page = await watcher.watch(stream)
    over = await air.open(await overlay_path(creator))
    await expect(over.locator("#content")).to_have_attribute("data-connection", "open")
    async with Room(watcher.server, stream, fan) as room:
        games = [shown.locator("#game") for shown in (page, over)]
        seen = asyncio.gather(*(expect(game).to_contain_text("seed hash") for game in games))
        won = asyncio.gather(*(expect(game.locator(".won")).to_contain_text(f"{fan.handle} wins") for game in games))
        await room.ask("gift:send", code="WHEEL")
        await seen
        await won
    assert "/api/minigames/" in str(await page.locator("#game a").get_attribute("href"))


async def test_words_are_asked_for_and_a_refusal_is_one_that_a_person_understands(
    guest: NewGuest, http: httpx.AsyncClient
) -> None:
    creator, stream = await go_live(http)
    ada = await guest()
    await ada.join(f"ada_{secrets.token_hex(4)}")
    page = await ada.watch(stream)
    await expect(page.get_by_role("button", name="Shout-out")).to_have_count(0)
    await creator.call("PUT", "/api/me/commands", {"actions": {"tts.say": True}})
    page = await ada.watch(stream)
    await page.get_by_role("button", name="Shout-out").click()
    await page.get_by_label("What should be read out?").fill("look at https://evil.example")
    await page.get_by_role("dialog").get_by_role("button", name="Send").click()
    await expect(page.locator("#gift-says")).to_contain_text("addresses are not read out")
    await expect(page.locator(".gifts [data-balance]")).to_have_text("100")
    await page.get_by_role("button", name="Shout-out").click()
    await page.get_by_label("What should be read out?").fill("<b>Well</b> played!")
    await page.get_by_label("What should be read out?").press("Enter")
    await expect(page.locator(".alert[data-kind='tts.say']")).to_contain_text("<b>Well</b> played!")
    await expect(page.locator(".gifts [data-balance]")).to_have_text("25")


async def test_the_studio_turns_actions_on_and_fires_a_test_alert(guest: NewGuest, http: httpx.AsyncClient) -> None:
    maker, air = await guest(), await guest()
    await maker.join(f"maker_{secrets.token_hex(4)}", "/studio")
    page = maker.page
    await page.get_by_role("button", name="Become a creator").click()
    await page.get_by_label("Title").fill("Test show")
    await page.get_by_role("button", name="Go live now").click()
    await page.wait_for_url("**/studio/*-*")
    await maker.open("/studio/channel")
    spoken = page.get_by_label("Have words read out")
    await expect(spoken).not_to_be_checked()
    async with page.expect_response("**/api/me/commands"):
        await spoken.check()
    await page.get_by_role("button", name="New overlay address").click()
    address = await page.get_by_label("The overlay's address").input_value()
    over = await air.open("/o/" + address.rsplit("/", 1)[1])
    await expect(over.locator("#content")).to_have_attribute("data-connection", "open")
    await page.get_by_role("button", name="Test overlay").click()
    await expect(over.locator(".alert")).to_contain_text("tests the overlay")
    await maker.open("/studio/channel")
    await expect(page.get_by_label("Have words read out")).to_be_checked()


async def test_the_overlays_address_is_a_secret_that_can_be_changed(guest: NewGuest, http: httpx.AsyncClient) -> None:
    creator, stream = await go_live(http)
    air = await guest()
    first = await overlay_path(creator)
    page = await air.open(f"{first}?preview=1")
    await expect(page.locator(".alert")).to_contain_text("this is how an alert looks")
    await expect(page.locator("#content")).to_have_attribute("data-connection", "open")
    await expect(page.locator(".alert")).to_have_count(0)
    async with Room(air.server, stream, creator) as room:
        await room.ask("overlay:test")
        await expect(page.locator(".alert")).to_contain_text("tests the overlay")
        await expect(page.locator(".alert")).to_have_count(0)
        await air.context.set_offline(True)
        await expect(page.locator("#content")).to_have_attribute("data-connection", "closed")
        await expect(page.locator(".alert, #ticker:visible, #game:visible")).to_have_count(0)
        await air.context.set_offline(False)
        await expect(page.locator("#content")).to_have_attribute("data-connection", "open")
        await room.ask("overlay:test")
        await expect(page.locator(".alert")).to_contain_text("tests the overlay")
    second = await overlay_path(creator)
    for path, status in ((first, 404), (second, 200), ("/o/nothing", 404)):
        answer = await http.get(path, headers={"accept": "text/html"})
        assert (answer.status_code, answer.headers["referrer-policy"]) == (status, "no-referrer")
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        assert ("<script" in answer.text) == (status == 200)
        assert (await http.get(f"{path}/stream")).status_code == status
    assert (await http.get(f"{second}/stream")).json()["streamId"] == stream
    await creator.call("POST", f"/api/streams/{stream}/end")
    assert (await http.get(f"{second}/stream")).json() == {"streamId": None, "scene": None}
