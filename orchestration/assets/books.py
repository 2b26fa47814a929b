"""The books of all engines, compared every night."""

import dagster as dg

from domain.reconciliation.model import Reconciliation
from domain.reconciliation.service import reconcile
from orchestration.resources import Engines, Ledger


@dg.asset(group_name="books", kinds={"postgres", "clickhouse", "redis"})
def reconciliation(engines: Engines, ledger: Ledger) -> dg.Output[Reconciliation]:
    """Ledger = balances = gift events = ClickHouse = leaderboards."""
    with ledger.open() as db, engines.history() as history, engines.online() as boards:
        found = reconcile(db, history, boards)
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
