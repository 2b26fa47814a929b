"""What people write is text on every page: a tag in it is shown as it was written, and nothing of it runs."""

import secrets

import httpx
from playwright.async_api import Page, expect

from tests.browser.creators import make_creator, sit_down_as
from tests.browser.guests import Guest, NewGuest
from tests.builders import eventually

HURT = """'"><b data-hurt onclick=x>&lt;i&gt;{{7*7}}</b>"""
SCRIPT = "<script>document.body.dataset.hurt = 1</script>"
FOREIGN = "document.querySelectorAll('[data-hurt], [onclick], [onerror], img[src=x]').length"


async def found_by_search(guest: Guest, text: str) -> str:
    """What the search page shows now; a new stream is found once the index was made again."""
    page = await guest.open(f"/search?q={text}")
    return await page.locator("#content").inner_text()


async def unhurt(page: Page) -> None:
    """No element, attribute or script came of what somebody wrote."""
    assert await page.evaluate(FOREIGN) == 0, page.url


async def test_a_tag_that_somebody_wrote_is_text_on_every_page(guest: NewGuest, http: httpx.AsyncClient) -> None:
    creator = await make_creator(http)
    await creator.call("PATCH", "/api/me/profile", {"bio": f"{HURT} {SCRIPT}"})
    title = f"{HURT} {SCRIPT}"
    given = {"title": title, "category": HURT, "tags": ["<b data-hurt>"]}
    stream = (await creator.call("POST", "/api/streams", given))["id"]
    await creator.call("POST", f"/api/streams/{stream}/start")
    ada = await sit_down_as(guest, creator)
    page = await ada.watch(stream)
    await expect(page.locator("h1")).to_have_text(title)
    assert title in await page.title()
    described = await page.locator("meta[property='og:title']").get_attribute("content")
    assert described is not None
    assert title in described
    for text in (SCRIPT, HURT, "x<y and y>z"):
        await ada.say(text)
        await expect(page.locator("#chat-log li").last).to_contain_text(text)
        await expect(page.get_by_label("Your message")).to_have_value("")
    poll = {"question": HURT, "choices": [HURT[:25], "b"], "durationS": 300}
    await creator.call("POST", f"/api/streams/{stream}/polls", poll)
    await creator.call("POST", f"/api/streams/{stream}/questions", {"text": f"{HURT} {SCRIPT}"})
    await expect(page.locator("#content")).to_contain_text(f"{HURT} {SCRIPT}")
    await expect(page.get_by_text(HURT, exact=True).first).to_be_visible()
    await unhurt(page)
    await page.reload()
    await expect(page.locator("#chat-log")).to_contain_text(SCRIPT)
    await unhurt(page)
    await eventually(lambda: found_by_search(ada, creator.handle), lambda text: HURT in text)
    await unhurt(page)
    for path, words in (
        (f"/u/{creator.handle}", SCRIPT),
        ("/studio", HURT),
        (f"/studio/{stream}", HURT),
    ):
        shown = await ada.open(path)
        await expect(shown.locator("#content")).to_contain_text(words, use_inner_text=True)
        await unhurt(shown)
    mine = await ada.open("/me")
    await expect(mine.locator("[name=bio]")).to_have_value(f"{HURT} {SCRIPT}")
    await unhurt(mine)


async def test_a_tag_in_the_chat_is_text_on_the_overlay_and_on_the_moderators_desk(
    guest: NewGuest, http: httpx.AsyncClient
) -> None:
    creator = await make_creator(http)
    stream = await creator.go_live(HURT, category="Talk")
    term = f"w{secrets.token_hex(4)}"
    await creator.call("POST", f"/api/creators/{creator.user_id}/blocked-terms", {"text": term, "action": "hold"})
    key = (await creator.call("POST", "/api/me/overlay-key"))["url"].rsplit("/", 1)[1]
    air, ada = await guest(), await guest()
    over = await air.open(f"/o/{key}?chat=1")
    await expect(over.locator("#content")).to_have_attribute("data-connection", "open")
    await ada.join(f"ada_{secrets.token_hex(4)}")
    await ada.watch(stream)
    await ada.say(f"{HURT} {SCRIPT}")
    await expect(over.locator("body")).to_contain_text(f"{HURT} {SCRIPT}")
    await unhurt(over)
    await ada.say(f"{HURT} {term}")
    await expect(ada.page.locator("#chat-log")).to_contain_text("Waiting for a moderator")
    desk = await sit_down_as(guest, creator)
    held = await desk.open("/mod?show=held")
    await expect(held.locator("#queue")).to_contain_text(f"{HURT} {term}")
    await unhurt(held)
