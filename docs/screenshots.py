"""`python -m docs.screenshots`: a demo platform of its own, photographed in both themes into `docs/screenshots/`.

Needs Chromium and the development packages; takes about three minutes, most of them for the audience to play.
"""

import base64
import re
import shutil
import socket
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from docs.palette import write_png
from livestreamx.stack.platform import Platform

FOLDER = Path(__file__).parent / "screenshots"
CREATOR, VIEWER = "nova_plays", "demo"
WIDE, NARROW = (1280, 800), (360, 740)
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


def stream_of(url: str, creator: str) -> str:
    """The creator's live stream."""
    live = httpx.get(f"{url}/api/streams", params={"status": "live", "limit": 50}).json()["items"]
    return next(str(stream["id"]) for stream in live if stream["creator"] == creator)


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


def show_watch(page: Page, url: str, stream: str) -> None:
    """The watch page with a gift in the air."""
    page.goto(f"{url}/w/{stream}")
    page.wait_for_selector("#connection[data-state=open]")
    page.get_by_role("button", name="Confetti").click()
    page.wait_for_selector(".alert")
    page.wait_for_timeout(900)


def show_charts(page: Page, url: str, stream: str) -> None:
    """The dashboard with its numbers."""
    page.goto(f"{url}/studio/{stream}")
    page.wait_for_selector("#panel-viewers[data-state=ready]", timeout=60_000)
    page.wait_for_timeout(500)


def photograph_all(browser: Browser, url: str, password: str) -> None:
    """Home, watch, studio and wallet; dark and light, and the watch page on a phone."""
    stream = stream_of(url, CREATOR)
    darkroom = browser.new_page()
    for theme in ("dark", "light"):
        for size, suffix in ((WIDE, ""), (NARROW, "-360")):
            options = {"viewport": {"width": size[0], "height": size[1]}, "color_scheme": theme}
            viewer = browser.new_context(**options)  # type: ignore[arg-type]
            sign_in(viewer, url, VIEWER, password)
            page = viewer.new_page()
            show_watch(page, url, stream)
            photograph(page, darkroom, f"watch-{theme}{suffix}")
            page.goto(f"{url}/")
            page.wait_for_timeout(800)
            photograph(page, darkroom, f"home-{theme}{suffix}")
            if suffix:
                viewer.close()
                continue
            page.goto(f"{url}/wallet")
            photograph(page, darkroom, f"wallet-{theme}")
            viewer.close()
            creator = browser.new_context(**options)  # type: ignore[arg-type]
            sign_in(creator, url, CREATOR, password)
            page = creator.new_page()
            show_charts(page, url, stream)
            photograph(page, darkroom, f"studio-{theme}")
            creator.close()


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        sys.exit("Chromium is missing (Debian: apt-get install -y chromium)")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        env = {"LSX_RATE_LIMITS": "off", "LSX_DEV_TOPUP": "on"}
        with Platform(Path(home), free_port(), demo=True, env=env) as platform:
            sys.stdout.write(f"the audience plays for {PLAY_SECONDS} s\n")
            sys.stdout.flush()
            time.sleep(PLAY_SECONDS)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
                photograph_all(browser, platform.url, demo_password(platform.output))
                browser.close()


if __name__ == "__main__":
    main()
