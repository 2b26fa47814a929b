"""All SQL of limits; stricter and looser is decided by functions of the `ledger` schema."""

from datetime import datetime
from uuid import UUID

from domain.limits.model import Limits
from livestreamx.engines.postgres import Db, struct_row

LIMITS = """
SELECT limit_now(d) AS daily, limit_now(w) AS weekly,
       CASE WHEN d.next_at > clock_timestamp() THEN d.next_tokens END AS next_daily,
       CASE WHEN d.next_at > clock_timestamp() THEN d.next_at END AS next_daily_at,
       CASE WHEN w.next_at > clock_timestamp() THEN w.next_tokens END AS next_weekly,
       CASE WHEN w.next_at > clock_timestamp() THEN w.next_at END AS next_weekly_at,
       CASE WHEN e.until > clock_timestamp() THEN e.until END AS excluded_until
FROM users u
LEFT JOIN spend_limits d ON d.user_id = u.id AND d.days = 1
LEFT JOIN spend_limits w ON w.user_id = u.id AND w.days = 7
LEFT JOIN self_exclusions e ON e.user_id = u.id
WHERE u.id = %s
"""


async def limits(db: Db, user_id: UUID) -> Limits:
    """As they hold at this moment."""
    async with db.cursor(row_factory=struct_row(Limits)) as cursor:
        await cursor.execute(LIMITS, (user_id,))
        return await cursor.fetchone() or Limits()


async def lock(db: Db, user_id: UUID) -> None:
    """Puts changes of one person's limits in a row."""
    await db.execute("SELECT FROM users WHERE id = %s FOR NO KEY UPDATE", (user_id,))


async def set_limit(db: Db, user_id: UUID, days: int, tokens: int | None) -> None:
    """Stricter at once, looser in a day."""
    await db.execute("SELECT ledger.set_limit(%s, %s, %s)", (user_id, days, tokens))


async def exclude_until(db: Db, user_id: UUID, until: datetime) -> bool:
    """Whether that holds now; a shorter exclusion changes nothing."""
    done = await db.execute("SELECT ledger.exclude_until(%s, %s)", (user_id, until))
    return bool((await done.fetchall())[0][0])
