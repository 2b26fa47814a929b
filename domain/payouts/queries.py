"""All SQL of payouts; moving the money is up to functions of the `ledger` schema."""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.payouts.model import Earnings, EarningsLine, Maturing, Payout, PayoutState
from livestreamx.engines.postgres import Db, struct_row

PAYOUT = """
SELECT p.id, p.creator_id, u.handle, p.amount_minor, p.state, p.requested_at, p.changed_at
FROM payouts p JOIN users u ON u.id = p.creator_id
"""
LAST = UUID(int=2**128 - 1)

EARNINGS = """
SELECT coalesce(sum(b.posted) FILTER (WHERE kind = ledger.creator_earnings()), 0)::bigint / 100 AS pending,
       coalesce(sum(b.posted) FILTER (WHERE kind = ledger.creator_contested()), 0)::bigint / 100 AS contested,
       coalesce(sum(b.posted) FILTER (WHERE kind = ledger.creator_available()), 0)::bigint / 100 AS available,
       coalesce(sum(b.posted) FILTER (WHERE kind = ledger.creator_in_payout()), 0)::bigint / 100 AS in_payout,
       coalesce(-sum(b.posted) FILTER (WHERE kind = ledger.creator_debt()), 0)::bigint / 100 AS debt,
       (SELECT coalesce(sum(amount_minor), 0)::bigint FROM payouts WHERE creator_id = %(creator)s AND state = 'paid')
           AS paid
FROM users u
CROSS JOIN (VALUES (ledger.creator_earnings()), (ledger.creator_contested()), (ledger.creator_available()),
                   (ledger.creator_in_payout()), (ledger.creator_debt())) kinds (kind)
JOIN ledger.balance b ON b.account = ledger.account_id(u.number, kind)
WHERE u.id = %(creator)s
"""

# What was earned on a day matures together, at the night that follows the last of its 14 days.
MATURING = """
WITH earned AS (
    SELECT e.created_at AS at, t.amount
    FROM users u JOIN streams s ON s.creator_id = u.id JOIN gift_events e ON e.stream_id = s.id
    JOIN ledger.transfer t ON t.txn = e.id AND t.credit = ledger.account_id(u.number, ledger.creator_earnings())
    WHERE u.id = %(creator)s AND e.state <> 'refunded'
    UNION ALL
    SELECT credited_at, share - held FROM channel_charges WHERE creator_id = %(creator)s AND share > held
)
SELECT date_trunc('day', e.at, 'UTC') + interval '15 days' AS at, sum(e.amount)::bigint / 100 AS minor
FROM earned e JOIN users u ON u.id = %(creator)s LEFT JOIN ledger.maturity m ON m.creator = u.number
WHERE e.at > coalesce(m.until, '-infinity')
GROUP BY 1 ORDER BY 1 LIMIT 1
"""

