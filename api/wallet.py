"""A person's own wallet: what it holds, what moved it, and the development top-up."""

from datetime import datetime
from operator import attrgetter
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, HeaderParameter, JSONBody
from redis.asyncio import Redis as AsyncRedis

from api.paging import Cursor, Limit, decode_cursor, page_of
from api.schema import Body, Page, View
from domain.accounts.tokens import Claims
from domain.economy import returns, service
from domain.economy.model import MOST_KEY_CHARACTERS, Bucket, LedgerEntry, LedgerPlace, Wallet
from livestreamx.engines.postgres import Pool, connection
from livestreamx.errors import Forbidden
from livestreamx.settings import Settings

IdempotencyKey = Annotated[
    str,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=MOST_KEY_CHARACTERS,
        description="Names the request: repeated with the same body it gives the same answer and happens once.",
    ),
]
OptionalIdempotencyKey = Annotated[str | None, HeaderParameter(name="Idempotency-Key", max_length=MOST_KEY_CHARACTERS)]


class WalletView(View, frozen=True, kw_only=True):
    """Whole tokens; `tokens = paid + bonus`, and bonus tokens are spent first. A locked wallet cannot spend."""

    tokens: Annotated[int, msgspec.Meta(examples=[95])]
    paid: Annotated[int, msgspec.Meta(examples=[0])]
    bonus: Annotated[int, msgspec.Meta(examples=[95])]
    locked: Annotated[bool, msgspec.Meta(examples=[False])]

    @classmethod
    def of(cls, held: Wallet) -> "WalletView":
        return cls(tokens=held.tokens, paid=held.paid, bonus=held.bonus, locked=held.locked)


class LedgerEntryView(View, frozen=True, kw_only=True):
    """One transaction's effect on one bucket of an account; `refId` is the stream of a gift."""

    txn_id: UUID
    account: Annotated[UUID, msgspec.Meta(description="whose wallet it is")]
    bucket: Bucket
    delta: Annotated[int, msgspec.Meta(examples=[-5])]
    reason: Annotated[str, msgspec.Meta(examples=["gift"])]
    ref_id: UUID | None
    gift_code: Annotated[str | None, msgspec.Meta(examples=["HEART"])]
    qty: Annotated[int | None, msgspec.Meta(examples=[1])]
    balance_after: Annotated[int, msgspec.Meta(examples=[95])]
    created_at: datetime

    @classmethod
    def of(cls, entry: LedgerEntry, owner: UUID) -> "LedgerEntryView":
        return cls(
            txn_id=entry.txn_id,
            account=owner,
            bucket=entry.bucket,
            delta=entry.delta,
            reason=entry.reason,
            ref_id=entry.ref_id,
            gift_code=entry.gift_code,
            qty=entry.qty,
            balance_after=entry.balance_after,
            created_at=entry.created_at,
        )


class TopUp(Body, frozen=True, kw_only=True):
    amount: Annotated[int, msgspec.Meta(ge=1, le=1000, examples=[50], description="whole tokens")]


class WalletController(Controller):
    path = "/api/wallet"
    tags = ("Wallet",)

    @get(summary="What you can spend")
    async def read_wallet(self, pool: NamedDependency[Pool], user: NamedDependency[Claims]) -> WalletView:
        async with connection(pool) as db:
            return WalletView.of(await service.wallet(db, user.sub))

    @get("/ledger", summary="What moved your wallet, newest first")
    async def read_ledger(
        self,
        pool: NamedDependency[Pool],
        user: NamedDependency[Claims],
        cursor: Cursor = None,
        limit: Limit = 20,
    ) -> Page[LedgerEntryView]:
        before = decode_cursor(cursor, LedgerPlace)
        entries = await service.ledger_page(pool, user.sub, before, limit + 1)
        return page_of(entries, limit, lambda entry: LedgerEntryView.of(entry, user.sub), attrgetter("place"))

    @get("/statement", media_type="text/csv", summary="A month of your wallet, as CSV")
    async def read_statement(
        self, pool: NamedDependency[Pool], user: NamedDependency[Claims], month: FromQuery[str]
    ) -> Response[str]:
        """`month` as `2026-01` (UTC). Columns: at, transaction, bucket, reason, gift, qty, tokens."""
        text = await returns.statement(pool, user.sub, month)
        named = {"content-disposition": f'attachment; filename="statement-{month}.csv"'}
        return Response(text, media_type="text/csv", headers=named)

    @post("/topup", status_code=200, summary="Bonus tokens for development")
    async def top_up(
        self,
        data: JSONBody[TopUp],
        settings: NamedDependency[Settings],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        user: NamedDependency[Claims],
        request_id: NamedDependency[str],
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> WalletView:
        """Only where the platform runs with `LSX_DEV_TOPUP=1`; else 403 `topup_off`."""
        if not settings.dev_topup:
            raise Forbidden("Top-ups are for development and off here", code="topup_off")
        held = await service.top_up(
            pool,
            redis,
            user_id=user.sub,
            tokens=data.amount,
            idempotency_key=idempotency_key,
            request_id=request_id,
        )
        return WalletView.of(held)
