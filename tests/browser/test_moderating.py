"""Keeping order as moderators do it: in the chat itself, and on their own page by keys alone."""

import secrets

import httpx
from playwright.async_api import Page, expect

from livestreamx.client import Account
from tests.browser.guests import PASSWORD, Guest, NewGuest
from tests.builders import go_live, make_user

LINES = "#chat-log li"


async def sign_in(one: Guest, handle: str) -> Page:
    page = await one.open("/login")
    await page.get_by_label("Handle").fill(handle)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{one.server}/")
    return page


async def host_a_show(host: Guest, http: httpx.AsyncClient) -> tuple[Account, str]:
    """A creator who is live and signed in in their browser; the stream."""
    creator = await Account.register(http, f"host_{secrets.token_hex(4)}", PASSWORD)
    await creator.become_creator()
    stream = await creator.go_live("Fall Guys with friends")
    await sign_in(host, creator.handle)
    return creator, stream


async def choose(page: Page, line_text: str, entry: str) -> None:
    """An entry of the menu of the line with this text."""
    line = page.locator(LINES, has=page.locator(".text", has_text=line_text)).last
    await line.hover()
    await line.get_by_role("button").click()
    await page.get_by_role("menuitem", name=entry).click()


async def test_a_moderator_keeps_order_in_the_chat(guest: NewGuest, http: httpx.AsyncClient) -> None:
    host, ada, bob = await guest(), await guest(), await guest(viewport={"width": 360, "height": 800})
    _, stream = await host_a_show(host, http)
    desk, name = await host.watch(stream), f"ada_{secrets.token_hex(4)}"
    await ada.join(name)
    await bob.join(f"bob_{secrets.token_hex(4)}")
    page, other = await ada.watch(stream), await bob.watch(stream)
    for text in ("something rude", "something worth keeping"):
        await ada.say(text)
        await expect(other.locator(LINES).last).to_contain_text(text)

    more = desk.locator(LINES, has_text="something rude").get_by_role("button")
    await desk.locator(LINES, has_text="worth keeping").get_by_role("button").focus()
    await desk.keyboard.press("ArrowUp")
    await expect(more).to_be_focused()
    await desk.keyboard.press("Enter")
    await expect(desk.get_by_role("menuitem", name="Reply")).to_be_focused()
    await desk.keyboard.press("Escape")
    await expect(more).to_be_focused()
    await desk.keyboard.press("Space")
    for _ in range(2):
        await desk.keyboard.press("ArrowDown")
    await desk.keyboard.press("Enter")
    await expect(other.locator(LINES, has_text="something rude")).to_have_count(0)

    await choose(desk, "worth keeping", "Pin")
    await expect(other.locator("#chat-pinned")).to_contain_text("worth keeping")
    await choose(other, "worth keeping", "Reply")
    await bob.say("I agree")
    await expect(page.locator(LINES, has_text="I agree").locator(".quote")).to_contain_text(f"{name}: something worth")

    await desk.get_by_role("button", name="Rules").click()
    await desk.get_by_label("Slow mode").select_option("30")
    await desk.get_by_role("button", name="Set", exact=True).click()
    await expect(page.locator("#chat-modes")).to_contain_text("Slow: 30 s")
    await ada.say("the first in slow mode")
    await expect(page.locator("#chat-pause")).to_contain_text("next message in")
    await desk.get_by_role("button", name="Unpin").click()
    await expect(other.locator("#chat-pinned")).to_be_hidden()

    await choose(desk, "worth keeping", "Time out 10 min")
    await expect(page.locator("#chat-banned")).to_contain_text("You are timed out for another")
    await expect(page.get_by_label("Your message")).to_be_hidden()
    await desk.get_by_role("button", name="Undo").click()
    await expect(page.get_by_label("Your message")).to_be_visible()
    await choose(desk, "worth keeping", f"Clear what {name} said")
    await desk.get_by_role("dialog").get_by_role("button", name="Clear").click()
    await expect(other.locator(LINES)).to_have_count(1)
    await expect(other.locator(".quote")).to_contain_text("a message that was deleted")
    assert await bob.measure("document.documentElement.scrollWidth") <= 360


