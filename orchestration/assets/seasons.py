"""The end of a season: its boards are kept, its best are rewarded. The running boards change by their names alone."""

import dagster as dg

from domain.seasons.service import close_season
from livestreamx.clock import now
from orchestration.resources import Engines, Ledger


@dg.asset(group_name="seasons", kinds={"redis", "postgres"})
def season_results(engines: Engines, ledger: Ledger) -> dg.MaterializeResult[None]:
    """The first thousand of each board of the season that ended last; once kept, running it again changes nothing."""
    with ledger.open_to_write() as db, engines.online() as boards:
        closing = close_season(db, boards, now())
    return dg.MaterializeResult(
        metadata={"season": closing.season, "results": closing.results, "badges": closing.badges}
    )
