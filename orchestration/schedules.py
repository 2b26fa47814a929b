"""When models are trained: every night, on everything known by then."""

import dagster as dg

train = dg.define_asset_job("train", dg.AssetSelection.all(), description="From history to a promoted model")

nightly = dg.build_schedule_from_partitioned_job(train, name="nightly_training", hour_of_day=4)
