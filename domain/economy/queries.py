"""All SQL of the economy. The rules themselves are functions and constraints of the `ledger` schema."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from domain.economy.model import (
    Bucket,
    Gift,
    GiftEvent,
    GiftOrder,
    GiftOutcome,
    LedgerEntry,
    LedgerPlace,
    StatementLine,
    Wallet,
    WalletLock,
)
from livestreamx.clock import uuid7
from livestreamx.engines.postgres import Db, struct_row

LAST = 2**63 - 1
RANK_OF_BUCKET: dict[Bucket, int] = {"paid": 0, "bonus": 1}


async def catalogue(db: Db, rarity: str | None) -> list[Gift]:
    """The cheapest gift first."""
    async with db.cursor(row_factory=struct_row(Gift)) as cursor:
        await cursor.execute(
            "SELECT code, name, token_cost, rarity, animation_key, command_action, command_args FROM gifts "
            "WHERE rarity = coalesce(%s, rarity) ORDER BY token_cost, code",
            (rarity,),
        )
        return await cursor.fetchall()


async def upsert_gifts(db: Db, gifts: Iterable[Gift]) -> int:
    """How many entries were new or changed."""
    changed = 0
    for gift in gifts:
        done = await db.execute(
            """
            INSERT INTO gifts AS known (code, name, token_cost, rarity, animation_key, command_action, command_args)
            VALUES (%(code)s, %(name)s, %(token_cost)s, %(rarity)s, %(animation_key)s, %(command_action)s,
                    %(command_args)s)
            ON CONFLICT (code) DO UPDATE SET name = excluded.name, token_cost = excluded.token_cost,
                rarity = excluded.rarity, animation_key = excluded.animation_key,
                command_action = excluded.command_action, command_args = excluded.command_args
            WHERE (known.name, known.token_cost, known.rarity, known.animation_key, known.command_action,
                   known.command_args)
                IS DISTINCT FROM (excluded.name, excluded.token_cost, excluded.rarity, excluded.animation_key,
                                  excluded.command_action, excluded.command_args)
            """,
            msgspec.structs.asdict(gift) | {"command_args": Jsonb(gift.command_args)},
        )
        changed += done.rowcount
    return changed


async def open_wallet(db: Db, user_id: UUID) -> None:
    """Opens both buckets; opening them again changes nothing."""
    await db.execute("SELECT ledger.open_wallet(%s)", (user_id,))


async def grant(db: Db, txn: UUID, user_id: UUID, reason: str, tokens: int) -> str:
    """`granted`, `replayed` or `key_reused`."""
    done = await db.execute("SELECT ledger.grant_tokens(%s, %s, %s, %s)", (txn, user_id, reason, tokens))
    return str((await done.fetchall())[0][0])


async def lock_wallet(db: Db, user_id: UUID, reason: str | None) -> None:
    """Stops spending for this reason, or allows it again."""
    await db.execute("SELECT ledger.lock_wallet(%s, %s)", (user_id, reason))


async def wallet(db: Db, user_id: UUID) -> Wallet:
    """Empty for someone without a wallet."""
    async with db.cursor(row_factory=struct_row(Wallet)) as cursor:
        await cursor.execute(
            "SELECT (paid + bonus) / 100 AS tokens, paid / 100 AS paid, bonus / 100 AS bonus, "
            "locked_for IS NOT NULL AS locked FROM ledger.wallet WHERE user_id = %s",
            (user_id,),
        )
        return await cursor.fetchone() or Wallet(tokens=0, paid=0, bonus=0)


async def wallet_lock(db: Db, user_id: UUID) -> WalletLock | None:
    """Why this wallet is locked or not; None for nobody's."""
    async with db.cursor(row_factory=struct_row(WalletLock)) as cursor:
        await cursor.execute("SELECT reason, purchases FROM ledger.wallet_lock WHERE user_id = %s", (user_id,))
        return await cursor.fetchone()


def _arguments(order: GiftOrder) -> tuple[object, ...]:
    return (
        order.gift_event_id,
        order.event_id,
        order.sender,
        order.handle,
        order.stream_id,
        order.code,
        order.qty,
        order.combo_id,
        order.idempotency_key,
        order.origin,
    )


async def send_gift(db: Db, order: GiftOrder) -> GiftOutcome:
    """One round trip, one transaction: ledger, gift event and outbox row, or none of them."""
    async with db.cursor(row_factory=struct_row(GiftOutcome)) as cursor:
        await cursor.execute(
            "SELECT * FROM ledger.send_gift(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)", _arguments(order)
        )
        return (await cursor.fetchall())[0]


