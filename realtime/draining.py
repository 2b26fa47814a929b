"""Moving everybody away before a gateway stops: in batches, each client told its place and when to come back.

A client that comes back to another gateway with that place misses nothing; the jitter keeps them from coming at once.
"""

import asyncio
import random
from collections.abc import Set

import structlog

from realtime.session import Session

PAUSE_SECONDS = 0.05
BATCH = 50
"""So many clients at least move in every pause; more where the time would not suffice."""
JITTER_MS = 500

log = structlog.get_logger("realtime")


async def move_away(sessions: Set[Session], seconds: float) -> None:
    """Part with every session within so many seconds; `sessions` is live: those that still come are moved as well."""
    loop, began, moved = asyncio.get_running_loop(), asyncio.get_running_loop().time(), 0
    asked: set[Session] = set()
    while waiting := [session for session in sessions if session not in asked]:
        left = max(PAUSE_SECONDS, began + seconds - loop.time())
        for session in random.sample(waiting, min(len(waiting), max(BATCH, int(len(waiting) * PAUSE_SECONDS / left)))):
            session.part(random.randrange(JITTER_MS))  # noqa: S311 spreads load
            asked.add(session)
            moved += 1
        await asyncio.sleep(PAUSE_SECONDS)
    log.info("clients_moved", count=moved, seconds=round(loop.time() - began, 2))
