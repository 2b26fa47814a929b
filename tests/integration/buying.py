"""Payments as plain calls of what the ledger offers: orders, and what Stripe says of them."""

from uuid import UUID, uuid4

from tests.integration.books import Connection

CENTS = 2
"""What one token costs here, so that tokens and money convert without a rest."""


class Purchase:
    """One order of so many tokens; each method is one event of Stripe, taken in by the ledger."""

    def __init__(self, db: Connection, buyer: UUID, tokens: int) -> None:
        self.db, self.buyer, self.tokens, self.price = db, buyer, tokens, tokens * CENTS
        self.intent = f"pi_{uuid4().hex}"
        row = db.execute(
            "INSERT INTO payments (user_id, pack_id, tokens, price_minor, currency, idempotency_key) "
            "VALUES (%s, 'p', %s, %s, 'usd', %s) RETURNING id",
            (buyer, tokens, self.price, uuid4().hex),
        ).fetchone()
        assert row is not None
        self.id: UUID = row[0]

    def take(self, db: Connection | None = None, **said: object) -> str:
        facts = {"paid": None, "refunded": None, "opened": False, "won": False, "lost": False, "minor": None} | said
        disputed = facts["opened"] or facts["won"] or facts["lost"]
        row = (
            (db or self.db)
            .execute(
                "SELECT outcome FROM ledger.take_stripe_event(%s, 'test', %s, %s, %s, 'usd', false, %s, NULL, %s, %s, "
                "%s, %s, %s)",
                (
                    uuid4().hex,
                    self.intent,
                    self.id,
                    facts["paid"],
                    facts["refunded"],
                    f"dp_{self.intent}" if disputed else None,
                    (facts["minor"] or self.price) if disputed else None,
                    disputed,
                    facts["won"],
                    facts["lost"],
                ),
            )
            .fetchone()
        )
        assert row is not None
        return str(row[0])

    def end(self, how: str) -> str:
        """The whole payment is disputed: `opened`, `lost` or `won`."""
        return self.take(opened=how == "opened", lost=how == "lost", won=how == "won")

    def pay(self) -> "Purchase":
        assert self.take(paid=self.price) == "settled"
        return self

    def dispute(self, minor: int | None = None) -> None:
        assert self.take(opened=True, minor=minor) == "settled"

    def win(self) -> None:
        assert self.take(won=True) == "settled"

    def lose(self, minor: int | None = None) -> None:
        assert self.take(lost=True, minor=minor) == "settled"

    def refund(self, minor: int) -> None:
        """So much has gone back in all."""
        assert self.take(refunded=minor) == "settled"

    def ask_refund(self, days: int = 14) -> tuple[str, UUID | None, int | None, int | None]:
        """The outcome, the wish, its tokens and its money."""
        row = self.db.execute(
            "SELECT outcome, refund_id, tokens, minor FROM ledger.ask_refund(%s, %s, make_interval(days => %s))",
            (self.id, self.buyer, days),
        ).fetchone()
        assert row is not None
        return row[0], row[1], row[2], row[3]


def end_refund(db: Connection, refund: UUID | None, state: str) -> bool:
    row = db.execute("SELECT ledger.end_refund(%s, %s)", (refund, state)).fetchone()
    assert row is not None
    return bool(row[0])
