"""`python -m docs.screenshots`: a demo platform of its own, photographed in both themes into `docs/screenshots/`.

Needs Chromium and the development packages; takes about five minutes, two of them for the audience to play.
"""

import asyncio
import base64
import logging
import re
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from docs.palette import write_png
from docs.scenery import ADMIN, CREATOR, VIEWER, lay_out, write_moment
from livestreamx.stack.platform import Platform
from tests.stripe_peer import events
from tests.stripe_peer.app import serving
from tests.stripe_peer.peer import Peer

FOLDER = Path(__file__).parent / "screenshots"
WIDE, NARROW = (1440, 900), (360, 740)
PLAY_SECONDS = 100
MOST_BYTES = 300_000
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]

# The browser that took a picture also decodes it: the pixels as base64.
DECODE = """async (encoded) => {
  const image = new Image();
  image.src = `data:image/png;base64,${encoded}`;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const reader = new FileReader();
  const read = new Promise((done) => (reader.onload = done));
  reader.readAsDataURL(new Blob([context.getImageData(0, 0, canvas.width, canvas.height).data]));
  await read;
  return [reader.result.split(",")[1], image.width, image.height];
}"""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def demo_password(output: Path) -> str:
    """The password of the demo accounts, as the platform printed it."""
    found = re.search(r"with\s+the\s+password\s+(\w+)", output.read_text(errors="replace"))
    if not found:
        raise SystemExit(f"the platform did not name its demo account, see {output}")
    return found[1]


def sign_in(context: BrowserContext, url: str, handle: str, password: str) -> None:
    body = {"handle": handle, "password": password, "cookies": True}
    answer = context.request.post(f"{url}/api/auth/login", data=body, headers={"origin": url})
    if not answer.ok:
        raise SystemExit(f"{handle} could not sign in: {answer.text()}")


def photograph(page: Page, darkroom: Page, name: str) -> None:
    """Write `docs/screenshots/<name>.png`; an error when it is too heavy for the repository."""
    taken = base64.b64encode(page.screenshot(timeout=60_000)).decode()
    decoded, width, height = darkroom.evaluate(DECODE, taken)
    pixels = np.frombuffer(base64.b64decode(decoded), np.uint8).reshape(height, width, 4)
    picture = write_png(pixels[..., :3])
    if len(picture) > MOST_BYTES:
        raise SystemExit(f"{name} weighs {len(picture)} bytes, more than {MOST_BYTES}")
    (FOLDER / f"{name}.png").write_bytes(picture)
    sys.stdout.write(f"{name}.png {len(picture) // 1000} KB\n")


def wait_for_picks(page: Page) -> None:
    page.wait_for_timeout(800)


def throw_confetti(page: Page) -> None:
    """A gift in the air."""
    page.wait_for_selector("#connection[data-state=open]")
    page.get_by_role("button", name="Confetti").click()
    page.wait_for_selector(".alert")
    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    page.wait_for_timeout(900)


def fill_panels(page: Page) -> None:
    page.wait_for_selector("#panel-viewers[data-state=ready]", timeout=60_000)
    page.wait_for_timeout(700)


def feel_the_pulse(page: Page) -> None:
    fill_panels(page)
    page.wait_for_selector("#pulse[data-state=moving]")
    page.wait_for_timeout(300)


def play_alert(page: Page) -> None:
    """The overlay as it lies over a picture: its own ground is transparent."""
    page.evaluate(
        "document.documentElement.style.background = 'linear-gradient(150deg, #30264f, #7d3f5c 60%, #d98a5b)'"
    )
    page.wait_for_selector(".alert")
    page.wait_for_timeout(900)


class Shot(NamedTuple):
    """A page as somebody sees it; `on_phones` also at 360 px."""

    name: str
    who: str
    path: str
    ready: Callable[[Page], None] = wait_for_picks
    on_phones: bool = False


