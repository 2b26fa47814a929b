"""Gifts over the socket: the ledger decides, the room learns of it by the event that commits with the charge."""

from domain.commands.service import GiftDesk
from domain.fraud.guard import GiftGuard
from livestreamx.clock import uuid7
from livestreamx.frames import SendGift
from livestreamx.frames.answers import GiftCharged
from livestreamx.observe.request import request_id
from realtime.session import Session


class Gifts:
    """Sends gifts; one a process."""

    def __init__(self, desk: GiftDesk, guard: GiftGuard) -> None:
        self._desk, self._guard = desk, guard

    async def send(self, session: Session, request: SendGift) -> GiftCharged:
        """The refusals of `GiftDesk.send` and `GiftGuard`.

        Without an `idempotencyKey` each frame is a gift of its own.
        """
        claims = session.user
        key = request.idempotencyKey or uuid7().hex
        admitted = self._guard.admitted(
            claims, session.room.id, code=request.code, qty=request.qty, key=key, request_id=request_id()
        )
        async with admitted:
            receipt = await self._desk.send(
                sender=claims.sub,
                handle=claims.handle,
                stream_id=session.room.id,
                code=request.code,
                qty=request.qty,
                combo_id=request.comboId,
                args=request.args,
                idempotency_key=key,
                request_id=request_id(),
            )
        return GiftCharged(giftEventId=receipt.gift_event_id, balance=receipt.balance.tokens)
