"""All SQL of chats: modes, pins, deletions, held messages, policies and blocked terms."""

from uuid import UUID

from clickhouse_connect.driver.asyncclient import AsyncClient
from psycopg.types.json import Jsonb

from domain.chat.filters import Policy
from domain.chat.model import BlockedTerm, Bond, HeldMessage, HeldState, Mode, Pinned, Said, StreamChat
from domain.chat.terms import Action, Term
from livestreamx.clock import made_at
from livestreamx.engines.postgres import Db, struct_row
from livestreamx.events import ChatDeleted, ChatMessage

LAST = "ffffffff-ffff-ffff-ffff-ffffffffffff"
HELD = """
SELECT h.id, h.stream_id, h.creator_id, h.user_id, u.handle, h.session_id, h.text, h.reply_to, h.reasons, h.state,
       h.decided_by, h.created_at
FROM held_messages h JOIN users u ON u.id = h.user_id
"""
TERM = "SELECT id, creator_id, text, form, action, created_at FROM blocked_terms "


async def chat(db: Db, stream_id: UUID) -> StreamChat:
    """As set; an open one where nothing was."""
    async with db.cursor(row_factory=struct_row(StreamChat)) as cursor:
        await cursor.execute("SELECT mode, pinned, version FROM stream_chats WHERE stream_id = %s", (stream_id,))
        return await cursor.fetchone() or StreamChat()


async def chat_locked(db: Db, stream_id: UUID) -> StreamChat:
    """The chat, which nobody else changes before this transaction ends."""
    await db.execute("INSERT INTO stream_chats (stream_id) VALUES (%s) ON CONFLICT DO NOTHING", (stream_id,))
    async with db.cursor(row_factory=struct_row(StreamChat)) as cursor:
        await cursor.execute(
            "SELECT mode, pinned, version FROM stream_chats WHERE stream_id = %s FOR UPDATE", (stream_id,)
        )
        return (await cursor.fetchall())[0]


async def set_chat(db: Db, stream_id: UUID, mode: Mode, pinned: Pinned | None) -> int:
    """The new version."""
    done = await db.execute(
        "UPDATE stream_chats SET mode = %s, pinned = %s, version = version + 1, updated_at = clock_timestamp() "
        "WHERE stream_id = %s RETURNING version",
        (Jsonb(mode), None if pinned is None else Jsonb(pinned), stream_id),
    )
    version: int = (await done.fetchall())[0][0]
    return version


async def insert_deletion(db: Db, deleted: ChatDeleted) -> bool:
    """Whether it was not deleted before."""
    done = await db.execute(
        "INSERT INTO chat_deletions (message_id, stream_id, author_id, deleted_by, reason) VALUES (%s, %s, %s, %s, %s) "
        "ON CONFLICT DO NOTHING",
        (deleted.message_id, deleted.stream_id, deleted.author_id, deleted.user_id, deleted.reason),
    )
    return done.rowcount == 1


async def insert_held(db: Db, message: ChatMessage, reasons: tuple[str, ...]) -> None:
    """A message that was not said yet."""
    await db.execute(
        "INSERT INTO held_messages (id, stream_id, creator_id, user_id, session_id, text, reply_to, reasons) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            message.message_id,
            message.stream_id,
            message.creator_id,
            message.user_id,
            message.session_id or "",
            message.text,
            message.reply_to,
            list(reasons),
        ),
    )


async def held(db: Db, message_id: UUID) -> HeldMessage | None:
    async with db.cursor(row_factory=struct_row(HeldMessage)) as cursor:
        await cursor.execute(HELD + "WHERE h.id = %s", (message_id,))
        return await cursor.fetchone()


async def waiting(db: Db, creators: list[UUID], before: UUID | None, limit: int) -> list[HeldMessage]:
    """What waits in these channels, newest first; `before` continues after that one."""
    async with db.cursor(row_factory=struct_row(HeldMessage)) as cursor:
        await cursor.execute(
            HELD + "WHERE h.state = 'held' AND h.creator_id = ANY (%s) AND h.id < coalesce(%s, %s::uuid) "
            "ORDER BY h.id DESC LIMIT %s",
            (creators, before, LAST, limit),
        )
        return await cursor.fetchall()


async def decide_held(db: Db, message_id: UUID, state: HeldState, decided_by: UUID) -> bool:
    """Whether it still waited."""
    done = await db.execute(
        "UPDATE held_messages SET state = %s, decided_by = %s, decided_at = clock_timestamp() "
        "WHERE id = %s AND state = 'held'",
        (state, decided_by, message_id),
    )
    return done.rowcount == 1