SHOTS = (
    Shot("home", VIEWER, "/", on_phones=True),
    Shot("search", VIEWER, "/search?q=fall+gys"),
    Shot("watch", VIEWER, "/w/{live}", throw_confetti, on_phones=True),
    Shot("over", VIEWER, "/w/{over}"),
    Shot("moment", VIEWER, "/w/{live}/moments/{moment}"),
    Shot("profile", VIEWER, "/u/nova_plays", on_phones=True),
    Shot("me", VIEWER, "/me"),
    Shot("watched", VIEWER, "/me#picks-title"),
    Shot("wallet", VIEWER, "/wallet", on_phones=True),
    Shot("payment", VIEWER, "{receipt}"),
    Shot("studio", CREATOR, "/studio", fill_panels, on_phones=True),
    Shot("channel", CREATOR, "/studio/channel"),
    Shot("live-charts", CREATOR, "/studio/{live}", feel_the_pulse),
    Shot("report", CREATOR, "/studio/{over}", fill_panels),
    Shot("held", CREATOR, "/mod?show=held", on_phones=True),
    Shot("filters", CREATOR, "/mod?show=words"),
    Shot("bans", CREATOR, "/mod?show=requests"),
    Shot("flags", ADMIN, "/admin?show=flags"),
    Shot("refunds", ADMIN, "/admin?show=refunds&q=demo"),
    Shot("health", ADMIN, "/admin?show=health"),
    Shot("audit", ADMIN, "/admin?show=audit"),
    Shot("overlay", "", "/o/{overlay}?preview=1&chat=1", play_alert),
    Shot("login", "", "/register"),
    Shot("problem", "", "/w/no-such-stream"),
    Shot("reference", "", "/reference"),
)


def buy_tokens(browser: Browser, url: str, password: str) -> str:
    """A pack that the viewer pays at the stand-in of the payment service; the path of the receipt."""
    context = browser.new_context()
    sign_in(context, url, VIEWER, password)
    page = context.new_page()
    page.goto(f"{url}/wallet")
    page.locator(".pack", has_text="550").click()
    page.get_by_role("button", name="Continue to payment").click()
    page.get_by_role("button", name="Pay", exact=True).click()
    page.wait_for_selector("h1:has-text('Receipt')")
    path = urlsplit(page.url).path
    context.close()
    return path


def photograph_all(browser: Browser, url: str, password: str, addresses: dict[str, str]) -> None:
    """Every page in both themes, some of them on phones as well."""
    darkroom = browser.new_page()
    for theme in ("dark", "light"):
        for size, suffix in ((WIDE, ""), (NARROW, "-360")):
            shots = [shot for shot in SHOTS if shot.on_phones or not suffix]
            for who in dict.fromkeys(shot.who for shot in shots):
                options: Any = {"viewport": {"width": size[0], "height": size[1]}, "color_scheme": theme}
                context = browser.new_context(**options, reduced_motion="reduce")
                if who:
                    sign_in(context, url, who, password)
                page = context.new_page()
                for shot in shots:
                    if shot.who == who:
                        page.goto("about:blank")  # from one part of a page to another nothing would be loaded
                        answer = page.goto(url + shot.path.format(**addresses))
                        if answer is None or answer.status >= 500:
                            raise SystemExit(f"{shot.path} is broken, see the logs of the platform")
                        shot.ready(page)
                        photograph(page, darkroom, f"{shot.name}-{theme}{suffix}")
                context.close()


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        sys.exit("Chromium is missing (Debian: apt-get install -y chromium)")
    FOLDER.mkdir(exist_ok=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as home, serving(Peer()) as peer:
        port = free_port()
        env = {
            "LSX_RATE_LIMITS": "off",
            "LSX_DEV_TOPUP": "on",
            "LSX_STRIPE_KEY": "sk_test_peer",
            "LSX_STRIPE_WEBHOOK_SECRET": events.SECRET,
            "LSX_STRIPE_API_BASE": peer.url,
        }
        with Platform(Path(home), port, demo=True, env=env) as platform:
            url = f"http://localhost:{port}"
            peer.webhook_url = f"{platform.url}/api/webhooks/stripe"
            password = demo_password(platform.output)
            scenery = asyncio.run(lay_out(platform, password))
            sys.stdout.write(f"the audience plays for {PLAY_SECONDS} s\n")
            sys.stdout.flush()
            time.sleep(PLAY_SECONDS)
            moment = write_moment(platform, scenery)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
                receipt = buy_tokens(browser, url, password)
                photograph_all(browser, url, password, scenery._asdict() | {"moment": moment, "receipt": receipt})
                browser.close()


if __name__ == "__main__":
    main()
