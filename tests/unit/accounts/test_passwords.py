"""Passwords are hashed with the parameters that were chosen, and nobody's password fits no account."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from domain.accounts.passwords import Passwords


@pytest.fixture(scope="module")
def passwords() -> Iterator[Passwords]:
    passwords = Passwords()
    yield passwords
    passwords.close()


async def test_only_the_password_fits(passwords: Passwords) -> None:
    kept = await passwords.hash("correct horse")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.verify(kept, "correct horse")
    assert not await passwords.verify(kept, "correct horse ")
    assert not await passwords.verify("not a hash", "correct horse")


async def test_no_account_fits_no_password_and_takes_as_long(passwords: Passwords) -> None:
    kept = await passwords.hash("correct horse")

    async def work(hashed: str | None) -> float:
        """Seconds of computing, whoever else computes on this machine."""
        began = time.process_time()
        assert not await passwords.verify(hashed, "nobody has this password" if hashed is None else "wrong")
        return time.process_time() - began

    rounds = [(await work(kept), await work(None)) for _ in range(9)]
    known, unknown = map(min, zip(*rounds, strict=True))
    assert 0.5 < unknown / known < 2


async def test_hashing_leaves_the_loop_free(passwords: Passwords) -> None:
    hashing = asyncio.gather(*(passwords.hash("x" * 256) for _ in range(6)))
    turns = 0
    while not hashing.done():
        turns += 1
        await asyncio.sleep(0)
    await hashing
    assert turns > 10