# A gift, its refund, what a lost dispute took of it, and what came back of that; what was paid for the channel in
# money, and what went back of that: each as it happened in the span.
LINES = """
WITH mine AS (
    SELECT e.id, e.created_at, e.paid * 100 AS gross, t.amount AS net
    FROM users u JOIN streams s ON s.creator_id = u.id JOIN gift_events e ON e.stream_id = s.id
    JOIN ledger.transfer t ON t.txn = e.id AND t.credit = ledger.account_id(u.number, ledger.creator_earnings())
    WHERE u.id = %(creator)s AND e.paid > 0
)
SELECT created_at AS at, 'gift' AS kind, id AS reference, gross, gross - net AS fee, 0::bigint AS reversal, net
FROM mine WHERE created_at >= %(since)s AND created_at < %(until)s
UNION ALL
SELECT r.created_at, 'refund', m.id, 0, 0, -m.net, -m.net
FROM mine m JOIN gift_refunds r ON r.gift_event_id = m.id
WHERE r.created_at >= %(since)s AND r.created_at < %(until)s
UNION ALL
SELECT t.at, CASE t.flow WHEN 'clawback' THEN 'clawback' ELSE 'return' END, c.gift_event_id, 0, 0,
       CASE t.flow WHEN 'clawback' THEN -t.amount ELSE t.amount END,
       CASE t.flow WHEN 'clawback' THEN -t.amount ELSE t.amount END
FROM users u JOIN ledger.claim c ON c.creator = u.number
JOIN ledger.transfer t ON t.txn IN (c.id, c.released)
    AND ledger.account_id(u.number, ledger.creator_contested()) IN (t.debit, t.credit)
WHERE u.id = %(creator)s AND t.flow IN ('clawback', 'clawback_return') AND t.at >= %(since)s AND t.at < %(until)s
UNION ALL
SELECT p.at, CASE WHEN p.step > 0 THEN CASE WHEN p.share < 0 THEN 'refund' ELSE 'return' END
                  WHEN c.gift_id IS NULL THEN 'subscription' ELSE 'gift_subs' END, c.id,
       CASE WHEN p.step = 0 THEN p.share + p.fee ELSE 0 END, CASE WHEN p.step = 0 THEN p.fee ELSE 0 END,
       CASE WHEN p.step = 0 THEN 0 ELSE p.share END, p.share
FROM channel_charges c JOIN channel_postings p ON p.charge_id = c.id
WHERE c.creator_id = %(creator)s AND p.share <> 0 AND p.at >= %(since)s AND p.at < %(until)s
ORDER BY at, kind, reference
"""


class PayoutOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What `ledger.request_payout` says; `available` in cents."""

    outcome: str
    payout_id: UUID | None
    available: int


async def request(db: Db, creator_id: UUID, amount_minor: int, key: str) -> PayoutOutcome:
    """Sets earnings aside, once for this key."""
    async with db.cursor(row_factory=struct_row(PayoutOutcome)) as cursor:
        await cursor.execute("SELECT * FROM ledger.request_payout(%s, %s, %s)", (creator_id, amount_minor, key))
        return (await cursor.fetchall())[0]


async def move(db: Db, payout_id: UUID, state: str) -> str:
    """`moved`, `unknown`, `stale` or `blocked`."""
    done = await db.execute("SELECT ledger.move_payout(%s, %s)", (payout_id, state))
    return str((await done.fetchall())[0][0])


async def payout(db: Db, payout_id: UUID) -> Payout | None:
    async with db.cursor(row_factory=struct_row(Payout)) as cursor:
        await cursor.execute(PAYOUT + "WHERE p.id = %s", (payout_id,))
        return await cursor.fetchone()


async def payouts(
    db: Db, before: UUID | None, limit: int, *, creator_id: UUID | None = None, state: PayoutState | None = None
) -> list[Payout]:
    """Newest first (their ids rise with time); of one creator, in one state, or all."""
    async with db.cursor(row_factory=struct_row(Payout)) as cursor:
        await cursor.execute(
            PAYOUT
            + "WHERE p.id < %s AND p.creator_id = coalesce(%s, p.creator_id) AND p.state = coalesce(%s, p.state) "
            "ORDER BY p.id DESC LIMIT %s",
            (before or LAST, creator_id, state, limit),
        )
        return await cursor.fetchall()


async def earnings(db: Db, creator_id: UUID) -> Earnings:
    """All zero for somebody who never earned."""
    async with db.cursor(row_factory=struct_row(Earnings)) as cursor:
        await cursor.execute(EARNINGS, {"creator": creator_id})
        return (await cursor.fetchall())[0]


async def next_maturing(db: Db, creator_id: UUID) -> Maturing | None:
    """The earliest day whose earnings are pending; None when nothing waits."""
    async with db.cursor(row_factory=struct_row(Maturing)) as cursor:
        await cursor.execute(MATURING, {"creator": creator_id})
        return await cursor.fetchone()


async def lines(db: Db, creator_id: UUID, since: datetime, until: datetime) -> list[EarningsLine]:
    """What moved a creator's earnings in a span, oldest first."""
    async with db.cursor(row_factory=struct_row(EarningsLine)) as cursor:
        await cursor.execute(LINES, {"creator": creator_id, "since": since, "until": until})
        return await cursor.fetchall()
