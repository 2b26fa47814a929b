"""A creator's month as CSV: what gifts and subscriptions brought, the platform's share, what went back, the rest."""

from datetime import UTC
from uuid import UUID

from domain.economy.returns import month_span, write_csv
from domain.payouts import queries
from livestreamx.engines.postgres import Pool, connection

COLUMNS = ("at", "kind", "gift", "gross_usd", "fee_usd", "reversal_usd", "net_usd")


async def statement(pool: Pool, creator_id: UUID, month: str) -> str:
    """A month (`yyyy-mm`, UTC), the oldest line first and the totals last; `Invalid` for another format.

    USD with four decimals, for shares of a cent are exact; gross - fee + reversal = net.
    """
    since, until = month_span(month)
    async with connection(pool) as db:
        lines = await queries.lines(db, creator_id, since, until)
    rows: list[tuple[object, ...]] = [
        (
            line.at.astimezone(UTC).isoformat(timespec="milliseconds"),
            line.kind,
            line.reference,
            *map(dollars, (line.gross, line.fee, line.reversal, line.net)),
        )
        for line in lines
    ]
    totals = (sum(getattr(line, name) for line in lines) for name in ("gross", "fee", "reversal", "net"))
    return write_csv(COLUMNS, [*rows, ("", "total", "", *map(dollars, totals))])


def dollars(hundredths: int) -> str:
    """Hundredths of a token as USD."""
    sign = "-" if hundredths < 0 else ""
    return f"{sign}{abs(hundredths) // 10_000}.{abs(hundredths) % 10_000:04}"
