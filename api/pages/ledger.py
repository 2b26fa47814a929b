"""A wallet's history as pages show it: each entry in words, by the kind that the reader asks for."""

from typing import Any, Literal, get_args

from api.pages.views import Entry
from api.pages.visit import Visit
from api.paging import decode_cursor, encode_cursor
from domain.economy import service as economy
from domain.economy.model import LedgerEntry, LedgerPlace
from livestreamx.errors import Unauthenticated

Kind = Literal["all", "gifts", "purchases", "bonus"]
KINDS: tuple[Kind, ...] = get_args(Kind)
NAMES: dict[Kind, str] = {"all": "Everything", "gifts": "Gifts", "purchases": "Purchases", "bonus": "Bonus tokens"}
REASONS: dict[Kind, frozenset[str]] = {
    "gifts": frozenset({"gift", "gift_refund", "hold", "hold_post", "hold_void"}),
    "purchases": frozenset(
        {"purchase", "purchase_refund", "refund_hold", "refund_void", "chargeback", "debt_repaid", "pack"}
    ),
    "bonus": frozenset({"signup", "topup", "promo", "level"}),
}
WORDS = {
    "signup": "Welcome gift",
    "topup": "Top-up",
    "promo": "Present from the house",
    "level": "Level reached",
    "purchase": "Purchase",
    "purchase_refund": "Purchase refunded",
    "refund_hold": "Waits to be refunded",
    "refund_void": "Refund was not possible",
    "chargeback": "Purchase taken back by the bank",
    "debt_repaid": "Debt repaid",
    "pack": "Exclusive pack",
    "gift_refund": "Gift returned",
    "hold": "Set aside for a gift",
    "hold_void": "Set aside no longer",
}
ENTRIES = 25
LEAF = 100
MOST_LEAVES = 10
"""So many pages of the ledger are looked through for entries of one kind before the reader is asked to go on."""


def name_entry(entry: LedgerEntry) -> str:
    """What moved the wallet, in words."""
    if entry.gift_code and entry.reason == "gift":
        return f"{entry.gift_code.replace('_', ' ').capitalize()} × {entry.qty}"
    return WORDS.get(entry.reason, entry.reason.replace("_", " ").capitalize())


def describe(entry: LedgerEntry) -> Entry:
    """An entry as a row of the table."""
    return Entry(
        at=entry.created_at,
        words=name_entry(entry),
        bucket="Bought" if entry.bucket == "paid" else "Bonus",
        delta=entry.delta,
        balance_after=entry.balance_after,
    )


async def read_history(visit: Visit, cursor: str | None, kind: Kind) -> dict[str, Any]:
    """`entries` after the cursor, newest first, and `more`: the cursor of the next ones, None at the end."""
    if visit.viewer is None:
        raise Unauthenticated()
    place = decode_cursor(cursor, LedgerPlace)
    wanted, found, ended = REASONS.get(kind), list[LedgerEntry](), False
    for _ in range(MOST_LEAVES):
        leaf = await economy.ledger_page(visit.pool, visit.viewer.id, place, LEAF)
        found += [entry for entry in leaf if wanted is None or entry.reason in wanted]
        ended = len(leaf) < LEAF
        place = leaf[-1].place if leaf else place
        if ended or len(found) > ENTRIES:
            break
    if len(found) > ENTRIES:
        found, ended = found[:ENTRIES], False
        place = found[-1].place
    more = None if ended or place is None else encode_cursor(place)
    return {"entries": [describe(entry) for entry in found], "more": more, "kind": kind, "kinds": NAMES}
