"""How long the server takes for the first paint of each page, while viewers chat, react and give beside it.

`python -m bench.pages [--viewers 200] [--rounds 60]` starts a platform of its own; the audience is a second process.
"""

import argparse
import asyncio
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil
from rich.console import Console
from rich.table import Table

from bench.fanout import free_port
from livestreamx.client import Account
from livestreamx.stack.platform import Platform

PASSWORD = secrets.token_urlsafe(12)
GOAL_MS = 300
WARM = 5
PAUSE_SECONDS = 0.02


async def open_show(http: httpx.AsyncClient) -> tuple[Account, str]:
    """A creator who is live."""
    creator = await Account.register(http, f"host_{secrets.token_hex(4)}", PASSWORD)
    await creator.become_creator()
    return creator, await creator.go_live("A show that two hundred watch", category="Talk", language="en")


async def sign_in(url: str, handle: str) -> httpx.AsyncClient:
    """A browser's requests: with the cookies of the session, over one connection, compressed."""
    http = httpx.AsyncClient(base_url=url, timeout=60, headers={"accept": "text/html", "origin": url})
    answer = await http.post(
        "/api/auth/login", json={"handle": handle, "password": PASSWORD, "cookies": True}, headers={"origin": url}
    )
    answer.raise_for_status()
    # As browsers do on loopback; the client's own jar keeps cookies of secure places from plain HTTP.
    http.headers["cookie"] = "; ".join(one.split(";")[0] for one in answer.headers.get_list("set-cookie"))
    return http


async def measure(http: httpx.AsyncClient, path: str, rounds: int) -> list[float]:
    """Milliseconds until the whole page was there, after a few that are not counted."""
    took = []
    for number in range(rounds + WARM):
        began = time.perf_counter()
        answer = await http.get(path)
        answer.raise_for_status()
        if number >= WARM:
            took.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(PAUSE_SECONDS)
    return sorted(took)


async def run(platform: Platform, viewers: int, rounds: int) -> None:
    url = f"http://localhost:{platform.port}"
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        creator, stream = await open_show(http)
        await Account.register(http, viewer := f"ada_{secrets.token_hex(4)}", PASSWORD)
        command = ["livestreamx.simulate", "--viewers", str(viewers), "--seconds", "0", "--url", url]
        with subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.PIPE, text=True) as audience:
            try:
                assert audience.stdout is not None
                await asyncio.to_thread(audience.stdout.readline)
                seen, host = await sign_in(url, viewer), await sign_in(url, creator.handle)
                pages = [(http, "/login"), (http, f"/w/{stream}"), (seen, "/"), (seen, f"/w/{stream}")]
                pages += [(seen, path) for path in ("/search?q=show", f"/u/{creator.handle}", "/wallet", "/me")]
                pages += [(host, path) for path in ("/studio", f"/studio/{stream}", "/studio/channel", "/mod")]
                await asyncio.sleep(10)
                await report(platform, pages, rounds)
                await seen.aclose()
                await host.aclose()
            finally:
                audience.terminate()


async def report(platform: Platform, pages: list[tuple[httpx.AsyncClient, str]], rounds: int) -> None:
    """One row a page; the processor time is that of the API, what the audience costs it included."""
    table = Table("page", "p50 ms", "p95 ms", "p99 ms", "", title=f"load {psutil.getloadavg()[0]:.1f}")
    api, began = psutil.Process(platform.pid("api")), time.perf_counter()
    used = sum(api.cpu_times()[:2])
    for http, path in pages:
        took = await measure(http, path, rounds)
        p50, p95, p99 = (took[min(len(took) - 1, int(len(took) * share))] for share in (0.5, 0.95, 0.99))
        told = "ok" if p95 <= GOAL_MS else "SLOW"
        table.add_row(path.split("?")[0][:24], f"{p50:.0f}", f"{p95:.0f}", f"{p99:.0f}", told)
    share = (sum(api.cpu_times()[:2]) - used) / (time.perf_counter() - began)
    Console().print(table, f"the API used {share:.0%} of a core meanwhile")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=60)
    given = parser.parse_args()
    env = {"LSX_RATE_LIMITS": "off", "LSX_DEV_TOPUP": "on"}
    with tempfile.TemporaryDirectory() as home, Platform(Path(home), free_port(), env=env) as platform:
        asyncio.run(run(platform, given.viewers, given.rounds))


if __name__ == "__main__":
    main()
