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
PARTING_SECONDS = 2.0
"""How long the last of them have to get their answers and to take leave."""

log = structlog.get_logger("realtime")


async def move_away(sessions: Set[Session], seconds: float) -> None:
    """Ask every session to part within so many seconds, and see them gone; `sessions` is live, and may still grow."""
    loop = asyncio.get_running_loop()
    began, asked = loop.time(), set[Session]()
    while sessions and loop.time() < began + seconds + PARTING_SECONDS:
        waiting = [session for session in sessions if session not in asked]
        left = max(PAUSE_SECONDS, began + seconds - loop.time())
        batch = random.sample(waiting, min(len(waiting), max(BATCH, int(len(waiting) * PAUSE_SECONDS / left))))
        for session in batch:
            session.part(random.randrange(JITTER_MS))  # noqa: S311 spreads load
        asked.update(batch)
        await asyncio.sleep(PAUSE_SECONDS)
    log.info("clients_moved", count=len(asked), staying=len(sessions), seconds=round(loop.time() - began, 2))
