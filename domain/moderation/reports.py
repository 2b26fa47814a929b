"""What viewers report, for the channel's moderators and admins to look at; each report is closed once."""

from typing import Literal
from uuid import UUID

import msgspec

from domain.accounts import service as accounts
from domain.accounts.tokens import Claims
from domain.audit.service import note
from domain.moderation import queries
from domain.moderation.model import AlreadyDecided, AlreadyReported, Report, ReportState, UnknownReport
from domain.moderation.service import channels_of, require_moderator
from domain.streams import service as streams
from domain.text import clean_text
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Pool, connection, transaction
from livestreamx.errors import Forbidden, Invalid
from livestreamx.events import ReportClosed, ReportFiled


class Complaint(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody reports: a person, and maybe the message that it is about, as it was."""

    stream_id: UUID
    user_id: UUID
    reason: str
    message_id: UUID | None = None
    excerpt: str = ""


async def file(pool: Pool, complaint: Complaint, claims: Claims, request_id: str) -> Report:
    """A new report. `NotFound`, `AlreadyReported`, `Forbidden` with code `self_report`."""
    reason = clean_text(complaint.reason)
    if not reason:
        raise Invalid("reason: nothing visible is left of it")
    if complaint.user_id == claims.sub:
        raise Forbidden("You cannot report yourself", code="self_report")
    async with transaction(pool) as db:
        stream = await streams.find_visible(db, complaint.stream_id, claims)
        await accounts.find(db, complaint.user_id)
        report_id = await queries.insert_report(
            db,
            stream_id=stream.id,
            creator_id=stream.creator_id,
            reporter_id=claims.sub,
            user_id=complaint.user_id,
            message_id=complaint.message_id,
            excerpt=complaint.excerpt,
            reason=reason,
        )
        if report_id is None:
            raise AlreadyReported()
        event = ReportFiled(
            stream_id=stream.id,
            creator_id=stream.creator_id,
            user_id=claims.sub,
            target_id=complaint.user_id,
            report_id=report_id,
            message_id=complaint.message_id,
            reason=reason,
        )
        await record(db, event, request_id=request_id)
        filed = await queries.report(db, report_id)
    assert filed is not None
    return filed


async def reports(
    pool: Pool, claims: Claims, creator_id: UUID | None, *, state: ReportState, before: UUID | None, limit: int
) -> list[Report]:
    """The reports of one channel, or of all where this person keeps order, which for admins are all there are."""
    async with connection(pool) as db:
        everywhere = creator_id is None and claims.is_admin
        creators = None if everywhere else await channels_of(db, claims, creator_id)
        return await queries.reports(db, creators, state, before, limit)


async def close(
    pool: Pool, report_id: UUID, outcome: Literal["resolved", "dismissed"], claims: Claims, request_id: str
) -> Report:
    """Say what became of a report. `UnknownReport`, `AlreadyDecided`, `Forbidden`."""
    async with transaction(pool) as db:
        report = await queries.report(db, report_id)
        if report is None:
            raise UnknownReport()
        await require_moderator(db, claims.sub, report.creator_id)
        if not await queries.close_report(db, report_id, outcome, claims.sub):
            raise AlreadyDecided()
        event = ReportClosed(
            stream_id=report.stream_id,
            creator_id=report.creator_id,
            user_id=claims.sub,
            target_id=report.user_id,
            report_id=report_id,
            outcome=outcome,
        )
        await record(db, event, request_id=request_id)
        await note(
            db,
            actor_id=claims.sub,
            action=f"report.{outcome}",
            subject=f"report:{report_id}",
            before={"state": report.state, "user": str(report.user_id), "reason": report.reason},
            after={"state": outcome},
            request_id=request_id,
            channel_id=report.creator_id,
        )
        closed = await queries.report(db, report_id)
    assert closed is not None
    return closed
