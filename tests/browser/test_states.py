"""What pages show where nothing is yet, where something cannot be had, while it is awaited, and without a network."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Route, expect

from livestreamx.client import Account
from tests.browser.creators import make_creator
from tests.browser.guests import Guest, NewGuest
from tests.builders import go_live

NOTHING = (
    ("/?category=Nothing", "Nobody is live in Nothing right now"),
    ("/search", "Type a few letters"),
    ("/search?q=qqxxzzvv", "Nothing found for “qqxxzzvv”"),
    ("/wallet?kind=gifts", "Nothing of this kind yet."),
    ("/u/{handle}", "None yet"),
    ("/w/{stream}", "Nobody has said anything yet"),
    ("/w/{stream}", "No open questions"),
    ("/w/{stream}", "No gifts yet"),
    ("/studio", "What you will see here"),
    ("/mod?show=held", "Queue clear"),
    ("/mod?show=reports", "Queue clear"),
    ("/mod?show=requests", "Queue clear"),
)
FAR = "The platform cannot be reached"
THERE = re.compile("ready|empty")


class Visitor(Guest):
    """Somebody who stays for all tests of this file, and the addresses of what they look at."""

    creator: Account
    stream: str

    async def visit(self, path: str) -> None:
        await self.open(path.format(handle=self.creator.handle, stream=self.stream))


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def at_home(chromium: Browser, server: str) -> AsyncIterator[Visitor]:
    """A creator who has done nothing yet, beside somebody else's silent stream."""
    context = await chromium.new_context(viewport={"width": 1200, "height": 900}, service_workers="block")
    visitor = Visitor(context, await context.new_page(), server)
    async with httpx.AsyncClient(base_url=server, timeout=60) as http:
        visitor.creator = await make_creator(http)
        _, visitor.stream = await go_live(http, "A silent one")
        await visitor.sign_in(visitor.creator.handle)
        yield visitor
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def one(at_home: Visitor) -> AsyncIterator[Visitor]:
    """The same person; what was kept from them is let through again, and nothing else went wrong."""
    yield at_home
    await at_home.page.unroute_all(behavior="ignoreErrors")
    await at_home.context.set_offline(False)
    problems, at_home.problems = at_home.problems, []
    assert not [problem for problem in problems if "503" not in problem and "htmx:" not in problem], problems


@pytest.mark.parametrize(("path", "words"), NOTHING)
async def test_where_nothing_is_a_page_says_what_will_be(one: Visitor, path: str, words: str) -> None:
    await one.visit(path)
    await expect(one.page.locator("main").get_by_text(words).filter(visible=True).first).to_be_visible()


async def keep_from(one: Visitor, pattern: str, status: int = 0) -> None:
    """Requests like this fail: with this status, or because nobody answers."""

    async def refuse(route: Route) -> None:
        if status:
            told = {"status": status, "code": "unavailable", "title": "Not now", "requestId": "0197a3c0d5e17c31"}
            await route.fulfill(status=status, json=told, content_type="application/problem+json")
        else:
            await route.abort()

    await one.page.route(pattern, refuse)


async def test_a_search_that_fails_says_so_and_is_tried_again(one: Visitor) -> None:
    await one.visit("/search")
    await keep_from(one, "**/search/results**", 503)
    field = one.page.get_by_label("What are you looking for?")
    await field.fill("silent")
    await expect(one.page.locator(".trouble")).to_contain_text("This could not be read just now")
    await one.page.unroute_all()
    await field.fill("silent one")
    await expect(one.page.locator(".trouble")).to_have_count(0)
    await expect(one.page.locator("#results")).to_contain_text("A silent one")


async def test_a_list_that_cannot_be_read_shows_the_request_and_comes_back(one: Visitor) -> None:
    await keep_from(one, "**/api/me/history**", 503)
    await one.visit("/me")
    watched = one.page.locator("#watched")
    await expect(watched.get_by_role("alert")).to_contain_text("Not now")
    await expect(watched.get_by_role("alert").locator("code")).to_have_text("0197a3c0d5e17c31")
    await one.page.unroute_all()
    await watched.get_by_role("button", name="Try again").click()
    await expect(watched).to_have_attribute("data-state", THERE)


