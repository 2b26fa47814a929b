"""Gifts over the socket: the ledger decides, the room learns of it by the event that commits with the charge."""

from redis.asyncio import Redis as AsyncRedis

from domain.economy import service as economy
from domain.economy.coalesce import GiftBatches
from livestreamx.clock import uuid7
from livestreamx.engines.postgres import Pool
from livestreamx.frames import SendGift
from livestreamx.observe.request import request_id
from realtime.session import Session


class Gifts:
    """Sends gifts; one a process."""

    def __init__(self, pool: Pool, redis: AsyncRedis, batches: GiftBatches) -> None:
        self._pool, self._redis, self._batches = pool, redis, batches

    async def send(self, session: Session, request: SendGift) -> dict[str, object]:
        """`{giftEventId, balance}`, the balance in tokens; the refusals of `economy.send_gift`.

        Without an `idempotencyKey` each frame is a gift of its own.
        """
        claims = session.user
        receipt = await economy.send_gift(
            self._pool,
            self._redis,
            sender=claims.sub,
            handle=claims.handle,
            stream_id=session.room.id,
            code=request.code,
            qty=request.qty,
            combo_id=request.comboId,
            idempotency_key=request.idempotencyKey or uuid7().hex,
            request_id=request_id(),
            batches=self._batches,
        )
        return {"giftEventId": receipt.gift_event_id, "balance": receipt.balance.tokens}