async def bond(db: Db, user_id: UUID, creator_id: UUID) -> Bond:
    """Since when somebody follows, and whether they subscribe."""
    async with db.cursor(row_factory=struct_row(Bond)) as cursor:
        await cursor.execute(
            "SELECT (SELECT created_at FROM follows WHERE follower_id = %(user)s AND creator_id = %(creator)s) "
            "AS followed_since, EXISTS (SELECT FROM channel_subscribers WHERE user_id = %(user)s "
            "AND creator_id = %(creator)s AND until > clock_timestamp()) AS subscribes",
            {"user": user_id, "creator": creator_id},
        )
        return (await cursor.fetchall())[0]


async def policy(db: Db, creator_id: UUID) -> Policy | None:
    async with db.cursor(row_factory=struct_row(Policy)) as cursor:
        await cursor.execute(
            "SELECT policy ->> 'links' AS links, policy ->> 'capitals' AS capitals, "
            "(policy ->> 'mostCharacters')::int AS \"mostCharacters\" FROM chat_policies WHERE creator_id = %s",
            (creator_id,),
        )
        return await cursor.fetchone()


async def set_policy(db: Db, creator_id: UUID, policy: Policy) -> None:
    await db.execute(
        "INSERT INTO chat_policies (creator_id, policy) VALUES (%s, %s) "
        "ON CONFLICT (creator_id) DO UPDATE SET policy = excluded.policy, updated_at = clock_timestamp()",
        (creator_id, Jsonb(policy)),
    )


async def terms_in_force(db: Db, creator_id: UUID) -> list[Term]:
    """The channel's terms and those that admins added for the whole platform."""
    async with db.cursor(row_factory=struct_row(Term)) as cursor:
        await cursor.execute(
            "SELECT text, action FROM blocked_terms WHERE creator_id = %s OR creator_id IS NULL ORDER BY id",
            (creator_id,),
        )
        return await cursor.fetchall()


async def terms(db: Db, creator_id: UUID | None, before: UUID | None, limit: int) -> list[BlockedTerm]:
    """One list, newest first; `before` continues after that one."""
    async with db.cursor(row_factory=struct_row(BlockedTerm)) as cursor:
        await cursor.execute(
            TERM + "WHERE creator_id IS NOT DISTINCT FROM %s AND id < coalesce(%s, %s::uuid) ORDER BY id DESC LIMIT %s",
            (creator_id, before, LAST, limit),
        )
        return await cursor.fetchall()


async def count_terms(db: Db, creator_id: UUID | None) -> int:
    done = await db.execute(
        "SELECT count(*) FROM blocked_terms WHERE creator_id IS NOT DISTINCT FROM %s", (creator_id,)
    )
    count: int = (await done.fetchall())[0][0]
    return count


async def insert_term(
    db: Db, creator_id: UUID | None, *, text: str, form: str, action: Action, added_by: UUID
) -> BlockedTerm | None:
    """None when the list has a term of this form."""
    async with db.cursor(row_factory=struct_row(BlockedTerm)) as cursor:
        await cursor.execute(
            "INSERT INTO blocked_terms (creator_id, text, form, action, added_by) VALUES (%s, %s, %s, %s, %s) "
            "ON CONFLICT DO NOTHING RETURNING id, creator_id, text, form, action, created_at",
            (creator_id, text, form, action, added_by),
        )
        return await cursor.fetchone()


async def delete_term(db: Db, creator_id: UUID | None, term_id: UUID) -> BlockedTerm | None:
    """What was deleted."""
    async with db.cursor(row_factory=struct_row(BlockedTerm)) as cursor:
        await cursor.execute(
            "DELETE FROM blocked_terms WHERE creator_id IS NOT DISTINCT FROM %s AND id = %s "
            "RETURNING id, creator_id, text, form, action, created_at",
            (creator_id, term_id),
        )
        return await cursor.fetchone()


async def said_in_history(clickhouse: AsyncClient, message_id: UUID) -> Said | None:
    """Where a message was said and by whom, however long ago; its id tells when."""
    try:
        at = made_at(message_id)
    except (ValueError, OverflowError):
        return None
    found = await clickhouse.query(
        "SELECT stream_id, user_id FROM chat_messages WHERE message_id = {message:UUID} "
        "AND occurred_at BETWEEN {at:DateTime64(3, 'UTC')} - INTERVAL 1 DAY AND {at:DateTime64(3, 'UTC')} "
        "+ INTERVAL 1 DAY LIMIT 1",
        parameters={"message": message_id, "at": at},
    )
    return Said(*found.result_rows[0]) if found.result_rows else None