async def test_a_choice_that_was_not_taken_is_taken_back(one: Visitor) -> None:
    await one.visit("/me")
    picks = one.page.get_by_role("switch", name="Let what I watch make recommendations")
    await keep_from(one, "**/api/me/recommendations")
    await picks.click()
    await one.page.get_by_role("dialog").get_by_role("button", name="Turn off").click()
    await expect(one.page.locator(".toast.bad")).to_contain_text(FAR)
    await expect(picks).to_be_checked()


async def test_following_that_fails_is_taken_back(one: Visitor) -> None:
    await one.visit("/w/{stream}")
    await keep_from(one, "**/follow")
    await one.page.get_by_role("button", name="Follow").click()
    await expect(one.page.locator(".toast.bad")).to_contain_text(FAR)
    await expect(one.page.locator("#follow")).to_have_text("Follow")


async def test_a_board_that_cannot_be_read_says_so(one: Visitor) -> None:
    await one.visit("/w/{stream}")
    await keep_from(one, "**/api/leaderboard/engagement**")
    await one.page.get_by_text("Taking part", exact=True).click()
    await expect(one.page.locator("#board-empty")).to_have_text(FAR)


async def test_a_form_keeps_what_was_written_when_nobody_answers(one: Visitor) -> None:
    await one.visit("/me")
    await one.context.set_offline(True)
    await expect(one.page.locator("#offline")).to_be_visible()
    bio = one.page.get_by_label("About you")
    await bio.fill("Cozy games on Sundays")
    await one.page.get_by_role("button", name="Save").click()
    await expect(one.page.locator("#profile [data-problem]")).to_contain_text(FAR)
    await one.context.set_offline(False)
    await expect(one.page.locator("#offline")).to_be_hidden()
    await expect(bio).to_have_value("Cozy games on Sundays")
    await one.page.get_by_role("button", name="Save").click()
    await expect(one.page.locator("#profile [data-says]")).to_have_text("Saved.")


@pytest.mark.parametrize(
    "path", ["/", "/w/{stream}", "/search", "/wallet", "/u/{handle}", "/studio", "/studio/channel", "/mod"]
)
async def test_without_a_network_the_page_stays_and_says_so(one: Visitor, path: str) -> None:
    await one.visit(path)
    await one.context.set_offline(True)
    await expect(one.page.locator("#offline")).to_be_visible()
    await expect(one.page.locator("h1").first).to_be_attached()
    await one.context.set_offline(False)
    await expect(one.page.locator("#offline")).to_be_hidden()


async def test_what_is_awaited_is_shown_as_awaited(one: Visitor) -> None:
    let_go = asyncio.Event()

    async def slow(route: Route) -> None:
        await let_go.wait()
        await route.continue_()

    await one.page.route("**/api/me/history**", slow)
    await one.visit("/me")
    watched = one.page.locator("#watched")
    await expect(watched).to_have_attribute("aria-busy", "true")
    await expect(watched.locator(".skeleton").first).to_be_visible()
    await one.page.route("**/api/me/profile", slow)
    save = one.page.get_by_role("button", name="Save")
    await save.click()
    await expect(save).to_have_attribute("aria-busy", "true")
    let_go.set()
    await expect(watched).to_have_attribute("data-state", THERE)
    await expect(save).not_to_have_attribute("aria-busy", "true")


async def test_a_room_that_does_not_answer_is_named_and_the_page_is_read(guest: NewGuest, at_home: Visitor) -> None:
    reader = await guest()
    await reader.page.route_web_socket("**/ws?*", lambda socket: None)
    page = await reader.open(f"/w/{at_home.stream}")
    await expect(page.locator("#connection")).to_have_text("Connecting")
    await expect(page.locator("h1")).to_have_text("A silent one")


async def test_signing_in_fails_in_words(guest: NewGuest) -> None:
    stranger = await guest()
    page = await stranger.open("/login")
    await page.route("**/api/auth/login", lambda route: route.abort())
    await page.get_by_label("Handle").fill(f"ada_{secrets.token_hex(4)}")
    await page.get_by_label("Password").fill("correct horse battery")
    await page.locator("form button").click()
    await expect(page.get_by_role("alert")).to_contain_text(FAR)
