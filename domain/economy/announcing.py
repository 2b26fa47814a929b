"""Telling people what is left in their wallets, after the commit: every socket of a person hears `wallet:balance`."""

from collections.abc import Mapping
from uuid import UUID

import msgspec
import structlog
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError

from domain.economy.model import Wallet
from livestreamx import keys
from livestreamx.clock import now
from livestreamx.frames import WalletBalance

log = structlog.get_logger("domain.economy")


async def announce_balances(redis: AsyncRedis, held: Mapping[UUID, Wallet]) -> None:
    """Tell each of these people what they have now.

    The commit stands without it, and whoever asked has the balance in the answer: a Redis that is away is only logged.
    """
    try:
        async with redis.pipeline(transaction=False) as pipe:
            for user, wallet in held.items():
                data = WalletBalance(tokens=wallet.tokens, paid=wallet.paid, bonus=wallet.bonus)
                frame = {"event": "wallet:balance", "ts": now(), "data": data}
                pipe.publish(keys.person_channel(user), msgspec.json.encode(frame))
            await pipe.execute()
    except RedisError as error:
        log.warning("balances_not_announced", people=len(held), error=type(error).__name__)