async def send_gifts(db: Db, orders: Sequence[GiftOrder]) -> list[GiftOutcome]:
    """Many gifts in one transaction, in their order; each as `send_gift` would, or `again`."""
    async with db.cursor(binary=True, row_factory=struct_row(GiftOutcome)) as cursor:
        await cursor.execute(
            "SELECT * FROM ledger.send_gifts(%b::uuid[], %b::uuid[], %b::uuid[], %b::text[], %b::uuid[], %b::text[], "
            "%b::int[], %b::text[], %b::text[], %b::text[])",
            [list(column) for column in zip(*map(_arguments, orders), strict=True)],
            prepare=True,
        )
        return await cursor.fetchall()


class RefundOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What `ledger.refund_gift` says: `refunded`, `refunded_before` or `unknown_gift_event`."""

    outcome: str
    user_id: UUID | None
    stream_id: UUID | None
    tokens: int | None
    paid_left: int | None
    bonus_left: int | None


async def refund_gift(db: Db, gift_event_id: UUID, actor: UUID | None, reason: str, origin: str) -> RefundOutcome:
    """Every leg of the gift the other way, once; with its event."""
    async with db.cursor(row_factory=struct_row(RefundOutcome)) as cursor:
        await cursor.execute(
            "SELECT * FROM ledger.refund_gift(%s, %s, %s, %s, %s, %s)",
            (gift_event_id, uuid7(), uuid7(), actor, reason, origin),
        )
        return (await cursor.fetchall())[0]


async def mature_earnings(db: Db, creator: UUID, before: datetime) -> int:
    """What became available, in hundredths of a token."""
    done = await db.execute("SELECT ledger.mature_earnings(%s, %s, %s)", (creator, uuid7(), before))
    return int((await done.fetchall())[0][0])


async def creators_with_earnings(db: Db) -> list[UUID]:
    """Those who have pending earnings."""
    found = await db.execute(
        "SELECT u.id FROM ledger.balance b JOIN users u ON u.number = b.account >> 8 "
        "WHERE ledger.kind_of(b.account) = ledger.creator_earnings() GROUP BY u.id HAVING sum(b.posted) > 0"
    )
    return [row[0] for row in await found.fetchall()]


STATEMENT = """
SELECT min(t.at) AS at, t.txn AS txn_id, bucket, t.flow::text AS reason, g.gift_code, g.qty,
       (sum(CASE WHEN t.credit = w.account THEN t.amount ELSE -t.amount END) / 100)::bigint AS delta
FROM users u
CROSS JOIN (VALUES ('paid', ledger.user_paid()), ('bonus', ledger.user_bonus())) buckets (bucket, kind)
CROSS JOIN LATERAL (SELECT ledger.account_id(u.number, kind) AS account) w
CROSS JOIN LATERAL (
    SELECT * FROM ledger.transfer WHERE debit = w.account AND ledger.is_wallet(debit)
    UNION ALL SELECT * FROM ledger.transfer WHERE credit = w.account AND ledger.is_wallet(credit)) t
LEFT JOIN gift_refunds r ON t.flow = 'gift_refund' AND r.txn = t.txn
LEFT JOIN gift_events g ON g.id = coalesce(r.gift_event_id, CASE WHEN t.flow = 'gift' THEN t.txn END)
WHERE u.id = %s AND t.at >= %s AND t.at < %s
GROUP BY t.posting, t.txn, bucket, t.flow, g.gift_code, g.qty ORDER BY t.posting, bucket
"""


async def statement(db: Db, user_id: UUID, since: datetime, until: datetime) -> list[StatementLine]:
    """What moved a wallet in a span, oldest first."""
    async with db.cursor(row_factory=struct_row(StatementLine)) as cursor:
        await cursor.execute(STATEMENT, (user_id, since, until))
        return await cursor.fetchall()


# The table itself knows only whether a gift was taken back.
SENT = """
SELECT e.id, e.gift_code, e.qty, e.tokens, u.handle AS from_user, c.handle AS to_creator, e.stream_id, e.created_at,
       k.action AS triggered_action,
       CASE WHEN e.state = 'refunded' THEN 'refunded' WHEN k.state IN ('queued', 'running') THEN 'charged'
            ELSE 'delivered' END AS state