async def test_who_is_banned_reads_why_and_may_ask_to_come_back(guest: NewGuest, http: httpx.AsyncClient) -> None:
    host, ada = await guest(), await guest()
    _, stream = await host_a_show(host, http)
    desk = await host.watch(stream)
    await ada.join(f"ada_{secrets.token_hex(4)}")
    page = await ada.watch(stream)
    await ada.say("buy my things")
    await choose(desk, "buy my things", "Ban")
    await desk.get_by_label("Reason").fill("Advertising")
    await desk.get_by_role("button", name="Ban", exact=True).click()
    await expect(page.locator("#chat-banned")).to_contain_text("You are banned from this channel: Advertising")
    page = await ada.watch(stream)
    await expect(page.locator("#chat-banned")).to_contain_text("Advertising")
    await page.get_by_role("button", name="Ask to be unbanned").click()
    await page.get_by_label("What do you want to say?").fill("I will not do it again")
    await page.get_by_role("dialog").get_by_role("button", name="Send").click()
    await expect(page.locator("#chat-banned")).to_contain_text("waits for a moderator")

    await host.open("/mod?show=bans")
    await expect(desk.locator("#queue li")).to_contain_text("Advertising")
    await host.open("/mod?show=requests")
    row = desk.locator("#queue li")
    await expect(row).to_contain_text("I will not do it again")
    await row.get_by_role("textbox").fill("Welcome back")
    await row.get_by_role("button", name="Accept").click()
    await expect(desk.get_by_text("Queue clear")).to_be_visible()
    await expect(page.get_by_label("Your message")).to_be_visible()
    await expect(page.locator("#chat-refusal")).to_have_text("A moderator answered: Welcome back")
    await choose(await host.watch(stream), "buy my things", "Ban")
    await desk.get_by_role("button", name="Ban", exact=True).click()
    await page.get_by_role("button", name="Ask to be unbanned").click()
    await page.get_by_label("What do you want to say?").fill("Again, sorry")
    await page.get_by_role("dialog").get_by_role("button", name="Send").click()
    await expect(page.locator("#chat-banned")).to_contain_text("waits for a moderator")
    await host.open("/mod?show=requests")
    elsewhere = await (await host.beside()).open("/mod?show=requests")
    await expect(elsewhere.locator("#queue li")).to_contain_text("Again, sorry")
    await row.get_by_role("textbox").fill("Not this week")
    await row.get_by_role("button", name="Deny").click()
    await expect(desk.get_by_text("Queue clear")).to_be_visible()
    await expect(page.locator("#chat-banned")).to_contain_text("Your request was denied: Not this week")
    await expect(elsewhere.get_by_text("Queue clear")).to_be_visible()
    await ada.watch(stream)
    await expect(page.locator("#chat-banned")).to_contain_text("Your request was denied: Not this week")
    await host.open("/mod?show=log")
    await expect(desk.locator("#queue li").first).to_contain_text("unban")


