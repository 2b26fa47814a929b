"""All SQL of moderators, bans, reports and unban requests."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from domain.moderation.model import Appeal, AppealState, Ban, Channel, Moderator, Report, ReportState, Standing
from livestreamx.engines.postgres import Db, struct_row

LAST = "ffffffff-ffff-ffff-ffff-ffffffffffff"
BAN = """
SELECT b.id, b.creator_id, b.user_id, u.handle, b.until, b.reason, b.banned_by, b.created_at
FROM bans_in_force b JOIN users u ON u.id = b.user_id
"""
REPORT = """
SELECT r.id, r.stream_id, r.creator_id, r.reporter_id, r.user_id, u.handle, r.message_id, r.excerpt, r.reason, r.state,
       r.decided_by, r.created_at
FROM reports r JOIN users u ON u.id = r.user_id
"""
APPEAL = """
SELECT a.id, a.creator_id, a.user_id, u.handle, a.text, a.state, a.answer, a.decided_by, a.created_at
FROM unban_requests a JOIN users u ON u.id = a.user_id
"""


async def standing(db: Db, user_id: UUID, creator_id: UUID) -> Standing:
    async with db.cursor(row_factory=struct_row(Standing)) as cursor:
        await cursor.execute(
            "SELECT %(user)s = %(creator)s OR coalesce(u.roles @> '{admin}', false) OR m.user_id IS NOT NULL "
            "AS moderates, b.id IS NOT NULL AS banned, b.until, coalesce(b.reason, '') AS reason, "
            "(SELECT max(s.tier) FROM channel_subscribers s WHERE s.user_id = %(user)s "
            "AND s.creator_id = %(creator)s AND s.until > clock_timestamp()) AS tier "
            "FROM (SELECT) one LEFT JOIN users u ON u.id = %(user)s "
            "LEFT JOIN channel_moderators m ON m.user_id = %(user)s AND m.creator_id = %(creator)s "
            "LEFT JOIN bans_in_force b ON b.user_id = %(user)s AND b.creator_id = %(creator)s",
            {"user": user_id, "creator": creator_id},
        )
        return (await cursor.fetchall())[0]


async def welcome(db: Db, user_id: UUID, stream_id: UUID) -> Standing | None:
    """The ban of somebody in a stream's channel, nothing else of their standing; None without the stream."""
    async with db.cursor(row_factory=struct_row(Standing)) as cursor:
        await cursor.execute(
            "SELECT b.id IS NOT NULL AS banned, b.until, coalesce(b.reason, '') AS reason FROM streams s "
            "LEFT JOIN bans_in_force b ON b.user_id = %s AND b.creator_id = s.creator_id WHERE s.id = %s",
            (user_id, stream_id),
        )
        return await cursor.fetchone()


async def insert_moderator(db: Db, creator_id: UUID, user_id: UUID) -> bool:
    """Whether it was new."""
    done = await db.execute(
        "INSERT INTO channel_moderators (creator_id, user_id) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        (creator_id, user_id),
    )
    return done.rowcount == 1


async def delete_moderator(db: Db, creator_id: UUID, user_id: UUID) -> bool:
    """Whether there was one."""
    done = await db.execute(
        "DELETE FROM channel_moderators WHERE creator_id = %s AND user_id = %s", (creator_id, user_id)
    )
    return done.rowcount == 1


async def moderators(db: Db, creator_id: UUID, after: tuple[datetime, UUID] | None, limit: int) -> list[Moderator]:
    """A channel's moderators, the latest first; `after` is the place of the last one seen."""
    at, user_id = after or (None, None)
    async with db.cursor(row_factory=struct_row(Moderator)) as cursor:
        await cursor.execute(
            "SELECT u.id, u.handle, m.granted_at FROM channel_moderators m JOIN users u ON u.id = m.user_id "
            "WHERE m.creator_id = %(creator)s "
            "AND (%(at)s::timestamptz IS NULL OR (m.granted_at, m.user_id) < (%(at)s, %(user)s)) "
            "ORDER BY m.granted_at DESC, m.user_id DESC LIMIT %(limit)s",
            {"creator": creator_id, "at": at, "user": user_id, "limit": limit},
        )
        return await cursor.fetchall()


