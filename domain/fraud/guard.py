"""What every gift passes: limits of speed before it is charged, and a look for gifts in circles after it.

A retry counts once, because sends are kept under their own keys; a Redis that is away refuses nobody (`speed.py`).
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import structlog
from redis.asyncio import Redis as AsyncRedis

from domain.accounts.tokens import Claims
from domain.economy import service as economy
from domain.fraud import service
from domain.fraud.model import VelocityLimit, account_age
from domain.fraud.speed import SENDS, TOKENS, Send, SpeedLimits, Verdict
from livestreamx.engines.postgres import Pool, transaction
from livestreamx.errors import DomainError, TooMany
from livestreamx.settings import Settings

CATALOGUE_SECONDS = 2.0

log = structlog.get_logger("domain.fraud")


class GiftGuard:
    """Admits gifts; one a process, for it remembers for a moment what they cost."""

    def __init__(self, pool: Pool, redis: AsyncRedis, settings: Settings) -> None:
        self._pool, self._settings = pool, settings
        self._speed = SpeedLimits(pool, redis, settings)
        self._prices: dict[str, int] = {}
        self._read_at = -CATALOGUE_SECONDS

    @asynccontextmanager
    async def admitted(
        self, claims: Claims, stream_id: UUID, *, code: str, qty: int, key: str, request_id: str
    ) -> AsyncIterator[None]:
        """Send one gift inside; what the ledger refuses gives its tokens back to the hour's allowance.

        `TooMany` for too many sends, `VelocityLimit` for too many tokens of a young account; it is flagged then.
        """
        tokens = await self._cost(claims.sub, code, qty)
        send = Send(claims.sub, key, tokens)
        async with self._speed.judged(send) as verdict:
            await self._refuse(send, verdict, request_id)
            try:
                yield
            except DomainError:
                await self._speed.forget(send)
                raise
        if "creator" in claims.roles:  # only somebody who receives gifts can be part of a circle
            await service.look_for_ring(self._pool, claims.sub, stream_id, request_id=request_id)

    async def _refuse(self, send: Send, verdict: Verdict, request_id: str) -> None:
        rule, wait = self._settings, verdict.wait_ms
        if verdict.refused_by == SENDS:
            raise TooMany(
                f"You sent {rule.gift_sends} gifts within {rule.gift_window_seconds:g} seconds, which is the most: the "
                f"next one can go in {-(-wait // 1000)} s",
                retry_after_ms=wait,
            )
        if verdict.refused_by == TOKENS:
            await self._flag(send.sender, send.tokens, request_id)
            raise VelocityLimit(
                f"An account younger than {rule.young_account_days} days gives at most {rule.young_account_tokens} "
                f"tokens an hour, to protect you from theft of your account; there is room again in "
                f"{-(-wait // 60_000)} min",
                retry_after_ms=wait,
            )

    async def _cost(self, sender: UUID, code: str, qty: int) -> int:
        """Tokens that count against a young account, 0 for an older one; what cannot be sent costs nothing."""
        if account_age(sender) >= timedelta(days=self._settings.young_account_days):
            return 0
        if time.monotonic() - self._read_at > CATALOGUE_SECONDS:
            self._prices = {gift.code: gift.token_cost for gift in await economy.catalogue(self._pool)}
            self._read_at = time.monotonic()  # only now: whoever asks meanwhile reads it too
        return max(0, self._prices.get(code, 0) * qty)

    async def _flag(self, sender: UUID, tokens: int, request_id: str) -> None:
        async with transaction(self._pool) as db:
            await service.flag(db, "velocity", sender, str(sender), {"wanted": tokens}, request_id=request_id)
        log.warning("velocity_limit", user_id=str(sender), tokens=tokens)
