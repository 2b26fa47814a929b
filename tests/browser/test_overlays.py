"""Own overlays: made in the studio, and seen over the show by everybody, and by the streaming software."""

import struct
import zlib

import httpx
from playwright.async_api import Page, expect

from tests.browser.creators import make_creator, sit_down_as
from tests.browser.guests import NewGuest
from tests.browser.inspection import inspect


def png(red: int, green: int, blue: int, size: int = 64) -> bytes:
    """A picture of one colour (https://www.w3.org/TR/png-3/)."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = (b"\0" + bytes((red, green, blue)) * size) * size
    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


async def bring(page: Page, name: str, *colour: int) -> None:
    """Choose a picture of one's own in the editor of overlays."""
    files = {"name": f"{name}.png", "mimeType": "image/png", "buffer": png(*colour)}
    await page.locator("#layer-form [name=file]").set_input_files(files)
    await expect(page.locator("#layer-preview img")).to_have_count(1)


async def test_overlays_are_laid_over_a_show_and_behind_it(guest: NewGuest, http: httpx.AsyncClient) -> None:
    creator = await make_creator(http)
    stream = await creator.go_live("A show with a logo")
    key = (await creator.call("POST", "/api/me/overlay-key"))["key"]
    fan, air = await guest(viewport={"width": 360, "height": 800}), await guest()
    show, software = await fan.watch(stream), await air.open(f"/o/{key}")
    ada = await sit_down_as(guest, creator)
    page = await ada.open("/studio/channel")
    editor = page.get_by_role("region", name="Your overlays")
    await expect(editor).to_contain_text("Nothing yet")
    await editor.get_by_role("button", name="Add words").click()
    words = editor.get_by_role("group", name="Words")
    await words.get_by_label("Name").fill("Not a name!")
    await words.get_by_label("Words", exact=True).fill("Live from <b>Bern</b>")
    await expect(page.locator("#layer-preview p")).to_have_text("Live from <b>Bern</b>")
    await editor.get_by_role("button", name="Save the overlays").click()
    await expect(editor.get_by_role("alert")).to_contain_text("key")
    await words.get_by_label("Name").fill("place")
    await bring(page, "logo", 255, 80, 40)
    logo = editor.get_by_role("group", name="Picture")
    await logo.get_by_label("What it shows").fill("The logo")
    await logo.get_by_text("Over all shows").click()
    await editor.get_by_role("button", name="Save the overlays").click()
    await expect(page.get_by_text("The overlays are saved.")).to_be_visible()
    for shown in (show, software):
        await expect(shown.locator(".layers [data-layer]")).to_have_text(["Live from <b>Bern</b>"])

    scene = page.get_by_role("region", name="Scene", exact=True)
    await scene.get_by_text("picture-1").click()
    await scene.get_by_label("Your picture behind the show").select_option("logo.png")
    await expect(page.locator("#scene-stage .backdrop")).to_be_visible()
    await scene.get_by_role("button", name="Show it").click()
    for shown in (show, software):
        await expect(shown.get_by_role("img", name="The logo")).to_be_visible()
        await expect(shown.locator(".backdrop")).to_be_visible()
    assert await inspect(page) == []
    assert await inspect(show, ("light",)) == []
    await show.reload()
    await expect(show.get_by_role("img", name="The logo")).to_be_visible()

    await page.reload()
    await expect(scene.get_by_label("picture-1")).to_be_checked()
    await words.get_by_role("button", name="Remove place").click()
    await editor.get_by_role("button", name="Save the overlays").click()
    await expect(show.locator(".layers p")).to_have_count(0)
    await expect(show.get_by_role("img", name="The logo")).to_be_visible()
