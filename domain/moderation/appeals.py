"""Unban requests: a banned person asks once a ban, a moderator answers once; accepting lifts the ban."""

from typing import Literal
from uuid import UUID

from domain.accounts.tokens import Claims
from domain.audit.service import note
from domain.moderation import queries
from domain.moderation.model import AlreadyAppealed, AlreadyDecided, Appeal, AppealState, NotBanned, UnknownAppeal
from domain.moderation.service import channels_of, lift, require_moderator
from domain.streams import service as streams
from domain.text import clean_text
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Pool, connection, transaction
from livestreamx.errors import Invalid
from livestreamx.events import UnbanDecided, UnbanRequested


async def ask(pool: Pool, stream_id: UUID, text: str, claims: Claims, request_id: str) -> Appeal:
    """Ask to come back to the stream's channel. `NotBanned`, `AlreadyAppealed`."""
    cleaned = clean_text(text)
    if not cleaned:
        raise Invalid("text: nothing visible is left of it")
    async with transaction(pool) as db:
        creator_id = (await streams.find_visible(db, stream_id, claims)).creator_id
        ban = await queries.ban_in_force(db, creator_id, claims.sub)
        if ban is None:
            raise NotBanned("You are not banned from this channel")
        appeal_id = await queries.insert_appeal(db, ban, cleaned)
        if appeal_id is None:
            raise AlreadyAppealed()
        event = UnbanRequested(creator_id=creator_id, user_id=claims.sub, target_id=claims.sub, request_id=appeal_id)
        await record(db, event, request_id=request_id)
        asked = await queries.appeal(db, appeal_id)
    assert asked is not None
    return asked


async def own(pool: Pool, stream_id: UUID, claims: Claims) -> Appeal:
    """What one asked of the stream's channel, with the answer if there is one. `UnknownAppeal`."""
    async with connection(pool) as db:
        creator_id = (await streams.find_visible(db, stream_id, claims)).creator_id
        asked = await queries.own_appeal(db, creator_id, claims.sub)
    if asked is None:
        raise UnknownAppeal()
    return asked


async def appeals(
    pool: Pool, claims: Claims, creator_id: UUID | None, *, state: AppealState, before: UUID | None, limit: int
) -> list[Appeal]:
    """What banned people ask in one channel, or in all where this person keeps order; newest first."""
    async with connection(pool) as db:
        creators = await channels_of(db, claims, creator_id)
        return await queries.appeals(db, creators, state, before, limit)


async def decide(
    pool: Pool,
    appeal_id: UUID,
    outcome: Literal["accepted", "denied"],
    *,
    answer: str,
    claims: Claims,
    request_id: str,
) -> Appeal:
    """Answer; accepting lifts the ban if it still holds. `UnknownAppeal`, `AlreadyDecided`, `Forbidden`."""
    async with transaction(pool) as db:
        appeal = await queries.appeal(db, appeal_id)
        if appeal is None:
            raise UnknownAppeal()
        await require_moderator(db, claims.sub, appeal.creator_id)
        if not await queries.decide_appeal(db, appeal_id, outcome, clean_text(answer), claims.sub):
            raise AlreadyDecided()
        event = UnbanDecided(
            creator_id=appeal.creator_id,
            user_id=claims.sub,
            target_id=appeal.user_id,
            request_id=appeal_id,
            outcome=outcome,
        )
        await record(db, event, request_id=request_id)
        await note(
            db,
            actor_id=claims.sub,
            action=f"unban_request.{outcome}",
            subject=f"user:{appeal.user_id}",
            before={"text": appeal.text},
            after={"answer": clean_text(answer)},
            request_id=request_id,
            channel_id=appeal.creator_id,
        )
        if outcome == "accepted" and await queries.ban_in_force(db, appeal.creator_id, appeal.user_id):
            await lift(db, appeal.creator_id, appeal.user_id, claims, request_id)
        decided = await queries.appeal(db, appeal_id)
    assert decided is not None
    return decided
