"""What time brings to connections: pings, silent and stuck peers, expired tokens, anonymous viewers.

Everybody is looked at once in a round, a share at each tick: with thousands connected, no tick holds up the frames.
"""

import asyncio
from collections.abc import Set

from livestreamx.clock import now_ms
from livestreamx.observe.metrics import Metrics
from realtime.connection import Connection
from realtime.identity import Identity
from realtime.presence import ANONYMOUS_AFTER_MS, Presence
from realtime.session import Session, Spawn
from realtime.wire import Close

TICK_SECONDS = 0.1
TICKS = 10
"""Ticks in a round."""
PING_SECONDS = 20.0
PONG_SECONDS = 20.0
STALL_SECONDS = 5.0
"""How long a peer may take nothing of what waits for it."""
PRIVATE_SECONDS = 5.0
"""How long a private stream's owner has to sign in."""


class Sweep:
    """Goes around the sessions of a gateway; `sessions` is live."""

    def __init__(
        self, sessions: Set[Session], metrics: Metrics, presence: Presence, identity: Identity, spawn: Spawn
    ) -> None:
        self._sessions, self._metrics = sessions, metrics
        self._presence, self._identity, self._spawn = presence, identity, spawn
        self._round: list[Session] = []
        self._share = 0

    async def tick(self) -> None:
        """Look at the next share of them."""
        if not self._round:
            self._round = list(self._sessions)
            self._share = -(-len(self._round) // TICKS)
        at, at_ms = asyncio.get_running_loop().time(), now_ms()
        for session in self._round[-self._share :]:
            if session in self._sessions:
                self._look_at(session, at, at_ms)
        del self._round[-self._share :]

    def _look_at(self, session: Session, at: float, at_ms: int) -> None:
        self._look_at_connection(session.connection, at)
        if session.claims and session.claims.exp * 1000 <= at_ms:
            self._spawn(self._identity.expire(session))
        if not session.greeted and session.generation and at_ms - session.named_at > ANONYMOUS_AFTER_MS:
            session.greeted = True
            self._spawn(self._presence.enter(session))
        elif self._presence.is_behind(session):
            self._spawn(self._presence.follow(session))
        if session.room.private and session.generation == 0 and at_ms - session.named_at > PRIVATE_SECONDS * 1000:
            session.connection.close(Close.NO_SUCH_STREAM, "there is no such stream")

    def _look_at_connection(self, connection: Connection, at: float) -> None:
        connection.noise = 0
        if connection.stalled_at and at - connection.stalled_at > STALL_SECONDS:
            self._metrics.drops.labels("too_slow").inc()
            connection.close(Close.TOO_SLOW, "too slow: resume from your last seq")
        elif connection.held or connection.closing:
            return
        elif connection.pinged and at - connection.heard_at > PING_SECONDS + PONG_SECONDS:
            self._metrics.drops.labels("silent").inc()
            connection.abort()
        elif not connection.pinged and at - connection.heard_at > PING_SECONDS:
            connection.ping()
