"""What a flood of chat does to the watch page in Chromium: frames painted a second, memory, DOM.

`python -m bench.watch_page [--seconds 600] [--rate 50]`; no GPU is used, so painting costs the processor too.
"""

import argparse
import asyncio
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
from playwright.async_api import CDPSession, Page, async_playwright

from bench.fanout import free_port
from livestreamx.client import Account
from livestreamx.clock import now, uuid7
from livestreamx.engines.bus import PlainRoomBus
from livestreamx.engines.redis import connect_plain
from livestreamx.frames import ChatShown
from livestreamx.frames.room import Person
from livestreamx.stack.platform import Platform

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
AUTHORS = 200
GOAL = 30
"""Frames a second."""
SETTLING_SECONDS = 10
COUNT = """() => {
  window.painted = [];
  let second = Math.floor(performance.now() / 1000), frames = 0;
  const count = () => {
    const at = Math.floor(performance.now() / 1000);
    if (at !== second) {
      window.painted.push(frames, ...Array(at - second - 1).fill(0));
      [second, frames] = [at, 0];
    }
    frames++;
    requestAnimationFrame(count);
  };
  requestAnimationFrame(count);
}"""


def flood(platform: Platform, stream: str, rate: int, until: float) -> int:
    """Put chat lines into the room, evenly, until then; how many."""
    people = [
        Person(id=uuid7(), handle=f"viewer_{number}", level=1 + number % 20, badges=("first_gift", "streak_7"))
        for number in range(AUTHORS)
    ]
    words = "that was so close, one more round please and then the crown is yours".split()
    sent, began = 0, time.monotonic()
    with connect_plain(platform.settings.redis_url) as redis:
        bus = PlainRoomBus(redis)
        while (at := time.monotonic()) < until:
            due = int((at - began) * rate) - sent
            frames = [
                ChatShown(
                    messageId=uuid7(),
                    user=people[(sent + more) % AUTHORS],
                    text=" ".join(words[: 3 + (sent + more) % 12]),
                    createdAt=now(),
                )
                for more in range(due)
            ]
            bus.publish_all([(UUID(stream), "chat:message", frame, None) for frame in frames])
            sent += due
            time.sleep(1 / rate)
    return sent


async def weigh(session: CDPSession) -> dict[str, float]:
    """Heap in MB after a collection, DOM nodes, listeners, and seconds that script, style and layout took so far."""
    await session.send("HeapProfiler.collectGarbage")
    metrics: dict[str, Any] = await session.send("Performance.getMetrics")
    found = {one["name"]: one["value"] for one in metrics["metrics"]}
    names = ("Nodes", "JSEventListeners", "ScriptDuration", "RecalcStyleDuration", "LayoutDuration")
    return {"heap MB": found["JSHeapUsedSize"] / 1e6} | {name: found[name] for name in names}


def browser_seconds() -> float:
    """Processor time that the browser and its children have used so far."""
    ours = [one for one in psutil.Process().children(recursive=True) if "chrom" in one.name()]
    return float(sum(sum(one.cpu_times()[:2]) for one in ours))


async def watch(page: Page, platform: Platform, stream: str, seconds: float, rate: int) -> None:
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    await page.goto(f"http://localhost:{platform.port}/w/{stream}")
    await page.wait_for_selector("#connection[data-state=open]")
    flooding = asyncio.create_task(asyncio.to_thread(flood, platform, stream, rate, time.monotonic() + seconds))
    await asyncio.sleep(SETTLING_SECONDS)
    first, used = await weigh(session), browser_seconds()
    await page.evaluate(COUNT)
    began, load = time.monotonic(), []
    while not flooding.done():
        await asyncio.wait([flooding], timeout=10)
        load.append(psutil.getloadavg()[0])
    sent = await flooding
    painted = sorted((await page.evaluate("window.painted"))[1:])
    last, share = await weigh(session), (browser_seconds() - used) / (time.monotonic() - began)
    lines = await page.locator("#chat-log li").count()
    mean = sum(painted) / len(painted)
    print(f"{sent} messages in {seconds:.0f} s, {lines} lines shown; load {min(load):.1f} to {max(load):.1f}")
    worst, slow = painted[len(painted) // 20], sum(frames < GOAL for frames in painted)
    print(f"frames/s: mean {mean:.0f}, worst twentieth {worst}; {slow} of {len(painted)} s under {GOAL}")
    print(f"all of the browser: {share:.0%} of a core")
    for name in first:
        print(f"{name}: {first[name]:.2f} at {SETTLING_SECONDS} s, {last[name]:.2f} at the end")


async def run(platform: Platform, seconds: float, rate: int) -> None:
    url = f"http://localhost:{platform.port}"
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        creator = await Account.register(http, f"host_{secrets.token_hex(4)}", secrets.token_urlsafe(12))
        await creator.become_creator()
        stream = await creator.go_live("A flood")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        sys.exit("Chromium is missing (Debian: apt-get install -y chromium)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        await watch(page, platform, stream, seconds, rate)
        await browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--rate", type=int, default=50)
    given = parser.parse_args()
    env = {"LSX_RATE_LIMITS": "off"}
    with tempfile.TemporaryDirectory() as home, Platform(Path(home), free_port(), env=env) as platform:
        asyncio.run(run(platform, given.seconds, given.rate))


if __name__ == "__main__":
    main()
