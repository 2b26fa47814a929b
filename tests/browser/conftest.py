"""A real Chromium against the running platform; a page with an error or a policy violation fails its test."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.guests import SECONDS, Guest

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WIDE = {"width": 1440, "height": 900}


def find_chromium() -> str:
    """The browser of the system; the test fails with what to install where there is none."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    pytest.fail(f"the browser tests need one of {', '.join(NAMES)}: install it (Debian: apt-get install -y chromium)")


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def chromium() -> AsyncIterator[Browser]:
    path = find_chromium()
    expect.set_options(timeout=SECONDS * 1000)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def guest(chromium: Browser, server: str) -> AsyncIterator[Callable[..., Awaitable[Guest]]]:
    """Makes people with browsers of their own; takes what `Browser.new_context` takes.

    Without service workers, unless asked for: requests that pass through one are not kept from anybody by `Page.route`
    (https://playwright.dev/python/docs/service-workers), and each would fetch all that the offline page needs.
    """
    guests: list[Guest] = []

    async def arrive(**options: Any) -> Guest:
        context = await chromium.new_context(**{"viewport": WIDE, "service_workers": "block", **options})
        guests.append(await Guest.arrive(context, server))
        return guests[-1]

    yield arrive
    for one in guests:
        await one.context.close()
    problems = [problem for one in guests for problem in one.problems]
    assert not problems, problems
