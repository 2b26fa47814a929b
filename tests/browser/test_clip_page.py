"""The page of one clip: watched and shared by everybody, named and hidden by its creator."""

import httpx
from playwright.async_api import expect

from livestreamx.client import Room
from tests.browser.busy_channel import bring
from tests.browser.creators import make_creator, sit_down_as
from tests.browser.guests import NewGuest
from tests.browser.inspection import inspect
from tests.builders import eventually


async def test_a_clip_is_watched_and_leads_to_others_of_its_creator(guest: NewGuest, http: httpx.AsyncClient) -> None:
    creator = await make_creator(http)
    first, second = [await bring(http, creator, title) for title in ("How we met", "How it went on")]
    fan = await guest(viewport={"width": 360, "height": 800})
    page = await fan.open(f"/u/{creator.handle}")
    shelf = page.get_by_role("region", name="Clips", exact=True)
    await shelf.get_by_role("link", name="How we met").click()
    await page.wait_for_url(fan.server + first["pageUrl"])
    video = page.locator(".show video")
    await video.evaluate("async (video) => { video.muted = true; await video.play() }")
    await expect(page.get_by_role("form", name="About this clip")).to_have_count(0)
    await page.get_by_role("region", name=f"More of {creator.handle}").get_by_role("link").click()
    await page.wait_for_url(fan.server + second["pageUrl"])
    await expect(page.get_by_role("heading", level=1)).to_have_text("How it went on")


async def test_the_chat_of_a_show_comes_along_with_its_recording(guest: NewGuest, http: httpx.AsyncClient) -> None:
    creator = await make_creator(http)
    stream = await creator.go_live("A show to keep")
    async with Room(str(http.base_url), stream, creator) as room:
        await room.ask("chat:message", text="Did you <b>see</b> that?")
    await creator.call("POST", f"/api/streams/{stream}/end")
    clip = await bring(http, creator, "The show, again")
    ada = await sit_down_as(guest, creator)
    page = await ada.open(clip["pageUrl"])
    form = page.get_by_role("form", name="About this clip")
    await form.get_by_label("Recorded in").select_option(stream)
    await form.get_by_label("Begins at second").fill("40000")
    await form.get_by_role("button", name="Save").click()
    await expect(form.get_by_label("Begins at second")).to_have_attribute("aria-invalid", "true")
    await form.get_by_label("Begins at second").fill("0")
    await form.get_by_role("button", name="Save").click()
    await expect(page.locator("#toasts")).to_contain_text("The clip is saved.")
    await eventually(lambda: http.get(f"/api/vods/{clip['id']}/chat"), lambda told: told.json()["items"])

    fan = await guest(viewport={"width": 360, "height": 800})
    there = await fan.open(f"/w/{stream}")
    await there.get_by_role("region", name="Watch it again").get_by_role("link", name="The show, again").click()
    replay = there.get_by_role("region", name="What was said")
    await expect(replay).to_have_attribute("data-state", "ready")
    line = replay.get_by_role("listitem")
    await there.locator(".show video").evaluate("(video) => { video.currentTime = 20 }")
    await expect(line).to_contain_text("Did you <b>see</b> that?")
    assert await inspect(there) == []
    await there.locator(".show video").evaluate("(video) => { video.currentTime = 500 }")
    await expect(replay).to_contain_text("Nothing was said here.")
    await expect(line).to_have_count(0)


async def test_a_creator_names_hides_and_deletes_a_clip_on_its_page(guest: NewGuest, http: httpx.AsyncClient) -> None:
    creator = await make_creator(http)
    clip = await bring(http, creator)
    ada, fan = await sit_down_as(guest, creator), await guest()
    page = await ada.open(clip["pageUrl"])
    form = page.get_by_role("form", name="About this clip")
    await form.get_by_label("Title").fill("\u200b")
    await form.get_by_role("button", name="Save").click()
    await expect(form.get_by_label("Title")).to_have_attribute("aria-invalid", "true")
    await form.get_by_label("Title").fill("The <b>beginning</b>")
    await form.get_by_label("Who may find it").select_option("private")
    await form.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("The <b>beginning</b>")
    await expect(page.locator("#clip-seen")).to_have_text("Private")
    gone = await fan.open(clip["pageUrl"])
    await expect(gone.get_by_role("heading", level=1)).not_to_contain_text("beginning")
    await form.get_by_role("button", name="Delete the clip").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await page.wait_for_url(f"{ada.server}/studio")
