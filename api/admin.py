"""`/api/admin`: what admins see."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency

from api.auth.identity import require_role
from api.paging import Cursor, Limit, decode_cursor, encode_cursor
from api.schema import Page, View
from domain.accounts.tokens import Claims
from domain.audit import service as audit
from livestreamx.engines.postgres import Pool


class AuditEntry(View, frozen=True, kw_only=True):
    """Who did what to whom; `actorId` is null for the platform itself."""

    id: UUID
    actor_id: UUID | None
    action: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str
    created_at: datetime


class AdminController(Controller):
    path = "/api/admin"
    tags = ("Administration",)

    @get("/audit")
    async def audit(
        self, user: NamedDependency[Claims], pool: NamedDependency[Pool], cursor: Cursor = None, limit: Limit = 50
    ) -> Page[AuditEntry]:
        """The audit log, newest first. Admins only."""
        require_role(user, "admin")
        entries = await audit.read(pool, decode_cursor(cursor, UUID), limit)
        last = encode_cursor(entries[-1].id) if len(entries) == limit else None
        return Page(items=tuple(AuditEntry(**msgspec.structs.asdict(entry)) for entry in entries), next_cursor=last)
