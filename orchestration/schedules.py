"""Every night the books are compared and earnings released, then models are trained on all that is known by then."""

import dagster as dg

BOOKS = dg.AssetSelection.groups("books")
EARNINGS = dg.AssetSelection.groups("earnings")
SEASONS = dg.AssetSelection.groups("seasons")
EXPERIMENTS = dg.AssetSelection.groups("experiments")

train = dg.define_asset_job(
    "train",
    dg.AssetSelection.all() - BOOKS - EARNINGS - SEASONS - EXPERIMENTS,
    description="From history to a promoted model",
)
reconcile = dg.define_asset_job("reconcile", BOOKS, description="Whether all engines agree on the money")
close_day = dg.define_asset_job("close_day", BOOKS | EARNINGS, description="Compare the books, then release earnings")

nightly = dg.build_schedule_from_partitioned_job(train, name="nightly_training", hour_of_day=4)
nightly_books = dg.ScheduleDefinition(name="nightly_books", job=close_day, cron_schedule="30 3 * * *")

season_reset = dg.define_asset_job("season_reset", SEASONS, description="Keep how the last season ended, and reward")
season_ends = dg.ScheduleDefinition(name="season_ends", job=season_reset, cron_schedule="0 5 * * *")

compare = dg.define_asset_job("compare", EXPERIMENTS, description="Which of two versions people take up")
daily_comparison = dg.ScheduleDefinition(name="daily_comparison", job=compare, cron_schedule="0 6 * * *")
