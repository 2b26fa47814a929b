"""The home page picks streams for a viewer, says why, and changes after one stream was watched."""

import secrets

import httpx
from playwright.async_api import expect

from tests.browser.guests import NewGuest
from tests.builders import eventually, go_live


async def test_for_you_changes_after_one_stream_was_watched(guest: NewGuest, http: httpx.AsyncClient) -> None:
    watched, stream = await go_live(http, f"Quiet chess {secrets.token_hex(3)}")
    await go_live(http, f"Loud racing {secrets.token_hex(3)}")
    ada = await guest()
    await ada.join(f"ada_{secrets.token_hex(4)}")
    await expect(ada.page.get_by_role("region", name="For you")).to_have_count(0)
    await ada.watch(stream)
    picks = ada.page.get_by_role("region", name="For you")

    async def look_again() -> int:
        await ada.open("/")
        return int(await picks.count())

    await eventually(look_again, bool, seconds=60)  # the act passes the log and the dataflow, which takes a moment
    first = picks.get_by_role("article").first
    await expect(first).to_contain_text(f"You watched {watched.handle}")
    await expect(first.get_by_role("link").first).to_have_attribute("href", f"/w/{stream}")
