"""What a room does together, on the pages of who hosts, who watches and what goes on air."""

import asyncio
import secrets

import httpx
from playwright.async_api import Page, expect

from livestreamx.client import Account
from tests.browser.guests import PASSWORD, Guest, NewGuest
from tests.browser.test_commands import overlay_path
from tests.builders import go_live


async def host_a_show(host: Guest, http: httpx.AsyncClient) -> tuple[Account, str, Page]:
    """A creator who is live, the stream, and its watch page in their browser with the host's desk open."""
    handle = f"host_{secrets.token_hex(4)}"
    creator = await Account.register(http, handle, PASSWORD)
    await creator.become_creator()
    stream = await creator.go_live("Fall Guys with friends", category="Fall Guys", tags=["party"], language="en")
    page = await host.open("/login")
    await page.get_by_label("Handle").fill(handle)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{host.server}/")
    await host.watch(stream)
    await page.get_by_text("Run the show").click()
    return creator, stream, page


async def test_a_poll_from_the_first_choice_to_the_winner(guest: NewGuest, http: httpx.AsyncClient) -> None:
    host, fan, air = await guest(), await guest(), await guest()
    creator, stream, desk = await host_a_show(host, http)
    await fan.join(f"ada_{secrets.token_hex(4)}")
    page = await fan.watch(stream)
    over = await air.open(await overlay_path(creator))
    await expect(over.locator("#content")).to_have_attribute("data-connection", "open")
    await desk.get_by_label("Question", exact=True).fill("Which map next?")
    await desk.get_by_label("Choices, one a line").fill("Skyline\nTundra\nMines")
    await desk.get_by_role("button", name="Open the poll").click()
    for shown in (page, over, desk):
        await expect(shown.locator("#poll")).to_contain_text("Which map next?")
    tundra = page.get_by_role("button", name="Tundra")
    await tundra.focus()
    await page.keyboard.press("Enter")
    for shown in (page, over):
        await expect(shown.locator("#poll")).to_contain_text("Tundra100 %")
    await expect(page.get_by_role("button", name="Skyline")).to_be_disabled()
    await page.reload()
    await expect(page.get_by_role("button", name="Tundra")).to_have_attribute("aria-pressed", "true")
    await desk.get_by_role("button", name="End it now").click()
    winners = [shown.locator("#poll .winner") for shown in (page, over, desk)]
    await asyncio.gather(*(expect(winner).to_contain_text("Tundra") for winner in winners))
    await desk.get_by_role("button", name="End it now").click()
    await expect(desk.locator("#host-says")).to_have_text("No poll is open")


async def test_questions_rise_by_votes_and_leave_when_answered(guest: NewGuest, http: httpx.AsyncClient) -> None:
    host, ada, bob = await guest(), await guest(), await guest()
    _, stream, desk = await host_a_show(host, http)
    pages = []
    for fan, text in ((ada, "Which keyboard is that?"), (bob, "Will there be a rematch?")):
        await fan.join(f"fan_{secrets.token_hex(4)}")
        page = await fan.watch(stream)
        await page.get_by_label("Your question").fill(text)
        await page.get_by_label("Your question").press("Enter")
        await expect(page.locator("#ask-says")).to_have_text("Your question is on the list.")
        pages.append(page)
    first = pages[0]
    await first.locator("li", has_text="rematch").get_by_role("button").click()
    for page in (*pages, desk):
        await expect(page.locator("#questions li").first).to_contain_text("Will there be a rematch?")
        await expect(page.locator("#questions li").first).to_contain_text("▲ 1")
    await expect(first.locator("li", has_text="keyboard").get_by_role("button")).to_be_disabled()
    await desk.locator("li", has_text="rematch").get_by_role("button", name="Answered").click()
    for page in (*pages, desk):
        await expect(page.locator("#questions li")).to_have_count(1)
    await first.get_by_label("Your question").fill("And another one?")
    await first.get_by_label("Your question").press("Enter")
    await expect(first.locator("#ask-says")).to_contain_text("Slow down")


async def test_a_challenge_is_won_together_and_shown_on_air(guest: NewGuest, http: httpx.AsyncClient) -> None:
    host, fan, air = await guest(), await guest(), await guest()
    creator, stream, desk = await host_a_show(host, http)
    await fan.join(f"ada_{secrets.token_hex(4)}")
    page = await fan.watch(stream)
    over = await air.open(await overlay_path(creator))
    await expect(over.locator("#content")).to_have_attribute("data-connection", "open")
    await desk.get_by_label("Of what").select_option("chat_messages")
    await desk.get_by_label("How many").fill("2")
    await desk.get_by_label("What you promise").fill("I play blindfolded")
    await desk.get_by_role("button", name="Start it").click()
    for shown in (page, over):
        await expect(shown.locator("#challenge")).to_contain_text("0 of 2 messages")
        await expect(shown.locator("#challenge")).to_contain_text("I play blindfolded")
    await expect(page.locator("#challenge")).to_have_attribute("data-state", "active")
    await fan.say("one for the team")
    await expect(page.locator("#challenge")).to_contain_text("1 of 2 messages")
    goals = [shown.locator("#challenge") for shown in (page, over)]
    won = asyncio.gather(*(expect(goal).to_have_attribute("data-state", "completed") for goal in goals))
    await fan.say("and another one")
    await won


async def test_a_raid_takes_the_room_along(guest: NewGuest, http: httpx.AsyncClient) -> None:
    other, target = await go_live(http, "Where everybody goes next")
    host, fan = await guest(), await guest()
    _, stream, desk = await host_a_show(host, http)
    page = await fan.watch(stream)
    field = desk.get_by_label("Whose live stream")
    await field.fill("nobody_at_all")
    await desk.get_by_role("button", name="Raid", exact=True).click()
    await expect(desk.locator("#host-says")).to_have_text("nobody_at_all is not live")
    await field.fill(other.handle)
    await desk.get_by_role("button", name="Raid", exact=True).click()
    await expect(page.locator("#raid")).to_contain_text(f"Raiding {other.handle}: Where everybody goes next")
    await page.get_by_role("link", name="Go along").click()
    await page.wait_for_url(f"**/w/{target}")
