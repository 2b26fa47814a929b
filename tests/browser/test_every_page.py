"""What holds for all pages: themes, widths, without scripts, their weight, refusals in words."""

import secrets
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from api.pages.admin import TABS as ADMIN_TABS
from api.pages.mod import TABS
from livestreamx.client import Room
from livestreamx.stack.platform import Platform
from tests.browser.busy_channel import BusyChannel, open_channel
from tests.browser.guests import Guest, NewGuest
from tests.browser.inspection import inspect
from tests.builders import go_live

SCRIPT_BYTES = 60_000
"""Of all scripts of a page together, as they travel: compressed."""


PAGES = (
    "guest / /login /register /offline /no-such-page /reference /reference/parts /w/{live} /v/{clip}",
    "newcomer / /studio /me /wallet /wallet/subscriptions /w/{live} /u/{handle}",
    "creator / /w/{live} /w/{over} /w/{announced} /w/{live}/moments/{moment} /u/{handle} /v/{clip} /me /wallet",
    "creator /search /search?q=rather+long",
    "creator /studio /studio/channel /studio/{live} /studio/{over}",
    *(f"creator /mod?show={tab}&channel={{creator}}" for tab in TABS),
    *(f"creator /admin?show={tab}" for tab in ADMIN_TABS),
)


def visits() -> list[tuple[str, str]]:
    """Who looks at which page."""
    return [(who, path) for who, *paths in map(str.split, PAGES) for path in paths]


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def busy(server: str, platform: Platform) -> BusyChannel:
    async with httpx.AsyncClient(base_url=server, timeout=60) as client:
        return await open_channel(client, platform)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def people(chromium: Browser, server: str, busy: BusyChannel) -> AsyncIterator[dict[str, Guest]]:
    """Somebody unknown, somebody new and the creator, who is an admin; each stays in the browser for all pages."""
    arrived = {
        who: await Guest.arrive(await chromium.new_context(), server) for who in ("guest", "newcomer", "creator")
    }
    await arrived["newcomer"].join(f"ada_{secrets.token_hex(4)}")
    await arrived["creator"].sign_in(busy.creator.handle)
    yield arrived
    for one in arrived.values():
        await one.context.close()


async def settle(page: Page) -> None:
    """Until the room is entered and the first numbers are there, on pages that have them."""
    await expect(page.locator("#connection[data-state=connecting], #panel-viewers[data-state=loading]")).to_have_count(
        0
    )


@pytest.mark.parametrize(("who", "path"), visits())
async def test_a_page_is_for_everybody(people: dict[str, Guest], busy: BusyChannel, who: str, path: str) -> None:
    one = people[who]
    page = await one.open(path.format(**busy.addresses()))
    await settle(page)
    assert await inspect(page) + one.problems == []


async def test_what_lies_over_the_picture_is_for_everybody(people: dict[str, Guest], busy: BusyChannel) -> None:
    page = await people["guest"].open(f"/o/{busy.overlay}?preview=1&chat=1")
    await expect(page.locator(".alert")).to_be_visible()
    assert await inspect(page, (None,)) + people["guest"].problems == []


async def test_the_theme_is_the_viewers_and_comes_with_the_page(guest: NewGuest) -> None:
    ada = await guest(color_scheme="dark")
    page = await ada.open("/")
    toggle = page.locator("[data-action=theme]")
    await toggle.click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "light")
    answer = await ada.context.request.get(f"{ada.server}/login")
    assert '<html lang="en" data-theme="light">' in await answer.text()
    await toggle.click()
    await toggle.click()
    assert await page.locator("html").get_attribute("data-theme") is None


async def test_everything_can_be_read_without_scripts(guest: NewGuest, http: httpx.AsyncClient) -> None:
    creator, stream = await go_live(http, title := f"Plain {secrets.token_hex(4)}")
    reader = await guest(java_script_enabled=False)
    async with Room(reader.server, stream, creator) as room:
        await room.ask("chat:message", text="said before you came")
    page = await reader.open("/")
    await page.get_by_role("region", name="Live now").get_by_role("link", name=title).click()
    await expect(page.locator("h1")).to_have_text(title)
    await expect(page.locator("#chat-log")).to_contain_text("said before you came")
    await expect(page.locator(".gift .name").first).to_have_text("Heart")


async def weigh(http: httpx.AsyncClient, address: str) -> int:
    """Bytes that travel."""
    async with http.stream("GET", address, headers={"accept-encoding": "gzip"}) as answer:
        return sum([len(chunk) async for chunk in answer.aiter_raw()])


async def test_scripts_stay_within_their_budget(guest: NewGuest, http: httpx.AsyncClient) -> None:
    creator, stream = await go_live(http)
    weights = "performance.getEntriesByType('resource').filter((one) => /[.]js$/.test(one.name)).map((one) => one.name)"
    for path in ("/", f"/w/{stream}", "/login"):
        reader = await guest()
        await reader.open(path)
        scripts = [name for name in await reader.measure(weights) if not name.endswith("/sw.js")]
        assert scripts, path
        total = sum([await weigh(http, script) for script in scripts])
        assert total <= SCRIPT_BYTES, (path, total)
    assert creator.handle


async def test_refusals_are_pages_for_people_and_problem_details_for_programs(
    guest: NewGuest, http: httpx.AsyncClient
) -> None:
    reader = await guest()
    page = await reader.open("/w/00000000-0000-7000-8000-000000000000")
    await expect(page.locator(".status")).to_have_text("404")
    await expect(page.locator("code")).not_to_be_empty()
    program = await http.get("/w/00000000-0000-7000-8000-000000000000", headers={"accept": "application/json"})
    assert program.status_code == 404
    assert program.headers["content-type"].startswith("application/problem+json")
    assert program.json()["code"] == "stream_not_found"


async def test_a_page_that_cannot_be_reached_says_so_and_comes_back(guest: NewGuest) -> None:
    reader = await guest(service_workers="allow")
    page = await reader.open("/")
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    await page.wait_for_function("navigator.serviceWorker.controller !== null")
    await reader.context.set_offline(True)
    await page.goto(f"{reader.server}/register")
    await expect(page.locator("h1")).to_have_text("You are offline")
    await reader.context.set_offline(False)
    await expect(page.locator("h1")).to_have_text("Join LiveStreamX")


async def test_a_link_to_a_stream_brings_its_picture(http: httpx.AsyncClient) -> None:
    _, stream = await go_live(http, 'Quotes " and <tags>')
    html = (await http.get(f"/w/{stream}", headers={"accept": "text/html"})).text
    assert '<meta property="og:title" content="Quotes &#34; and &lt;tags&gt;">' in html
    picture = html.split('property="og:image" content="')[1].split('"')[0]
    answer = await http.get("/posters/" + picture.rsplit("/", 1)[1])
    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")


async def test_pages_say_what_they_may_load(http: httpx.AsyncClient) -> None:
    policy = (await http.get("/", headers={"accept": "text/html"})).headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
