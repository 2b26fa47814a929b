"""Taking a gift back, for admins."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from redis.asyncio import Redis as AsyncRedis

from api.auth.guards import admin_only
from api.schema import Body, View
from domain.accounts.tokens import Claims
from domain.economy import returns
from domain.economy.returns import MOST_REASON_CHARACTERS
from livestreamx.engines.postgres import Pool


class RefundOrder(Body, frozen=True, kw_only=True):
    """Why; it goes into the audit log."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_REASON_CHARACTERS, examples=["stolen card"])]


class RefundView(View, frozen=True, kw_only=True):
    """`isNew` is false for a gift that was refunded before."""

    gift_event_id: UUID
    user_id: UUID
    tokens: Annotated[int, msgspec.Meta(examples=[5])]
    is_new: bool


class RefundController(Controller):
    path = "/api/admin/gifts"
    tags = ("Administration",)
    guards = (admin_only,)

    @post("/{gift_event_id:uuid}/refund", status_code=200, summary="Take a gift back")
    async def refund(
        self,
        gift_event_id: FromPath[UUID],
        data: JSONBody[RefundOrder],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        user: NamedDependency[Claims],
        request_id: NamedDependency[str],
    ) -> RefundView:
        """Tokens go back to the sender; earnings, score, boards and experience are reversed. Admins only."""
        done = await returns.refund_gift(
            pool, redis, actor=user.sub, gift_event_id=gift_event_id, reason=data.reason, request_id=request_id
        )
        return RefundView(
            gift_event_id=done.gift_event_id, user_id=done.user_id, tokens=done.tokens, is_new=done.is_new
        )
