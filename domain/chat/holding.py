"""Messages that wait for a moderator: held instead of shown, then approved and shown, or rejected for good."""

from uuid import UUID

from domain.accounts import service as accounts
from domain.accounts.model import User
from domain.accounts.tokens import Claims
from domain.audit.service import note
from domain.chat import queries
from domain.chat.model import HeldMessage, HeldState, UnknownHeld
from domain.chat.showing import Showing
from domain.moderation import service as moderation
from domain.moderation.model import AlreadyDecided
from domain.streams import service as streams
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db, Pool, connection, transaction
from livestreamx.errors import Conflict
from livestreamx.events import ChatHeld, ChatMessage, ChatRejected
from livestreamx.frames import ChatHeld as Fate
from livestreamx.frames import ChatShown, Person


async def hold(pool: Pool, message: ChatMessage, reasons: tuple[str, ...], request_id: str) -> None:
    """Keep a message back for a moderator; it has not been said yet."""
    async with transaction(pool) as db:
        await queries.insert_held(db, message, reasons)
        event = ChatHeld(
            stream_id=message.stream_id,
            creator_id=message.creator_id,
            user_id=message.user_id,
            session_id=message.session_id,
            message_id=message.message_id,
            length=message.length,
            reasons=reasons,
        )
        await record(db, event, request_id=request_id)


async def waiting(
    pool: Pool, claims: Claims, creator_id: UUID | None, before: UUID | None, limit: int
) -> list[HeldMessage]:
    """What waits in one channel, or in all where this person keeps order; newest first."""
    async with connection(pool) as db:
        creators = await moderation.channels_of(db, claims, creator_id)
        return await queries.waiting(db, creators, before, limit)


async def approve(pool: Pool, showing: Showing, message_id: UUID, claims: Claims, request_id: str) -> HeldMessage:
    """Say a held message after all: one `chat.message`, as if it had been accepted now.

    `UnknownHeld`, `AlreadyDecided`, `Forbidden`, `Conflict` with code `not_live` once the stream is over.
    """
    async with transaction(pool) as db:
        held = await _find(db, message_id, claims)
        if (await streams.find(db, held.stream_id)).status != "live":
            raise Conflict("The stream is not live any more", code="not_live")
        await _decide(db, held, "approved", claims, request_id)
        author = await accounts.find(db, held.user_id)
        worn = author.badges + (await moderation.standing(db, author.id, held.creator_id)).badges
        said = _said(held)
        await record(db, said, request_id=request_id)
    await showing.message(held.stream_id, _shown(said, author, worn))
    await showing.fate(held.user_id, Fate(messageId=held.id, state="approved"))
    return held


async def reject(pool: Pool, showing: Showing, message_id: UUID, claims: Claims, request_id: str) -> HeldMessage:
    """Never show a held message. `UnknownHeld`, `AlreadyDecided`, `Forbidden`."""
    async with transaction(pool) as db:
        held = await _find(db, message_id, claims)
        await _decide(db, held, "rejected", claims, request_id)
        event = ChatRejected(
            stream_id=held.stream_id,
            creator_id=held.creator_id,
            user_id=claims.sub,
            target_id=held.user_id,
            message_id=held.id,
        )
        await record(db, event, request_id=request_id)
    await showing.fate(held.user_id, Fate(messageId=held.id, state="rejected"))
    return held


async def _find(db: Db, message_id: UUID, claims: Claims) -> HeldMessage:
    held = await queries.held(db, message_id)
    if held is None:
        raise UnknownHeld()
    await moderation.require_moderator(db, claims.sub, held.creator_id)
    return held


async def _decide(db: Db, held: HeldMessage, state: HeldState, claims: Claims, request_id: str) -> None:
    if not await queries.decide_held(db, held.id, state, claims.sub):
        raise AlreadyDecided()
    await note(
        db,
        actor_id=claims.sub,
        action=f"chat.{state}",
        subject=f"message:{held.id}",
        before={"author": str(held.user_id), "reasons": held.reasons},
        after={"state": state},
        request_id=request_id,
        channel_id=held.creator_id,
    )


def _said(held: HeldMessage) -> ChatMessage:
    return ChatMessage(
        stream_id=held.stream_id,
        creator_id=held.creator_id,
        user_id=held.user_id,
        session_id=held.session_id or None,
        message_id=held.id,
        handle=held.handle,
        text=held.text,
        length=len(held.text),
        reply_to=held.reply_to,
    )


def _shown(said: ChatMessage, author: User, badges: tuple[str, ...]) -> ChatShown:
    person = Person(id=author.id, handle=author.handle, level=author.level, badges=badges)
    return ChatShown(
        messageId=said.message_id, user=person, text=said.text, createdAt=said.occurred_at, replyTo=said.reply_to
    )
