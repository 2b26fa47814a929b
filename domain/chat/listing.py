"""A channel's filters: its blocked terms, those of the platform, and what it does about links and capitals."""

from uuid import UUID

import msgspec
from redis.asyncio import Redis as AsyncRedis

from domain.accounts.tokens import Claims
from domain.audit.service import note
from domain.chat import queries
from domain.chat.filters import ChatFilter, Policy, Verdict
from domain.chat.model import MOST_TERMS, BlockedTerm, KnownTerm, UnknownTerm
from domain.chat.terms import Term, normal_form
from domain.chat.versions import tell_filters
from domain.moderation import service as moderation
from domain.text import clean_text
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db, Pool, connection, transaction
from livestreamx.errors import Conflict, Forbidden
from livestreamx.events import BlockedTermAdded, BlockedTermRemoved, ChatPolicyChanged


async def filter_of(db: Db, creator_id: UUID, known: ChatFilter | None = None) -> ChatFilter:
    """The channel's filter as its lists are now; `known` itself when nothing changed."""
    policy = await queries.policy(db, creator_id) or Policy()
    terms = tuple(await queries.terms_in_force(db, creator_id))
    return known if known and (known.policy, known.terms) == (policy, terms) else ChatFilter(policy, terms)


async def _require_keeper(db: Db, creator_id: UUID | None, claims: Claims) -> None:
    """Moderators keep their channel's list, admins the platform's."""
    if creator_id is not None:
        await moderation.require_moderator(db, claims.sub, creator_id)
    elif not claims.is_admin:
        raise Forbidden("This takes the role admin", code="role_required")


async def terms(
    pool: Pool, creator_id: UUID | None, claims: Claims, before: UUID | None, limit: int
) -> list[BlockedTerm]:
    """A channel's list, or with no creator what admins added to the platform's; newest first."""
    async with connection(pool) as db:
        await _require_keeper(db, creator_id, claims)
        return await queries.terms(db, creator_id, before, limit)


async def add_term(
    pool: Pool, redis: AsyncRedis, creator_id: UUID | None, term: Term, claims: Claims, *, request_id: str
) -> BlockedTerm:
    """Block one term more. `KnownTerm` for one that the list has in whatever spelling, `Conflict` for a full list."""
    text, form = clean_text(term.text), normal_form(term.text)
    async with transaction(pool) as db:
        await _require_keeper(db, creator_id, claims)
        if await queries.count_terms(db, creator_id) >= MOST_TERMS:
            raise Conflict(f"At most {MOST_TERMS} terms", code="list_full")
        added = await queries.insert_term(db, creator_id, text=text, form=form, action=term.action, added_by=claims.sub)
        if added is None:
            raise KnownTerm()
        event = BlockedTermAdded(creator_id=creator_id, user_id=claims.sub, term_id=added.id)
        await record(db, event, request_id=request_id)
        await _note_term(db, "term.added", added, claims, request_id)
    await tell_filters(redis, creator_id)
    return added


async def remove_term(
    pool: Pool, redis: AsyncRedis, creator_id: UUID | None, term_id: UUID, claims: Claims, *, request_id: str
) -> BlockedTerm:
    """Block one term less. `UnknownTerm`."""
    async with transaction(pool) as db:
        await _require_keeper(db, creator_id, claims)
        removed = await queries.delete_term(db, creator_id, term_id)
        if removed is None:
            raise UnknownTerm()
        event = BlockedTermRemoved(creator_id=creator_id, user_id=claims.sub, term_id=term_id)
        await record(db, event, request_id=request_id)
        await _note_term(db, "term.removed", removed, claims, request_id)
    await tell_filters(redis, creator_id)
    return removed


async def _note_term(db: Db, action: str, term: BlockedTerm, claims: Claims, request_id: str) -> None:
    told = {"text": term.text, "action": term.action}
    await note(
        db,
        actor_id=claims.sub,
        action=action,
        subject=f"term:{term.id}",
        before=told if action == "term.removed" else None,
        after=told if action == "term.added" else None,
        request_id=request_id,
        channel_id=term.creator_id,
    )


async def policy(pool: Pool, creator_id: UUID, claims: Claims) -> Policy:
    """What the channel does about links, capitals and long messages."""
    async with connection(pool) as db:
        await _require_keeper(db, creator_id, claims)
        return await queries.policy(db, creator_id) or Policy()


async def try_text(pool: Pool, creator_id: UUID, text: str, claims: Claims, *, shield: bool) -> Verdict:
    """What would become of a message with this text by the filters in force; nothing is sent or counted."""
    async with connection(pool) as db:
        await _require_keeper(db, creator_id, claims)
        return (await filter_of(db, creator_id)).judge(clean_text(text), shield=shield)


async def set_policy(
    pool: Pool, redis: AsyncRedis, creator_id: UUID, policy: Policy, claims: Claims, *, request_id: str
) -> Policy:
    """Do something else about them; the same again changes nothing."""
    async with transaction(pool) as db:
        await _require_keeper(db, creator_id, claims)
        before = await queries.policy(db, creator_id) or Policy()
        if policy == before:
            return policy
        await queries.set_policy(db, creator_id, policy)
        event = ChatPolicyChanged(creator_id=creator_id, user_id=claims.sub, **msgspec.structs.asdict(policy))
        await record(db, event, request_id=request_id)
        await note(
            db,
            actor_id=claims.sub,
            action="chat.policy",
            subject=f"user:{creator_id}",
            before=msgspec.to_builtins(before),
            after=msgspec.to_builtins(policy),
            request_id=request_id,
            channel_id=creator_id,
        )
    await tell_filters(redis, creator_id)
    return policy
