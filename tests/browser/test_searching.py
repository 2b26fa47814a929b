"""Finding things: by typing, by the keyboard, without scripts, and nothing at all."""

import secrets

import httpx
from playwright.async_api import expect

from tests.browser.guests import NewGuest
from tests.browser.searching import found_by_search
from tests.builders import eventually, go_live, make_creator


async def test_what_is_typed_is_found_while_it_is_typed(guest: NewGuest, http: httpx.AsyncClient) -> None:
    word = f"zither{secrets.token_hex(3)}"
    _, stream = await go_live(http, f"Playing the {word} by ear")
    await found_by_search(http, word)
    ada = await guest()
    page = await ada.open("/")
    await page.keyboard.press("/")
    await page.keyboard.type("wxqzv kkjqh")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Nothing found for “wxqzv kkjqh”")).to_be_visible()
    field = page.get_by_label("What are you looking for?")
    await field.fill(f"ziter{word[6:]}")
    found = page.get_by_role("region", name="Live now").get_by_role("link")
    await expect(found).to_have_attribute("href", f"/w/{stream}")
    await field.fill("")
    await expect(page.get_by_role("heading", name="Type a few letters")).to_be_visible()


async def test_without_scripts_a_creator_is_found_by_name(guest: NewGuest, http: httpx.AsyncClient) -> None:
    creator = await make_creator(http, "orla")
    reader = await guest(java_script_enabled=False)
    page = await reader.open("/")
    link = page.get_by_role("link", name=creator.handle)

    async def look_again() -> int:
        await page.goto(f"{reader.server}/search?q={creator.handle}&type=creator")
        return int(await link.count())

    await eventually(look_again, bool, seconds=60)  # the index of creators is made anew every few seconds
    await expect(link).to_have_attribute("href", f"/u/{creator.handle}")
    await page.get_by_label("What are you looking for?").fill("orla")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/search?q=orla&type=creator")
