"""A creator sets up the channel: moderators, scene, looks of moods, goals."""

import httpx
from playwright.async_api import expect

from tests.browser.creators import make_creator, sit_down_as
from tests.browser.guests import NewGuest
from tests.builders import make_user


async def test_moderators_come_and_go_by_handle(guest: NewGuest, http: httpx.AsyncClient) -> None:
    creator = await make_creator(http)
    helper = await make_user(http, "helper")
    ada = await sit_down_as(guest, creator)
    page = await ada.open("/studio/channel")
    await page.get_by_label("Add by handle").fill("nobody_at_all")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_label("Add by handle")).to_have_attribute("aria-invalid", "true")
    await page.get_by_label("Add by handle").fill(f"@{helper.handle}")
    await page.get_by_label("Add by handle").press("Enter")
    await expect(page.locator("#moderator-list li")).to_contain_text(helper.handle)
    await ada.open("/studio")
    await expect(page.locator("[data-check=moderators]")).to_have_attribute("data-done", "true")
    await ada.open("/studio/channel")
    await page.get_by_role("button", name=f"Remove {helper.handle}").click()
    await page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(page.locator("#no-moderators")).to_be_visible()
    me = await creator.call("GET", "/api/me")
    assert (await creator.call("GET", f"/api/creators/{me['id']}/moderators"))["items"] == []


async def test_scene_moods_and_goals_reach_the_stream(guest: NewGuest, http: httpx.AsyncClient) -> None:
    creator = await make_creator(http)
    stream = await creator.go_live("A show to dress")
    ada = await sit_down_as(guest, creator)
    page = await ada.open("/studio/channel")
    await page.locator("#scene").get_by_text("Ocean").click()
    await expect(page.locator("#scene-stage")).to_have_attribute("data-background", "ocean")
    await page.get_by_role("button", name="Show it").click()
    await expect(page.get_by_text("The scene is saved.")).to_be_visible()

    await page.get_by_role("switch", name="Hype").check()
    await page.locator("[name=hype-text]").fill("#402010")
    await expect(page.locator("[data-row=hype] [data-contrast]")).to_contain_text("too low")
    await page.get_by_role("button", name="Save the looks").click()
    await expect(page.locator("#mood-form [data-problem]")).to_contain_text("hype")
    await page.locator("[name=hype-text]").fill("#ffffff")
    await page.get_by_role("button", name="Save the looks").click()
    await expect(page.get_by_text("The looks are saved.")).to_be_visible()
    kept = await creator.call("GET", "/api/me/mood-map")
    assert kept["looks"]["hype"]["text"] == "#ffffff"

    await page.get_by_label("What you promise").fill("I sing")
    await page.get_by_role("button", name="200 messages").click()
    await expect(page.get_by_text("The goal is on.")).to_be_visible()
    goals = await creator.call("GET", f"/api/streams/{stream}/challenges")
    assert (goals["items"][0]["type"], goals["items"][0]["reward"]) == ("chat_messages", "I sing")
    await page.get_by_role("button", name="Play a sample alert here").click()
    await expect(page.locator("#overlay .alert")).to_contain_text("Rocket")


async def test_older_streams_come_under_the_newer_ones(guest: NewGuest, http: httpx.AsyncClient) -> None:
    creator = await make_creator(http)
    for number in range(14):
        await creator.call("POST", "/api/streams", {"title": f"Stream {number}"})
    ada = await sit_down_as(guest, creator)
    page = await ada.open("/studio")
    await expect(page.locator(".stream-list h3")).to_have_count(12)
    await page.get_by_role("link", name="Show older streams").click()
    await expect(page.locator(".stream-list h3")).to_have_count(14)
    await expect(page.get_by_role("link", name="Stream 1", exact=True)).to_be_focused()
