"""The watch page: chat between two browsers, gifts, moods, a broken connection, the end of a stream."""

import json
import re
import secrets

import httpx
from playwright.async_api import WebSocketRoute, expect

from livestreamx.client import Room
from livestreamx.clock import now
from livestreamx.frames import BadgeShown, LevelUp, MoodState
from livestreamx.stack.platform import Platform
from tests.browser.guests import NewGuest
from tests.browser.rooms import tell
from tests.builders import go_live

CHAT_LINES = "#chat-log li"
GLOW = "getComputedStyle(document.getElementById('content')).getPropertyValue('--glow')"
TAKEN_OR_REFUSED = """() => document.getElementById("chat-refusal").textContent
  || (document.getElementById("chat-text").value === "" && "taken")"""


NOTE_LOOKS = """() => {
  globalThis.looks = [];
  const content = document.getElementById("content");
  new MutationObserver(() => {
    const { mood } = content.dataset;
    if (looks.at(-1)?.[0] !== mood) looks.push([mood, performance.now()]);
  }).observe(content, { attributes: true, attributeFilter: ["data-mood"] });
}"""
"""Which mood the page wears since when (ms)."""


def feel(mood: str) -> MoodState:
    """A room that feels nothing else."""
    return MoodState(mood=mood, intensity=1, shares={mood: 1.0}, reactors=4, since=now(), asOf=now())


async def test_chat_and_gift_reach_another_browser(guest: NewGuest, http: httpx.AsyncClient) -> None:
    _, stream = await go_live(http, "A <i>title</i> & more")
    ada, reader = await guest(), await guest()
    handle = f"ada_{secrets.token_hex(4)}"
    await ada.join(handle)
    await ada.watch(stream)
    await reader.watch(stream)
    await expect(reader.page.locator("h1")).to_have_text("A <i>title</i> & more")
    await ada.say('1 < 2 & "quoted" &lt;b&gt; 🎉')
    for page in (ada.page, reader.page):
        line = page.locator(CHAT_LINES).last
        await expect(line).to_contain_text('1 < 2 & "quoted"')
        await expect(line.locator(".name")).to_have_text(handle)
    await expect(ada.page.locator(CHAT_LINES).last).to_have_class("own")
    await expect(ada.page.get_by_label("Your message")).to_have_value("")

    await ada.page.get_by_role("button", name="Heart").click()
    await expect(ada.page.locator(".gifts [data-balance]")).to_have_text("95")
    for page in (ada.page, reader.page):
        await expect(page.locator("#board li")).to_contain_text(handle)
        await expect(page.locator("#board .score")).to_have_text("5")
        await expect(page.locator(".gift-line")).to_contain_text(f"{handle} sent Heart")
    await expect(reader.page.locator("#overlay-words")).to_contain_text("sent Heart")


