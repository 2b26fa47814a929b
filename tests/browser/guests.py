"""A person with a browser of their own: what tests do as them, and what went wrong on their pages meanwhile."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request, Response, expect

PASSWORD = "correct horse battery"
SECONDS = 60
EXPECTED = re.compile(
    "^Failed to load resource|is closed before the connection is established|ERR_INTERNET_DISCONNECTED"
    "|^Service Worker registration blocked by Playwright"
)
"""Of what a browser tells on its console: a refusal, a room that was left on the way in, a network that was cut, a
service worker that was not wanted."""
MOST_TABS = 120
IS_HERE = "(selector) => document.activeElement.matches(selector)"
HAS_RING = """() => {
  const here = document.activeElement;
  return [here, here.closest("label"), here.closest(".stream-card")?.querySelector(".poster")]
    .filter(Boolean)
    .map((one) => getComputedStyle(one))
    .some(({ outlineStyle, outlineWidth }) => outlineStyle !== "none" && parseFloat(outlineWidth) >= 2);
}"""


class Guest:
    """One browser context with one page. `problems` fills by itself and must be empty at the end of a test."""

    def __init__(self, context: BrowserContext, page: Page, server: str) -> None:
        self.context, self.page, self.server = context, page, server
        self.problems: list[str] = []
        self.scripts: dict[str, int] = {}
        self.other_sites: set[str] = set()
        page.set_default_timeout(SECONDS * 1000)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        page.on("request", self._request)
        page.on("response", self._response)

    @classmethod
    async def arrive(cls, context: BrowserContext, server: str) -> "Guest":
        return cls(context, await context.new_page(), server)

    async def beside(self) -> "Guest":
        """The same person at a second page of their browser."""
        other = await Guest.arrive(self.context, self.server)
        other.problems = self.problems
        return other

    def _console(self, message: ConsoleMessage) -> None:
        """Every error and violation counts, but for what tests do on purpose."""
        if message.type in ("error", "warning") and not EXPECTED.search(message.text):
            self.problems.append(f"console {message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        asked, ours = urlsplit(request.url), urlsplit(self.server)
        if asked.scheme.startswith(("http", "ws")) and asked.netloc not in {ours.netloc, *self.other_sites}:
            self.problems.append(f"asked another site: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self.problems.append(f"{response.status} for {response.url}")

    async def open(self, path: str) -> Page:
        """Go to a path of the platform."""
        await self.page.goto(self.server + path)
        return self.page

    async def join(self, handle: str, then: str = "/") -> None:
        """Register through the form and arrive at `then`."""
        await self.open(f"/register?next={then}")
        await self.page.get_by_label("Handle").fill(handle)
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.page.get_by_role("button", name="Create account").click()
        await self.page.wait_for_url(self.server + then)

    async def sign_in(self, handle: str) -> None:
        """Be signed in as somebody whose password is the usual one; no page is opened."""
        body = {"handle": handle, "password": PASSWORD, "cookies": True}
        answer = await self.context.request.post(
            f"{self.server}/api/auth/login", data=body, headers={"origin": self.server}
        )
        assert answer.ok, await answer.text()

    async def watch(self, stream: str) -> Page:
        """Open a watch page and wait until its socket is in the room."""
        await self.open(f"/w/{stream}")
        await expect(self.page.locator("#connection")).to_have_attribute("data-state", "open")
        return self.page

    async def say(self, text: str) -> None:
        """Write into the chat and press Enter."""
        await self.page.get_by_label("Your message").fill(text)
        await self.page.get_by_label("Your message").press("Enter")

    async def tab_to(self, selector: str) -> None:
        """Press Tab until this has the focus, and a person can see that it has."""
        for _ in range(MOST_TABS):
            await self.page.keyboard.press("Tab")
            if await self.page.evaluate(IS_HERE, selector):
                await self.page.wait_for_function(HAS_RING)
                return
        raise AssertionError(f"Tab does not lead to {selector}")

    async def measure(self, expression: str) -> Any:
        """A value of the page, by a JavaScript expression."""
        return await self.page.evaluate(expression)


NewGuest = Callable[..., Any]