async def moderated_channels(db: Db, user_id: UUID) -> list[UUID]:
    """The channels where somebody keeps order, their own among them."""
    done = await db.execute(
        "SELECT creator_id FROM channel_moderators WHERE user_id = %(user)s UNION SELECT %(user)s", {"user": user_id}
    )
    return [row[0] for row in await done.fetchall()]


async def keeps_order(db: Db, user_id: UUID) -> bool:
    """Whether somebody was named a moderator anywhere."""
    done = await db.execute("SELECT EXISTS (SELECT FROM channel_moderators WHERE user_id = %s)", (user_id,))
    return bool((await done.fetchall())[0][0])


async def channels(db: Db, user_id: UUID) -> list[Channel]:
    """Where somebody keeps order: their own channel first, if they are a creator, then by handle."""
    async with db.cursor(row_factory=struct_row(Channel)) as cursor:
        await cursor.execute(
            "SELECT u.id, u.handle, s.id AS stream_id, coalesce(s.status = 'live', false) AS is_live "
            "FROM users u LEFT JOIN LATERAL (SELECT id, status FROM streams WHERE creator_id = u.id "
            "ORDER BY status = 'live' DESC, id DESC LIMIT 1) s ON true "
            "WHERE u.id IN (SELECT creator_id FROM channel_moderators WHERE user_id = %(user)s UNION SELECT %(user)s) "
            "AND 'creator' = ANY (u.roles) ORDER BY u.id = %(user)s DESC, u.handle",
            {"user": user_id},
        )
        return await cursor.fetchall()


async def upsert_ban(
    db: Db, creator_id: UUID, user_id: UUID, *, seconds: int | None, reason: str, banned_by: UUID
) -> None:
    """A new ban takes the place of the one before."""
    await db.execute(
        "INSERT INTO channel_bans (creator_id, user_id, until, reason, banned_by) "
        "VALUES (%(creator)s, %(user)s, clock_timestamp() + make_interval(secs => %(seconds)s), %(reason)s, %(by)s) "
        "ON CONFLICT (creator_id, user_id) DO UPDATE SET id = excluded.id, until = excluded.until, "
        "reason = excluded.reason, banned_by = excluded.banned_by, created_at = excluded.created_at",
        {"creator": creator_id, "user": user_id, "seconds": seconds, "reason": reason, "by": banned_by},
    )


async def ban_in_force(db: Db, creator_id: UUID, user_id: UUID) -> Ban | None:
    async with db.cursor(row_factory=struct_row(Ban)) as cursor:
        await cursor.execute(BAN + "WHERE b.creator_id = %s AND b.user_id = %s", (creator_id, user_id))
        return await cursor.fetchone()


async def bans(db: Db, creator_id: UUID, before: UUID | None, limit: int) -> list[Ban]:
    """Bans in force, newest first (their ids rise with time); `before` continues after that one."""
    async with db.cursor(row_factory=struct_row(Ban)) as cursor:
        await cursor.execute(
            BAN + "WHERE b.creator_id = %s AND b.id < coalesce(%s, %s::uuid) ORDER BY b.id DESC LIMIT %s",
            (creator_id, before, LAST, limit),
        )
        return await cursor.fetchall()


async def delete_ban(db: Db, creator_id: UUID, user_id: UUID) -> bool:
    """Whether there was one to delete."""
    done = await db.execute("DELETE FROM channel_bans WHERE creator_id = %s AND user_id = %s", (creator_id, user_id))
    return done.rowcount == 1


async def bans_among(db: Db, people: Collection[tuple[UUID, UUID]]) -> list[Ban]:
    """The bans in force of these pairs of creator and person, in no order."""
    async with db.cursor(row_factory=struct_row(Ban)) as cursor:
        await cursor.execute(
            BAN + "WHERE (b.creator_id, b.user_id) IN (SELECT * FROM unnest(%s::uuid[], %s::uuid[]))",  # noqa: S608 own text
            ([creator_id for creator_id, _ in people], [user_id for _, user_id in people]),
        )
        return await cursor.fetchall()


