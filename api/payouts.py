"""Payouts over REST: a creator's earnings, asking for them, the monthly statement, and the review by admins."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.auth.guards import admin_only, creator_only
from api.paging import Cursor, Limit, decode_cursor, page_of
from api.schema import Body, Mirror, Page, View
from api.wallet import IdempotencyKey
from domain.accounts.tokens import Claims
from domain.payouts import service
from domain.payouts.model import CURRENCY, Payout, PayoutState, Step
from domain.payouts.statement import statement
from livestreamx.engines.postgres import Pool

Cents = Annotated[int, msgspec.Meta(examples=[2500], description="cents of USD")]


class EarningsView(Mirror, frozen=True, kw_only=True):
    """In cents. `pending` earnings mature after 14 days, `contested` ones wait for a dispute of their payment."""

    pending: Cents
    contested: Cents
    available: Cents
    in_payout: Cents
    paid: Cents
    debt: Cents


class PayoutView(View, frozen=True, kw_only=True):
    """Earnings on their way out; `failed` and `rejected` ones are available again."""

    id: UUID
    creator_id: UUID
    handle: str
    amount_minor: Cents
    currency: Annotated[str, msgspec.Meta(examples=[CURRENCY])]
    state: PayoutState
    requested_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, payout: Payout) -> "PayoutView":
        return cls(currency=CURRENCY, **msgspec.structs.asdict(payout))


class PayoutOrder(Body, frozen=True, kw_only=True):
    amount_minor: Annotated[int, msgspec.Meta(ge=1, le=10**12, examples=[2500], description="cents of USD")]


class PayoutStep(Body, frozen=True, kw_only=True):
    """Where it goes, and why; it goes into the audit log."""

    state: Step
    note: Annotated[str, msgspec.Meta(min_length=1, max_length=500, examples=["Identity checked"])]


class PayoutController(Controller):
    path = "/api/payouts"
    tags = ("Payouts",)
    guards = (creator_only,)

    @get("/earnings", summary="Where your earnings are")
    async def read_earnings(self, pool: NamedDependency[Pool], user: NamedDependency[Claims]) -> EarningsView:
        return EarningsView.of(await service.earnings(pool, user.sub))

    @post(summary="Ask for available earnings to be paid")
    async def request_payout(
        self,
        data: JSONBody[PayoutOrder],
        pool: NamedDependency[Pool],
        user: NamedDependency[Claims],
        request_id: NamedDependency[str],
        idempotency_key: IdempotencyKey,
    ) -> PayoutView:
        """At least 20 USD. 402 `insufficient_earnings`, 422 `payout_too_small`, 409 `payout_open` and others."""
        asked = await service.request(
            pool,
            creator_id=user.sub,
            amount_minor=data.amount_minor,
            idempotency_key=idempotency_key,
            request_id=request_id,
        )
        return PayoutView.of(asked)

    @get(summary="Your payouts, newest first")
    async def list_payouts(
        self, pool: NamedDependency[Pool], user: NamedDependency[Claims], cursor: Cursor = None, limit: Limit = 20
    ) -> Page[PayoutView]:
        before = decode_cursor(cursor, UUID)
        found = await service.payouts(pool, before, limit + 1, creator_id=user.sub)
        return page_of(found, limit, PayoutView.of)

    @get("/statement", media_type="text/csv", summary="A month of your earnings, as CSV")
    async def read_statement(
        self, pool: NamedDependency[Pool], user: NamedDependency[Claims], month: FromQuery[str]
    ) -> Response[str]:
        """`month` as `2026-01` (UTC). Columns: at, kind, gift, and gross, fee, reversal and net in USD."""
        text = await statement(pool, user.sub, month)
        named = {"content-disposition": f'attachment; filename="earnings-{month}.csv"'}
        return Response(text, media_type="text/csv", headers=named)


class PayoutReviewController(Controller):
    path = "/api/admin/payouts"
    tags = ("Administration",)
    guards = (admin_only,)

    @get(summary="Payouts to look at, newest first")
    async def list_payouts(
        self,
        pool: NamedDependency[Pool],
        which: Annotated[PayoutState | None, QueryParameter(name="state")] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[PayoutView]:
        """Admins only."""
        found = await service.payouts(pool, decode_cursor(cursor, UUID), limit + 1, state=which)
        return page_of(found, limit, PayoutView.of)

    @post("/{payout_id:uuid}", status_code=200, summary="Take a payout one step on")
    async def move(
        self,
        payout_id: FromPath[UUID],
        data: JSONBody[PayoutStep],
        pool: NamedDependency[Pool],
        user: NamedDependency[Claims],
        request_id: NamedDependency[str],
    ) -> PayoutView:
        """requested, review, approved, processing, then paid or failed; or rejected before it is processed.

        Admins only; 404, 409 `payout_stale` (look again) or `payouts_blocked` (the books do not agree).
        """
        moved = await service.move(
            pool, payout_id, data.state, admin_id=user.sub, note=data.note, request_id=request_id
        )
        return PayoutView.of(moved)
