"""From the event log to a training set: what a day holds, and all that was known at its end."""

import dagster as dg

from features.offline import count_events, read_history
from orchestration.partitions import daily, end_of
from orchestration.resources import Engines, Folders
from ranking.learn import require_enough
from ranking.trial import TooLittleHistory


@dg.asset(partitions_def=daily, group_name="history", kinds={"clickhouse"})
def events(context: dg.AssetExecutionContext, engines: Engines) -> dg.MaterializeResult[None]:
    """How many events of each kind the day has in ClickHouse."""
    with engines.history() as db:
        counts = count_events(db, context.partition_key)
    return dg.MaterializeResult(metadata=counts)


@dg.asset(partitions_def=daily, group_name="history", deps=[events], kinds={"clickhouse", "numpy"})
def features(context: dg.AssetExecutionContext, engines: Engines, folders: Folders) -> dg.MaterializeResult[None]:
    """Visits, gifts, follows and streams as they were known at the end of the day: the point-in-time training set."""
    with engines.history() as db:
        history = read_history(db, until=end_of(context.partition_key), gap_seconds=engines.gap_seconds)
    try:
        require_enough(history)
    except TooLittleHistory as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    folders.workspace(context.partition_key).keep_history(history)
    return dg.MaterializeResult(
        metadata={
            "viewers": len(history.users),
            "creators": len(history.creators),
            "streams": len(history.streams.ids),
            "visits": len(history.watches),
            "hours": round(float(history.watches.minutes.sum()) / 60, 1),
            "gifts": len(history.gifts.user),
            "follows": len(history.follows.user),
        }
    )
