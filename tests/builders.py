"""What tests are made of: people, streams and conditions to wait for."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx

from livestreamx.client import Account

T = TypeVar("T")


async def make_user(http: httpx.AsyncClient, prefix: str = "user") -> Account:
    """A new viewer, with the sign-up tokens."""
    return await Account.register(http, f"{prefix}_{secrets.token_hex(5)}"[:20], secrets.token_urlsafe(12))


async def make_creator(http: httpx.AsyncClient, prefix: str = "creator") -> Account:
    """A new creator, with an access token that says so."""
    creator = await make_user(http, prefix)
    await creator.become_creator()
    return creator


async def go_live(http: httpx.AsyncClient, title: str = "Fall Guys with friends") -> tuple[Account, str]:
    """A creator who is live, and the stream's id."""
    creator = await make_creator(http)
    return creator, await creator.go_live(title, category="Fall Guys", tags=["party"], language="en")


async def eventually(read: Callable[[], Awaitable[T]], holds: Callable[[T], bool], seconds: float = 60) -> T:
    """The value once it holds; an assertion with the last one seen when it never does."""
    began = time.monotonic()
    while not holds(value := await read()):
        assert time.monotonic() - began < seconds, f"after {seconds} s still {value!r}"
        await asyncio.sleep(0.05)
    return value