async def test_a_gift_whose_answer_was_lost_is_charged_once(guest: NewGuest, http: httpx.AsyncClient) -> None:
    _, stream = await go_live(http)
    ada = await guest()
    await ada.join(f"ada_{secrets.token_hex(4)}")
    sent: list[str] = []

    async def break_at_the_first_gift(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def from_page(message: str | bytes) -> None:
            if '"gift:send"' in str(message):
                sent.append(str(message))
            server.send(message)

        async def from_server(message: str | bytes) -> None:
            if '"giftEventId"' in str(message) and '"ack"' in str(message) and len(sent) == 1:
                await socket.close()
            else:
                socket.send(message)

        socket.on_message(from_page)
        server.on_message(from_server)

    await ada.page.route_web_socket("**/ws?*", break_at_the_first_gift)
    page = await ada.watch(stream)
    await page.get_by_role("button", name="Heart").click()
    await expect(page.locator("#gift-says")).to_contain_text("Heart sent")
    await expect(page.locator(".gifts [data-balance]")).to_have_text("95")
    keys = {json.loads(message)["data"]["idempotencyKey"] for message in sent}
    assert (len(sent), len(keys)) == (2, 1)


async def test_what_is_too_dear_is_refused_with_the_way_to_the_wallet(guest: NewGuest, http: httpx.AsyncClient) -> None:
    _, stream = await go_live(http)
    ada = await guest()
    await ada.join(f"ada_{secrets.token_hex(4)}")
    page = await ada.watch(stream)
    await page.get_by_role("button", name="Crown").click()
    await page.get_by_role("dialog").get_by_role("button", name="Send").click()
    await expect(page.locator("#gift-says")).to_contain_text("more than you have")
    await expect(page.locator("#gift-says a")).to_have_attribute("href", "/wallet")
    await expect(page.locator(".gifts [data-balance]")).to_have_text("100")


async def test_a_refused_message_keeps_the_draft_and_counts_down(guest: NewGuest, http: httpx.AsyncClient) -> None:
    _, stream = await go_live(http)
    ada = await guest()
    await ada.join(f"ada_{secrets.token_hex(4)}")
    page = await ada.watch(stream)
    said, told = "", "taken"
    for number in range(20):  # more than the room takes, however slow this machine is
        await ada.say(said := f"quick {number}")
        if (told := await (await page.wait_for_function(TAKEN_OR_REFUSED)).json_value()) != "taken":
            break
    assert "Try again in" in told
    await expect(page.get_by_label("Your message")).to_have_value(said)
    await expect(page.locator("#chat-refusal")).to_have_text("You can send it now.")
    await page.get_by_label("Your message").press("Enter")
    await expect(page.locator(CHAT_LINES).last).to_contain_text(said)


async def test_reactions_tint_the_page_unless_the_viewer_does_not_want_it(
    guest: NewGuest, http: httpx.AsyncClient
) -> None:
    _, stream = await go_live(http)
    fans = [await guest() for _ in range(3)]
    for fan in fans:
        await fan.join(f"fan_{secrets.token_hex(4)}")
        await fan.watch(stream)
    for fan in fans:  # in half a minute, of which the mood is made
        await fan.page.get_by_role("button", name="Love").click()
    page = fans[0].page
    await expect(page.locator("#content")).to_have_attribute("data-mood", "love")
    await expect(page.locator("#mood-name")).to_have_text("love")
    tinted = await fans[0].measure(GLOW)
    await page.get_by_role("button", name="Tint the page").click()
    await page.wait_for_function(f"(tinted) => {GLOW} !== tinted", arg=tinted)


async def test_nothing_is_missed_or_doubled_over_a_broken_connection(guest: NewGuest, http: httpx.AsyncClient) -> None:
    creator, stream = await go_live(http)
    reader = await guest()
    page = await reader.watch(stream)
    async with Room(reader.server, stream, creator) as room:
        await room.ask("chat:message", text="before")
        await expect(page.locator(CHAT_LINES).last).to_contain_text("before")
        await reader.context.set_offline(True)
        await expect(page.locator("#offline")).to_be_visible()
        await expect(page.locator("#connection")).to_have_attribute("data-state", "closed")
        for number in range(4):
            await room.ask("chat:message", text=f"while away {number}")
        await reader.context.set_offline(False)
        await expect(page.locator("#offline")).to_be_hidden()
        await expect(page.locator(CHAT_LINES).last).to_contain_text("while away 3")
        await room.ask("chat:message", text="after")
        await expect(page.locator(CHAT_LINES).last).to_contain_text("after")
    shown = await page.locator(f"{CHAT_LINES} .text").all_inner_texts()
    assert shown == ["before", *(f"while away {number}" for number in range(4)), "after"]


async def test_the_end_of_a_stream_closes_the_room_and_shows_what_else_is_live(
    guest: NewGuest, http: httpx.AsyncClient
) -> None:
    creator, stream = await go_live(http)
    _, other = await go_live(http, "Another one that goes on")
    ada = await guest()
    await ada.join(f"ada_{secrets.token_hex(4)}")
    page = await ada.watch(stream)
    await creator.call("POST", f"/api/streams/{stream}/end")
    await expect(page.locator("#stage-note")).to_contain_text("The stream has ended")
    await expect(page.get_by_label("Your message")).to_be_disabled()
    await expect(page.get_by_role("button", name="Heart")).to_be_disabled()
    await expect(page.locator(f"#after a[href='/w/{other}']")).to_be_visible()


async def test_following_is_kept_and_shown_at_home(guest: NewGuest, http: httpx.AsyncClient) -> None:
    title = f"Followed {secrets.token_hex(4)}"
    _, stream = await go_live(http, title)
    ada = await guest()
    await ada.join(f"ada_{secrets.token_hex(4)}")
    page = await ada.watch(stream)
    await page.get_by_role("button", name="Follow").click()
    await expect(page.locator("#follow")).to_have_text("Following")
    await expect(page.locator("#follow")).not_to_have_attribute("aria-busy", "true")
    await ada.open("/")
    shelf = page.get_by_role("region", name="Live from people you follow")
    await expect(shelf.get_by_role("link", name=title)).to_be_visible()


async def test_the_chat_stays_small_in_a_flood(guest: NewGuest, http: httpx.AsyncClient) -> None:
    _, stream = await go_live(http)
    reader = await guest()
    page = await reader.watch(stream)
    source = await page.locator("script[src*='watch.js']").get_attribute("src")
    assert source
    counted = await page.evaluate(
        """async (chat) => {
          const { ChatLog } = await import(chat);
          const log = new ChatLog("nobody");
          const user = { handle: "flood", level: 1 };
          for (let number = 0; number < 150; number++) {
            const message = { messageId: `m${number}`, user, text: `<img src=x> ${number}`, createdAt: new Date() };
            for (let copy = 0; copy < 10; copy++) log.say(message);
            await new Promise(requestAnimationFrame);
          }
          await new Promise(requestAnimationFrame);
          return { lines: document.querySelectorAll("#chat-log li").length,
                   images: document.querySelectorAll("#chat-log img").length };
        }""",
        source.replace("watch.js", "chat.js"),
    )
    assert counted == {"lines": 300, "images": 0}


async def test_gifts_in_a_row_are_one_combo_and_each_is_charged_once(guest: NewGuest, http: httpx.AsyncClient) -> None:
    _, stream = await go_live(http)
    ada = await guest()
    await ada.join(f"ada_{secrets.token_hex(4)}")
    combos: list[str] = []

    async def listen(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def from_page(message: str | bytes) -> None:
            if '"gift:send"' in str(message):
                combos.append(json.loads(message)["data"]["comboId"])
            server.send(message)

        socket.on_message(from_page)

    await ada.page.route_web_socket("**/ws?*", listen)
    page = await ada.watch(stream)
    await page.get_by_label("Your message").focus()
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await ada.measure("document.activeElement.dataset.code") == "HEART":
            break
    await page.keyboard.press("Enter")
    await expect(page.locator(".gifts [data-balance]")).to_have_text("95")
    await expect(page.locator(".gift .combo")).to_have_count(0)
    combos.clear()
    await ada.measure("[1, 2, 3].forEach(() => document.activeElement.click())")
    await expect(page.locator("#gift-says")).to_have_text("Heart × 2 sent. Combo 3!")
    await expect(page.locator(".gifts [data-balance]")).to_have_text("80")
    assert len(combos) == 2
    assert len(set(combos)) == 1
    await expect(page.locator(".gift .combo")).to_have_count(0)
    await page.get_by_role("button", name="Heart").hover()
    await page.mouse.down()
    await expect(page.locator(".gift .combo")).to_have_text(re.compile("× ([4-9]|1[0-6])"))
    await page.mouse.up()
    await expect(page.locator(".gifts [data-balance]")).not_to_have_text("80")
    assert len(combos) == 3
    assert len(set(combos)) == 2
    left = int(await page.locator(".gifts [data-balance]").inner_text())
    assert left <= 80 - 4 * 5
    assert left % 5 == 0


async def test_a_limit_of_ones_own_is_explained_and_leads_to_it(guest: NewGuest, http: httpx.AsyncClient) -> None:
    _, stream = await go_live(http)
    ada = await guest()
    await ada.join(f"ada_{secrets.token_hex(4)}", "/wallet")
    page = ada.page
    await page.get_by_label("Tokens a day").fill("5")
    await page.get_by_role("button", name="Set these limits").click()
    await expect(page.locator("#limits-form [data-says]")).to_have_text("These limits hold now.")
    await ada.watch(stream)
    await page.get_by_role("button", name="Rose").click()
    await expect(page.locator("#gift-says")).to_contain_text("Your own limit is 5 tokens in a day")
    await expect(page.locator(".gifts [data-balance]")).to_have_text("100")
    await page.get_by_role("link", name="Your limits").click()
    await page.get_by_role("button", name="Exclude myself").click()
    await page.get_by_role("dialog").get_by_role("button", name="Exclude myself").click()
    await expect(page.get_by_text("You excluded yourself from spending until")).to_be_visible()
    await ada.watch(stream)
    await page.get_by_role("button", name="Heart").click()
    await expect(page.locator("#gift-says")).to_contain_text("You excluded yourself from spending. Again from ")


async def test_the_creators_map_dresses_the_page_and_boards_and_honours_are_shown(
    guest: NewGuest, http: httpx.AsyncClient, platform: Platform
) -> None:
    creator, stream = await go_live(http)
    look = {"surface": "#20102a", "text": "#ffe9a8", "glow": "#12ab34", "effect": "breathe", "hertz": 0.5}
    await creator.call("PUT", "/api/me/mood-map", {"looks": {"love": look}})
    ada = await guest()
    await ada.join(f"ada_{secrets.token_hex(4)}")
    page = await ada.watch(stream)
    await page.evaluate(NOTE_LOOKS)
    tell(platform, stream, [("mood:state", feel("sad"))])
    await expect(page.locator("#mood-name")).to_have_text("sad")
    await expect(page.locator("#content")).to_have_attribute("data-mood", "sad")
    tell(platform, stream, [("mood:state", feel("love"))])
    await expect(page.locator("#mood-name")).to_have_text("love")
    await expect(page.locator("#content")).to_have_attribute("data-mood", "love")
    worn = await ada.measure("looks")
    assert [mood for mood, _ in worn] == ["sad", "love"]
    assert worn[1][1] - worn[0][1] > 9_900, "a look stays ten seconds"
    await expect(page.locator("#content")).to_have_attribute("data-look", "own")
    strip = page.locator(".mood-panel .now")
    await expect(strip).to_have_css("color", "rgb(255, 233, 168)")
    await page.get_by_role("button", name="Tint the page").click()
    await expect(strip).not_to_have_css("color", "rgb(255, 233, 168)")
    me = (await (await ada.context.request.get(f"{ada.server}/api/me")).json())["id"]
    badge = BadgeShown(userId=me, badge="first_gift", name="First gift")
    tell(platform, stream, [("level:up", LevelUp(userId=me, level=3, xp=300)), ("badge:earned", badge)])
    await expect(page.locator("#celebrations")).to_contain_text("Level 3!")
    await expect(page.locator("#celebrations")).to_contain_text("First gift")
    await ada.say("taking part")
    await page.get_by_text("Taking part", exact=True).click()
    await expect(page.locator("#board li.own")).to_be_visible()
    await page.get_by_text("XP this week").click()
    await expect(page.locator("#board, #board-empty").first).to_be_attached()
    await creator.call("POST", f"/api/streams/{stream}/end")
    await expect(page.locator(".your-part")).to_contain_text("points for taking part")