async def insert_report(
    db: Db,
    *,
    stream_id: UUID,
    creator_id: UUID,
    reporter_id: UUID,
    user_id: UUID,
    message_id: UUID | None,
    excerpt: str,
    reason: str,
) -> UUID | None:
    """Its id; None while the same person's report of the same is open."""
    done = await db.execute(
        "INSERT INTO reports (stream_id, creator_id, reporter_id, user_id, message_id, excerpt, reason) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
        (stream_id, creator_id, reporter_id, user_id, message_id, excerpt, reason),
    )
    row = await done.fetchone()
    return row[0] if row else None


async def report(db: Db, report_id: UUID) -> Report | None:
    async with db.cursor(row_factory=struct_row(Report)) as cursor:
        await cursor.execute(REPORT + "WHERE r.id = %s", (report_id,))
        return await cursor.fetchone()


async def reports(
    db: Db, creators: list[UUID] | None, state: ReportState, before: UUID | None, limit: int
) -> list[Report]:
    """Reports of these channels, or with None of all, newest first; `before` continues after that one."""
    async with db.cursor(row_factory=struct_row(Report)) as cursor:
        await cursor.execute(
            REPORT + "WHERE (%(creators)s::uuid[] IS NULL OR r.creator_id = ANY (%(creators)s)) "
            "AND r.state = %(state)s AND r.id < coalesce(%(before)s, %(last)s::uuid) "
            "ORDER BY r.id DESC LIMIT %(limit)s",
            {"creators": creators, "state": state, "before": before, "last": LAST, "limit": limit},
        )
        return await cursor.fetchall()


async def close_report(db: Db, report_id: UUID, state: ReportState, decided_by: UUID) -> bool:
    """Whether it was open."""
    done = await db.execute(
        "UPDATE reports SET state = %s, decided_by = %s, decided_at = clock_timestamp() "
        "WHERE id = %s AND state = 'open'",
        (state, decided_by, report_id),
    )
    return done.rowcount == 1


async def insert_appeal(db: Db, ban: Ban, text: str) -> UUID | None:
    """Its id; None when this ban was appealed before."""
    done = await db.execute(
        "INSERT INTO unban_requests (creator_id, user_id, ban_id, text) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT DO NOTHING RETURNING id",
        (ban.creator_id, ban.user_id, ban.id, text),
    )
    row = await done.fetchone()
    return row[0] if row else None


async def appeal(db: Db, appeal_id: UUID) -> Appeal | None:
    async with db.cursor(row_factory=struct_row(Appeal)) as cursor:
        await cursor.execute(APPEAL + "WHERE a.id = %s", (appeal_id,))
        return await cursor.fetchone()


async def own_appeal(db: Db, creator_id: UUID, user_id: UUID) -> Appeal | None:
    """What somebody asked about the ban in force; without one, what they asked last."""
    async with db.cursor(row_factory=struct_row(Appeal)) as cursor:
        await cursor.execute(
            APPEAL + "LEFT JOIN bans_in_force b ON b.user_id = a.user_id AND b.creator_id = a.creator_id "
            "WHERE a.creator_id = %s AND a.user_id = %s AND (b.id IS NULL OR b.id = a.ban_id) "
            "ORDER BY a.id DESC LIMIT 1",
            (creator_id, user_id),
        )
        return await cursor.fetchone()


async def appeals(db: Db, creators: list[UUID], state: AppealState, before: UUID | None, limit: int) -> list[Appeal]:
    """Unban requests of these channels, newest first; `before` continues after that one."""
    async with db.cursor(row_factory=struct_row(Appeal)) as cursor:
        await cursor.execute(
            APPEAL + "WHERE a.creator_id = ANY (%s) AND a.state = %s AND a.id < coalesce(%s, %s::uuid) "
            "ORDER BY a.id DESC LIMIT %s",
            (creators, state, before, LAST, limit),
        )
        return await cursor.fetchall()


async def decide_appeal(db: Db, appeal_id: UUID, state: AppealState, answer: str, decided_by: UUID) -> bool:
    """Whether it was open."""
    done = await db.execute(
        "UPDATE unban_requests SET state = %s, answer = %s, decided_by = %s, decided_at = clock_timestamp() "
        "WHERE id = %s AND state = 'open'",
        (state, answer, decided_by, appeal_id),
    )
    return done.rowcount == 1
