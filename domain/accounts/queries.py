"""All SQL of accounts, sessions and refresh tokens."""

from datetime import datetime
from uuid import UUID

from domain.accounts.model import Session, User
from livestreamx.engines.postgres import Db, struct_row

SELECT_USER = """
SELECT id, handle, email, roles, avatar_url, bio, level, xp, badges, socials, created_at, theme FROM users
"""


async def insert_user(db: Db, handle: str, email: str | None, password_hash: str) -> User:
    """`psycopg.errors.UniqueViolation` when the handle is taken."""
    async with db.cursor(row_factory=struct_row(User)) as cursor:
        await cursor.execute(
            "INSERT INTO users (handle, email, password_hash) VALUES (%s, %s, %s) "
            "RETURNING id, handle, email, roles, avatar_url, bio, level, xp, badges, socials, created_at, theme",
            (handle, email, password_hash),
        )
        return (await cursor.fetchall())[0]


async def find_user(db: Db, user_id: UUID) -> User | None:
    async with db.cursor(row_factory=struct_row(User)) as cursor:
        await cursor.execute(SELECT_USER + "WHERE id = %s", (user_id,))
        return await cursor.fetchone()


async def find_by_handle(db: Db, handle: str) -> User | None:
    async with db.cursor(row_factory=struct_row(User)) as cursor:
        await cursor.execute(SELECT_USER + "WHERE handle = %s", (handle,))
        return await cursor.fetchone()


async def password_hash(db: Db, handle: str) -> tuple[UUID, str | None] | None:
    """The account's id and its hash, which is None where nobody can sign in with a password."""
    done = await db.execute("SELECT id, password_hash FROM users WHERE handle = %s", (handle,))
    return await done.fetchone()


async def add_role(db: Db, user_id: UUID, role: str) -> bool:
    """Whether the role was new."""
    done = await db.execute(
        "UPDATE users SET roles = roles || %s::text WHERE id = %s AND NOT %s = ANY (roles)", (role, user_id, role)
    )
    return done.rowcount == 1


async def insert_session(db: Db, user_id: UUID, user_agent: str) -> UUID:
    done = await db.execute(
        "INSERT INTO sessions (user_id, user_agent) VALUES (%s, %s) RETURNING id", (user_id, user_agent)
    )
    session: UUID = (await done.fetchall())[0][0]
    return session


async def insert_refresh_token(db: Db, digest: bytes, session_id: UUID, expires_at: datetime) -> None:
    await db.execute(
        "INSERT INTO refresh_tokens (hash, session_id, expires_at) VALUES (%s, %s, %s)",
        (digest, session_id, expires_at),
    )


async def use_refresh_token(db: Db, digest: bytes, at: datetime) -> tuple[UUID, datetime] | None:
    """Mark a token as used: its session and expiry. None when it is unknown or was used before.

    Of two concurrent uses the second waits for the first, then finds the token used.
    """
    done = await db.execute(
        "UPDATE refresh_tokens SET used_at = %s WHERE hash = %s AND used_at IS NULL RETURNING session_id, expires_at",
        (at, digest),
    )
    return await done.fetchone()


async def session_of_refresh_token(db: Db, digest: bytes) -> UUID | None:
    done = await db.execute("SELECT session_id FROM refresh_tokens WHERE hash = %s", (digest,))
    row = await done.fetchone()
    return row[0] if row else None


async def touch_session(db: Db, session_id: UUID, at: datetime) -> UUID | None:
    """The user of a session that is not revoked, which is noted as used; None when it is revoked."""
    done = await db.execute(
        "UPDATE sessions SET last_used_at = %s WHERE id = %s AND revoked_at IS NULL RETURNING user_id",
        (at, session_id),
    )
    row = await done.fetchone()
    return row[0] if row else None


async def session_holds(db: Db, session_id: UUID, user_id: UUID) -> bool:
    """Whether the session is the user's and not revoked."""
    done = await db.execute(
        "SELECT 1 FROM sessions WHERE id = %s AND user_id = %s AND revoked_at IS NULL", (session_id, user_id)
    )
    return await done.fetchone() is not None


async def revoke_session(db: Db, session_id: UUID, reason: str, at: datetime, user_id: UUID | None = None) -> bool:
    """Whether there was something to revoke; with `user_id`, only a session of that user."""
    done = await db.execute(
        "UPDATE sessions SET revoked_at = %s, revoked_for = %s "
        "WHERE id = %s AND revoked_at IS NULL AND user_id = coalesce(%s, user_id)",
        (at, reason, session_id, user_id),
    )
    return done.rowcount == 1


async def revoke_all(db: Db, user_id: UUID, reason: str, at: datetime) -> int:
    """How many sessions were revoked."""
    done = await db.execute(
        "UPDATE sessions SET revoked_at = %s, revoked_for = %s WHERE user_id = %s AND revoked_at IS NULL",
        (at, reason, user_id),
    )
    return done.rowcount


async def sessions_of(db: Db, user_id: UUID, at: datetime) -> list[Session]:
    """Sessions that can still be continued, the last used first."""
    async with db.cursor(row_factory=struct_row(Session)) as cursor:
        await cursor.execute(
            "SELECT id, user_agent, created_at, last_used_at FROM sessions s WHERE user_id = %s AND revoked_at IS NULL "
            "AND EXISTS (SELECT FROM refresh_tokens r "
            "WHERE r.session_id = s.id AND r.used_at IS NULL AND r.expires_at > %s) "
            "ORDER BY last_used_at DESC, id DESC LIMIT 100",
            (user_id, at),
        )
        return await cursor.fetchall()
