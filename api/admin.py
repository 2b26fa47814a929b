"""`/api/admin`: what admins see, and what they decide about people's money."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.auth.guards import admin_only
from api.paging import Cursor, Limit, decode_cursor, page_of
from api.schema import Body, Mirror, Page
from domain.accounts.tokens import Claims
from domain.audit import service as audit
from domain.audit.model import Search
from domain.fraud import service as fraud
from domain.fraud.model import FlagKind, FlagState
from livestreamx.engines.postgres import Pool


class AuditEntry(Mirror, frozen=True, kw_only=True):
    """Who did what to whom; `actorId` is null for the platform itself, `about` is the handle of a person it names."""

    id: UUID
    actor_id: UUID | None
    actor: str | None
    about: str | None
    action: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str
    created_at: datetime


class FlagView(Mirror, frozen=True, kw_only=True):
    """Somebody to look at; `subject` is the payment, card or person that it is about."""

    id: UUID
    kind: FlagKind
    user_id: UUID
    handle: str
    subject: str
    evidence: dict[str, Any]
    wallet_locked: bool
    created_at: datetime
    resolved_at: datetime | None
    resolved_by: UUID | None
    note: str | None


class Decision(Body, frozen=True, kw_only=True):
    """Why a flag is closed, and whether the person's wallet may spend again."""

    note: Annotated[str, msgspec.Meta(min_length=1, max_length=500, examples=["A family shares the card"])]
    unlock_wallet: bool = False


class AdminController(Controller):
    path = "/api/admin"
    tags = ("Administration",)
    guards = (admin_only,)

    @get("/audit")
    async def audit(
        self,
        pool: NamedDependency[Pool],
        actor: FromQuery[str | None] = None,
        action: FromQuery[str | None] = None,
        since: FromQuery[datetime | None] = None,
        until: FromQuery[datetime | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[AuditEntry]:
        """The audit log, newest first: by somebody (a handle), of a kind of action, within a span. Admins only."""
        search = Search(actor=actor, action=action, since=since, until=until)
        entries = await audit.read(pool, decode_cursor(cursor, UUID), limit + 1, search)
        return page_of(entries, limit, AuditEntry.of)

    @get("/flags")
    async def flags(
        self,
        pool: NamedDependency[Pool],
        which: Annotated[FlagState, QueryParameter(name="state")] = "open",
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[FlagView]:
        """Flags of abuse, newest first. Admins only."""
        found = await fraud.flags(pool, which, decode_cursor(cursor, UUID), limit + 1)
        return page_of(found, limit, FlagView.of)

    @post("/flags/{flag_id:uuid}/resolve", status_code=200)
    async def resolve_flag(
        self,
        flag_id: FromPath[UUID],
        data: JSONBody[Decision],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        request_id: NamedDependency[str],
    ) -> FlagView:
        """Close a flag, with a note for the audit log. Admins only; 404, 409 `flag_resolved`."""
        resolved = await fraud.resolve(
            pool,
            flag_id,
            admin_id=user.sub,
            note=data.note,
            unlock_wallet=data.unlock_wallet,
            request_id=request_id,
        )
        return FlagView.of(resolved)
