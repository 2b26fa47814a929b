"""The books of all engines, compared every night; what nobody can dispute any more is then released to creators."""

import asyncio

import dagster as dg

from domain.economy.returns import mature_earnings
from domain.reconciliation.model import Reconciliation
from domain.reconciliation.service import reconcile, remember
from livestreamx.clock import now
from livestreamx.engines.postgres import make_pool
from orchestration.resources import Engines, Ledger


@dg.asset(group_name="books", kinds={"postgres", "clickhouse", "redis"})
def reconciliation(engines: Engines, ledger: Ledger) -> dg.Output[Reconciliation]:
    """Ledger = balances = gift events = ClickHouse = leaderboards; payouts wait while the newest comparison differs."""
    with ledger.open() as db, engines.history() as history, engines.online() as boards:
        found = reconcile(db, history, boards)
    with ledger.open_to_note() as db:
        remember(db, found)
    return dg.Output(
        found,
        metadata={
            "gifts": found.gifts,
            "tokens": found.tokens,
            "differences": len(found.findings),
            "report": dg.MetadataValue.text(found.report()),
        },
    )


@dg.asset_check(asset=reconciliation, blocking=True)
def books_agree(reconciliation: Reconciliation) -> dg.AssetCheckResult:
    """To the token; what comes after money, such as payouts, waits behind this."""
    return dg.AssetCheckResult(passed=reconciliation.agrees, description=reconciliation.report())


@dg.asset(group_name="earnings", kinds={"postgres"}, deps=[reconciliation])
def matured_earnings(ledger: Ledger) -> dg.MaterializeResult[None]:
    """What creators earned long enough ago becomes available to them; only once the books agree."""
    return dg.MaterializeResult(metadata={"tokens": asyncio.run(release(ledger.postgres_url)) / 100})


async def release(postgres_url: str) -> int:
    """Mature what is due now; hundredths of tokens."""
    async with make_pool(postgres_url, most=1, name="livestreamx-earnings") as pool:
        return await mature_earnings(pool, now())
