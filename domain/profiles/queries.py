"""All SQL of follows and of what people show of themselves."""

from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from domain.profiles.model import Creator, Followed
from livestreamx.engines.postgres import Db, struct_row


async def insert_follow(db: Db, follower_id: UUID, creator_id: UUID) -> bool:
    """Whether it was new."""
    done = await db.execute(
        "INSERT INTO follows (follower_id, creator_id) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        (follower_id, creator_id),
    )
    return done.rowcount == 1


async def delete_follow(db: Db, follower_id: UUID, creator_id: UUID) -> bool:
    """Whether there was one."""
    done = await db.execute("DELETE FROM follows WHERE follower_id = %s AND creator_id = %s", (follower_id, creator_id))
    return done.rowcount == 1


async def count_followers(db: Db, creator_id: UUID) -> int:
    done = await db.execute("SELECT count(*) FROM follows WHERE creator_id = %s", (creator_id,))
    count: int = (await done.fetchall())[0][0]
    return count


async def follows(db: Db, follower_id: UUID, creator_id: UUID) -> bool:
    done = await db.execute(
        "SELECT 1 FROM follows WHERE follower_id = %s AND creator_id = %s", (follower_id, creator_id)
    )
    return await done.fetchone() is not None


async def following(db: Db, follower_id: UUID, after: tuple[datetime, UUID] | None, limit: int) -> list[Followed]:
    """Whom somebody follows, the latest first; `after` is the place of the last one seen."""
    at, creator_id = after or (None, None)
    async with db.cursor(row_factory=struct_row(Followed)) as cursor:
        await cursor.execute(
            "SELECT u.id, u.handle, u.avatar_url, u.level, f.created_at AS followed_at, s.id AS live_stream_id "
            "FROM follows f JOIN users u ON u.id = f.creator_id "
            "LEFT JOIN streams s ON s.creator_id = u.id AND s.status = 'live' AND s.visibility = 'public' "
            "WHERE f.follower_id = %(follower)s "
            "AND (%(at)s::timestamptz IS NULL OR (f.created_at, f.creator_id) < (%(at)s, %(creator)s)) "
            "ORDER BY f.created_at DESC, f.creator_id DESC LIMIT %(limit)s",
            {"follower": follower_id, "at": at, "creator": creator_id, "limit": limit},
        )
        return await cursor.fetchall()


async def creators(db: Db, limit: int) -> list[Creator]:
    """Creators, those with the most followers first."""
    async with db.cursor(row_factory=struct_row(Creator)) as cursor:
        await cursor.execute(
            "SELECT u.id, u.handle, u.avatar_url, u.bio, u.level, coalesce(f.followers, 0) AS followers, "
            "s.id AS live_stream_id FROM users u "
            "LEFT JOIN (SELECT creator_id, count(*) AS followers FROM follows GROUP BY creator_id) f "
            "ON f.creator_id = u.id "
            "LEFT JOIN streams s ON s.creator_id = u.id AND s.status = 'live' AND s.visibility = 'public' "
            "WHERE 'creator' = ANY(u.roles) ORDER BY followers DESC, u.id LIMIT %s",
            (limit,),
        )
        return await cursor.fetchall()


async def set_profile(
    db: Db, user_id: UUID, *, bio: str, socials: dict[str, str], theme: str, avatar_url: str | None
) -> None:
    await db.execute(
        "UPDATE users SET bio = %s, socials = %s, theme = %s, avatar_url = %s WHERE id = %s",
        (bio, Jsonb(socials), theme, avatar_url, user_id),
    )


async def avatar_of(db: Db, handle: str) -> str | None:
    """The address of the picture that somebody chose; None for none, or for nobody."""
    done = await db.execute("SELECT avatar_url FROM users WHERE handle = %s", (handle,))
    row = await done.fetchone()
    return row[0] if row else None
