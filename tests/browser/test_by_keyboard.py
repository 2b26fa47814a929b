"""What takes part in a show is done by keyboard alone: nothing is clicked, and where one is can be seen."""

import secrets

import httpx
from playwright.async_api import expect

from tests.browser.guests import PASSWORD, NewGuest
from tests.browser.searching import found_by_search
from tests.builders import go_live


async def test_an_account_is_made_and_the_show_found(guest: NewGuest, http: httpx.AsyncClient) -> None:
    _, stream = await go_live(http, title := f"By keyboard {secrets.token_hex(4)}")
    await found_by_search(http, title)
    ada = await guest()
    page = await ada.open("/register")
    await page.keyboard.type(f"ada_{secrets.token_hex(4)}")
    await ada.tab_to("#password")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{ada.server}/")
    await page.keyboard.press("/")
    await page.keyboard.type(title)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/search?*")
    await expect(page.get_by_role("region", name="Live now").get_by_role("link", name=title)).to_be_visible()
    await ada.tab_to(f"a[href='/w/{stream}']")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text(title)


async def test_one_chats_gives_and_votes(guest: NewGuest, http: httpx.AsyncClient) -> None:
    creator, stream = await go_live(http)
    ada = await guest()
    await ada.join(f"ada_{secrets.token_hex(4)}")
    page = await ada.watch(stream)
    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await page.keyboard.press("Enter")
    await ada.tab_to("#chat-text")
    await page.keyboard.type("by keyboard")
    await page.keyboard.press("Enter")
    await expect(page.locator("#chat-log li").last).to_contain_text("by keyboard")

    await ada.tab_to("[data-react=love]")
    await page.keyboard.press("Enter")
    await ada.tab_to("[name=qty]")
    await page.keyboard.press("ArrowRight")
    await ada.tab_to("[data-code=HEART]")
    await page.keyboard.press("Enter")
    await expect(page.locator(".gifts [data-balance]")).to_have_text("85")
    await ada.tab_to("[data-code=CROWN]")
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(page.locator("[data-code=CROWN]")).to_be_focused()

    poll = {"question": "Which map?", "choices": ["Skyline", "Mines"], "durationS": 600}
    await creator.call("POST", f"/api/streams/{stream}/polls", poll)
    await expect(page.locator("#poll")).to_contain_text("Which map?")
    await ada.tab_to("[data-choice='2']")
    await page.keyboard.press("Space")
    await expect(page.locator("#poll")).to_contain_text("Mines100 %")
    await ada.tab_to("#ask-text")
    await page.keyboard.type("Which keyboard is that?")
    await page.keyboard.press("Enter")
    await expect(page.locator("#questions li")).to_contain_text("Which keyboard is that?")
