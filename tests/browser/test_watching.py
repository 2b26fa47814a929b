"""The watch page: chat between two browsers, gifts, moods, a broken connection, the end of a stream."""

import json
import secrets

import httpx
from playwright.async_api import WebSocketRoute, expect

from livestreamx.client import Room
from tests.browser.guests import NewGuest
from tests.builders import go_live

CHAT_LINES = "#chat-log li"


async def test_chat_and_gift_reach_another_browser(guest: NewGuest, http: httpx.AsyncClient) -> None:
    _, stream = await go_live(http, "A <i>title</i> & more")
    ada, reader = await guest(), await guest()
    handle = f"ada_{secrets.token_hex(4)}"
    await ada.join(handle)
    await ada.watch(stream)
    await reader.watch(stream)
    await expect(reader.page.locator("h1")).to_have_text("A title & more")
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
    for number in range(3):
        await ada.say(f"quick {number}")
        await expect(page.get_by_label("Your message")).to_have_value("")
    await ada.say("one too many")
    await expect(page.locator("#chat-refusal")).to_contain_text("Try again in")
    await expect(page.get_by_label("Your message")).to_have_value("one too many")
    await expect(page.locator("#chat-refusal")).to_have_text("You can send it now.")
    await page.get_by_label("Your message").press("Enter")
    await expect(page.locator(CHAT_LINES).last).to_contain_text("one too many")


async def test_reactions_tint_the_page_unless_the_viewer_does_not_want_it(
    guest: NewGuest, http: httpx.AsyncClient
) -> None:
    _, stream = await go_live(http)
    fans = [await guest() for _ in range(3)]
    for fan in fans:
        await fan.join(f"fan_{secrets.token_hex(4)}")
        await fan.watch(stream)
        await fan.page.get_by_role("button", name="Love").click()
    page = fans[0].page
    await expect(page.locator("#content")).to_have_attribute("data-mood", "love", timeout=30_000)
    await expect(page.locator("#mood-name")).to_have_text("love")
    tinted = await fans[0].measure("getComputedStyle(document.getElementById('content')).getPropertyValue('--glow')")
    await page.get_by_role("button", name="Tint the page").click()
    plain = await fans[0].measure("getComputedStyle(document.getElementById('content')).getPropertyValue('--glow')")
    assert tinted != plain


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


async def test_the_chat_stays_small_and_keeps_up_with_a_flood(guest: NewGuest, http: httpx.AsyncClient) -> None:
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
          let frames = 0;
          const count = () => (frames++, running && requestAnimationFrame(count));
          let running = true;
          requestAnimationFrame(count);
          const began = performance.now();
          for (let number = 0; number < 150; number++) {
            const message = { messageId: `m${number}`, user, text: `<img src=x> ${number}`, createdAt: new Date() };
            for (let copy = 0; copy < 10; copy++) log.say(message);
            await new Promise(requestAnimationFrame);
          }
          const seconds = (performance.now() - began) / 1000;
          await new Promise(requestAnimationFrame);
          running = false;
          return { lines: document.querySelectorAll("#chat-log li").length, rate: frames / seconds,
                   images: document.querySelectorAll("#chat-log img").length };
        }""",
        source.replace("watch.js", "chat.js"),
    )
    assert counted["lines"] == 300
    assert counted["images"] == 0
    assert counted["rate"] > 10