FROM gift_events e JOIN users u ON u.id = e.from_user_id JOIN users c ON c.id = e.to_creator_id
LEFT JOIN commands k ON k.id = e.id
"""


async def gift_events(db: Db, stream_id: UUID, before: UUID | None, limit: int) -> list[GiftEvent]:
    """Newest first (their ids rise with time); `before` continues after that one."""
    async with db.cursor(row_factory=struct_row(GiftEvent)) as cursor:
        await cursor.execute(
            SENT + "WHERE e.stream_id = %s AND e.id < coalesce(%s, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) "
            "ORDER BY e.id DESC LIMIT %s",
            (stream_id, before, limit),
        )
        return await cursor.fetchall()


# A gift has at most two legs out of one bucket, so twice the limit of legs holds enough entries.
# The balance after an entry is today's, less what came later: before the page, then on it.
LEDGER_PAGE = """
WITH wallet AS (
    SELECT b.account, b.posted, bucket, rank
    FROM users u
    CROSS JOIN (VALUES ('paid', 0, ledger.user_paid()), ('bonus', 1, ledger.user_bonus())) buckets (bucket, rank, kind)
    JOIN ledger.balance b ON b.account = ledger.account_id(u.number, kind) AND b.stripe = 0
    WHERE u.id = %(user)s
), later AS (
    SELECT w.account, coalesce(sum(delta), 0) AS delta
    FROM wallet w LEFT JOIN LATERAL (
        SELECT -amount AS delta FROM ledger.transfer
        WHERE debit = w.account AND ledger.is_wallet(debit) AND posting >= %(posting)s
          AND (posting > %(posting)s OR w.rank >= %(rank)s)
        UNION ALL
        SELECT amount FROM ledger.transfer
        WHERE credit = w.account AND ledger.is_wallet(credit) AND posting >= %(posting)s
          AND (posting > %(posting)s OR w.rank >= %(rank)s)) legs ON true
    GROUP BY w.account
), entry AS (
    SELECT w.account, w.posted, w.bucket, w.rank, posting, txn, flow, sum(delta) AS delta, min(at) AS at
    FROM wallet w CROSS JOIN LATERAL (
        (SELECT posting, txn, flow, -amount AS delta, at FROM ledger.transfer
         WHERE debit = w.account AND ledger.is_wallet(debit) AND posting <= %(posting)s
           AND (posting < %(posting)s OR w.rank < %(rank)s)
         ORDER BY posting DESC LIMIT 2 * %(limit)s)
        UNION ALL
        (SELECT posting, txn, flow, amount, at FROM ledger.transfer
         WHERE credit = w.account AND ledger.is_wallet(credit) AND posting <= %(posting)s
           AND (posting < %(posting)s OR w.rank < %(rank)s)
         ORDER BY posting DESC LIMIT 2 * %(limit)s)) legs
    GROUP BY w.account, w.posted, w.bucket, w.rank, posting, txn, flow
)
SELECT entry.posting, entry.txn AS txn_id, entry.bucket, (entry.delta / 100)::bigint AS delta,
       entry.flow::text AS reason, g.stream_id AS ref_id, g.gift_code, g.qty, entry.at AS created_at,
       ((entry.posted - later.delta - coalesce(sum(entry.delta) OVER (
           PARTITION BY entry.account ORDER BY entry.posting DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
        ) / 100)::bigint AS balance_after
FROM entry JOIN later USING (account)
LEFT JOIN gift_refunds r ON entry.flow = 'gift_refund' AND r.txn = entry.txn
LEFT JOIN gift_events g ON g.id = coalesce(r.gift_event_id, CASE WHEN entry.flow = 'gift' THEN entry.txn END)
ORDER BY entry.posting DESC, entry.rank DESC LIMIT %(limit)s
"""


async def set_aside(db: Db, user_id: UUID) -> int:
    """Tokens that wait: held for a gift that is under way, or for their money to go back."""
    done = await db.execute(
        "SELECT (coalesce(sum(b.posted), 0) / 100)::bigint FROM users u "
        "CROSS JOIN (VALUES (ledger.user_held()), (ledger.user_held_bonus()), (ledger.user_refunding())) k (kind) "
        "JOIN ledger.balance b ON b.account = ledger.account_id(u.number, kind) WHERE u.id = %s",
        (user_id,),
    )
    tokens: int = (await done.fetchall())[0][0]
    return tokens


async def ledger_page(db: Db, user_id: UUID, before: LedgerPlace | None, limit: int) -> list[LedgerEntry]:
    """Newest first; `before` is the place of the last entry already read."""
    after = before or LedgerPlace(LAST, "paid")
    async with db.cursor(row_factory=struct_row(LedgerEntry)) as cursor:
        await cursor.execute(
            LEDGER_PAGE,
            {"user": user_id, "posting": after.posting, "rank": RANK_OF_BUCKET[after.bucket], "limit": limit},
        )
        return await cursor.fetchall()
