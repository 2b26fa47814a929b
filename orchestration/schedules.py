"""What happens every night: the books are compared, then models are trained on everything known by then."""

import dagster as dg

BOOKS = dg.AssetSelection.groups("books")

train = dg.define_asset_job("train", dg.AssetSelection.all() - BOOKS, description="From history to a promoted model")
reconcile = dg.define_asset_job("reconcile", BOOKS, description="Whether all engines agree on the money")

nightly = dg.build_schedule_from_partitioned_job(train, name="nightly_training", hour_of_day=4)
nightly_books = dg.ScheduleDefinition(name="nightly_books", job=reconcile, cron_schedule="30 3 * * *")