async def test_the_queue_is_worked_by_keys_alone(guest: NewGuest, http: httpx.AsyncClient) -> None:
    host, ada = await guest(), await guest()
    creator, stream = await host_a_show(host, http)
    await creator.call("PUT", f"/api/creators/{creator.user_id}/chat-policy", {"links": "hold"})
    await ada.join(f"ada_{secrets.token_hex(4)}")
    page = await ada.watch(stream)
    for text in ("look at one.com/a", "look at two.com/b", "look at three.com/c"):
        await ada.say(text)
        await expect(page.locator(".held", has_text=text)).to_contain_text("Waiting for a moderator")
    desk = await host.open("/mod")
    rows = desk.locator("#queue > li:not([hidden])")
    await desk.keyboard.press("j")
    await expect(rows.nth(0)).to_be_focused()
    await desk.keyboard.press("a")
    await expect(rows).to_have_count(2)
    await desk.keyboard.press("u")
    await expect(rows).to_have_count(3)
    await expect(rows.nth(0)).to_be_focused()
    await desk.keyboard.press("j")
    await desk.keyboard.press("j")
    await expect(rows.nth(2)).to_contain_text("one.com")
    await expect(rows.nth(2)).to_be_focused()
    await desk.keyboard.press("a")
    await desk.keyboard.press("r")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("three.com")

    third = (await creator.call("GET", "/api/mod/held"))["items"][0]["id"]
    await desk.keyboard.press("a")
    await creator.call("POST", f"/api/mod/held/{third}/reject")
    await expect(desk.get_by_text("Queue clear")).to_be_visible()
    await desk.evaluate("dispatchEvent(new Event('pagehide'))")  # who leaves does not wait for the ten seconds
    await expect(page.locator(f"{LINES}:not(.held)", has_text="one.com")).to_be_visible()
    await expect(page.locator(".held", has_text="two.com")).to_contain_text("did not let this through")
    stale = desk.locator("#queue > .stale")
    await expect(stale).to_contain_text("Another moderator was faster")
    await stale.get_by_role("button", name="Put away").press("Enter")
    await expect(desk.get_by_text("Queue clear")).to_be_visible()
    eve = await guest()  # Ada has said as much as one may in a few seconds
    await eve.join(f"eve_{secrets.token_hex(4)}")
    await eve.watch(stream)
    await eve.say("look at four.com/d")
    await expect(rows).to_contain_text("four.com")


async def test_the_filters_of_a_channel_can_be_tried(guest: NewGuest, http: httpx.AsyncClient) -> None:
    host = await guest(viewport={"width": 360, "height": 800})
    creator, _ = await host_a_show(host, http)
    other, _ = await go_live(http)
    await other.call("PUT", f"/api/creators/{other.user_id}/moderators/{creator.user_id}")
    page = await host.open(f"/mod?show=words&channel={other.user_id}")
    await page.get_by_label("Word or phrase").fill("buy followers*")
    await page.get_by_role("button", name="Block").click()
    await expect(page.locator("#queue li")).to_contain_text("buy followers")
    await page.get_by_label("What would become of this?").fill("come and BUY f0ll0wers now")
    await page.get_by_role("button", name="Try").click()
    await expect(page.locator("#try-verdict")).to_contain_text("It would be refused: blocked term")
    await host.open(f"/mod?show=modes&channel={other.user_id}")
    await page.get_by_role("button", name="Raise the shield").click()
    await expect(page.get_by_role("button", name="Lower the shield")).to_be_visible()


async def test_reports_come_to_moderators_and_to_nobody_else(guest: NewGuest, http: httpx.AsyncClient) -> None:
    host, ada = await guest(), await guest()
    _, stream = await host_a_show(host, http)
    await host.watch(stream)
    await host.say("what the host says")
    await ada.join(f"ada_{secrets.token_hex(4)}")
    page = await ada.watch(stream)
    await expect(page.locator("nav").get_by_role("link", name="Moderation")).to_have_count(0)
    await choose(page, "what the host says", "Report")
    await page.get_by_label("What is wrong with it?").fill("Not kind")
    await page.get_by_role("dialog").get_by_role("button", name="Report").click()
    await expect(page.locator(".toast")).to_contain_text("Reported")
    desk = await host.open("/mod?show=reports")
    row = desk.locator("#queue li")
    await expect(row).to_contain_text("Not kind")
    await expect(row).to_contain_text("what the host says")
    await ada.open(f"/mod?show=reports&channel={(await make_user(http)).user_id}")
    await expect(page.locator(".status")).to_have_text("403")
