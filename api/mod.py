"""What waits for moderators besides messages: reports, unban requests, and the log of what they did."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from clickhouse_connect.driver.asyncclient import AsyncClient
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from redis.asyncio import Redis as AsyncRedis

from api.admin import AuditEntry
from api.paging import Cursor, Limit, decode_cursor, page_of
from api.schema import Body, Page, View
from domain.accounts.tokens import Claims
from domain.audit import service as audit
from domain.audit.model import Search
from domain.chat.model import UnknownMessage
from domain.chat.queries import said_in_history
from domain.chat.service import ChatDesk, said_where
from domain.moderation import appeals, reports
from domain.moderation.model import MOST_REASON, Appeal, AppealState, Report, ReportState
from domain.moderation.news import tell_answer, tell_standing
from domain.moderation.service import require_moderator
from livestreamx.engines import throttle as limits
from livestreamx.engines.postgres import Pool, connection
from livestreamx.errors import Invalid

REPORTS = limits.Limit("report", 10, 600)
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_REASON, examples=["Insults in every message"])]


class NewReport(Body, frozen=True, kw_only=True):
    """What is wrong in a stream: a message, or a person."""

    stream_id: UUID
    message_id: UUID | None = None
    user_id: UUID | None = None
    reason: Reason


class ReportView(View, frozen=True, kw_only=True):
    """A report about `handle`; `excerpt` is the message as it was when it was reported."""

    id: UUID
    stream_id: UUID
    creator_id: UUID
    user_id: UUID
    handle: str
    message_id: UUID | None
    excerpt: str
    reason: str
    state: ReportState
    decided_by: UUID | None
    created_at: datetime

    @classmethod
    def of(cls, report: Report) -> "ReportView":
        return msgspec.convert(report, cls, from_attributes=True)


class Plea(Body, frozen=True, kw_only=True):
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_REASON, examples=["I will not do it again"])]


class Answer(Body, frozen=True, kw_only=True):
    answer: Annotated[str, msgspec.Meta(max_length=MOST_REASON, examples=["Welcome back"])] = ""


class AppealView(View, frozen=True, kw_only=True):
    """What a banned person asks, and the answer."""

    id: UUID
    creator_id: UUID
    user_id: UUID
    handle: str
    text: str
    state: AppealState
    answer: str
    created_at: datetime

    @classmethod
    def of(cls, appeal: Appeal) -> "AppealView":
        return msgspec.convert(appeal, cls, from_attributes=True)


class ReportsController(Controller):
    path = "/api"
    tags = ("Moderation",)

    @post("/reports")
    async def file(
        self,
        data: JSONBody[NewReport],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        clickhouse: NamedDependency[AsyncClient],
        throttle: NamedDependency[limits.Throttle],
        chat: NamedDependency[ChatDesk],
        request_id: NamedDependency[str],
    ) -> ReportView:
        """Report a message or a person to the channel's moderators. 403 `self_report`, 404, 409 `already_reported`."""
        await throttle.require((REPORTS, str(user.sub)))
        target, excerpt = data.user_id, ""
        if data.message_id is not None:
            said = await said_where(redis, data.message_id) or await said_in_history(clickhouse, data.message_id)
            if said is None or said.stream_id != data.stream_id or target not in (None, said.user_id):
                raise UnknownMessage()
            shown = await chat.showing.recent(data.stream_id, data.message_id)
            target, excerpt = said.user_id, shown.text if shown else ""
        if target is None:
            raise Invalid("messageId or userId: one of them at least")
        complaint = reports.Complaint(
            stream_id=data.stream_id,
            user_id=target,
            reason=data.reason,
            message_id=data.message_id,
            excerpt=excerpt,
        )
        return ReportView.of(await reports.file(pool, complaint, user, request_id))

    @get("/mod/reports")
    async def waiting(
        self,
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        channel: FromQuery[UUID | None] = None,
        which: Annotated[ReportState, QueryParameter(name="state")] = "open",
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[ReportView]:
        """Reports of one channel, or of all that one moderates (admins: of all), newest first."""
        before = decode_cursor(cursor, UUID)
        found = await reports.reports(pool, user, channel, state=which, before=before, limit=limit + 1)
        return page_of(found, limit, ReportView.of)

    @post("/mod/reports/{report_id:uuid}/resolve", status_code=200)
    async def resolve(
        self,
        report_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        request_id: NamedDependency[str],
    ) -> ReportView:
        """It was right, and acted upon. Moderators only; 404, 409 `already_decided`."""
        return ReportView.of(await reports.close(pool, report_id, "resolved", user, request_id))

    @post("/mod/reports/{report_id:uuid}/dismiss", status_code=200)
    async def dismiss(
        self,
        report_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        request_id: NamedDependency[str],
    ) -> ReportView:
        """There is nothing to it. Moderators only; 404, 409 `already_decided`."""
        return ReportView.of(await reports.close(pool, report_id, "dismissed", user, request_id))


class AppealsController(Controller):
    path = "/api"
    tags = ("Moderation",)

    @post("/streams/{stream_id:uuid}/unban-requests")
    async def ask(
        self,
        stream_id: FromPath[UUID],
        data: JSONBody[Plea],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        request_id: NamedDependency[str],
    ) -> AppealView:
        """Ask to come back, once a ban. 404 `ban_not_found`, 409 `already_requested`."""
        return AppealView.of(await appeals.ask(pool, stream_id, data.text, user, request_id))

    @get("/streams/{stream_id:uuid}/unban-requests")
    async def own(
        self, stream_id: FromPath[UUID], user: NamedDependency[Claims], pool: NamedDependency[Pool]
    ) -> AppealView:
        """What one asked about the ban in force, or asked last, and the answer. 404 for nothing."""
        return AppealView.of(await appeals.own(pool, stream_id, user))

    @get("/mod/unban-requests")
    async def waiting(
        self,
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        channel: FromQuery[UUID | None] = None,
        which: Annotated[AppealState, QueryParameter(name="state")] = "open",
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[AppealView]:
        """Unban requests of one channel, or of all that one moderates, newest first."""
        before = decode_cursor(cursor, UUID)
        found = await appeals.appeals(pool, user, channel, state=which, before=before, limit=limit + 1)
        return page_of(found, limit, AppealView.of)

    @post("/mod/unban-requests/{appeal_id:uuid}/accept", status_code=200)
    async def accept(
        self,
        appeal_id: FromPath[UUID],
        data: JSONBody[Answer],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        request_id: NamedDependency[str],
    ) -> AppealView:
        """Lift the ban. Moderators only; 404, 409 `already_decided`."""
        decided = await appeals.decide(
            pool, appeal_id, "accepted", answer=data.answer, claims=user, request_id=request_id
        )
        await tell_standing(redis, decided.user_id, decided.creator_id)
        await tell_answer(redis, decided)
        return AppealView.of(decided)

    @post("/mod/unban-requests/{appeal_id:uuid}/deny", status_code=200)
    async def deny(
        self,
        appeal_id: FromPath[UUID],
        data: JSONBody[Answer],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        request_id: NamedDependency[str],
    ) -> AppealView:
        """Let the ban stand. Moderators only; 404, 409 `already_decided`."""
        decided = await appeals.decide(
            pool, appeal_id, "denied", answer=data.answer, claims=user, request_id=request_id
        )
        await tell_answer(redis, decided)
        return AppealView.of(decided)


class ModeratorsLogController(Controller):
    path = "/api/mod/audit"
    tags = ("Moderation",)

    @get("/")
    async def log(
        self,
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        channel: FromQuery[UUID | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[AuditEntry]:
        """What was done to keep order in a channel, else in one's own, newest first. Its moderators only."""
        async with connection(pool) as db:
            await require_moderator(db, user.sub, channel or user.sub)
        search = Search(channel_id=channel or user.sub)
        return page_of(await audit.read(pool, decode_cursor(cursor, UUID), limit + 1, search), limit, AuditEntry.of)
