"""Everything that Dagster knows of this platform."""

import dagster as dg

from livestreamx.settings import Settings
from orchestration import checks
from orchestration.assets import books, experiments, history, models, seasons, serving
from orchestration.resources import resources_of
from orchestration.schedules import (
    close_day,
    compare,
    daily_comparison,
    nightly,
    nightly_books,
    reconcile,
    season_ends,
    season_reset,
    train,
)


def define(settings: Settings, database: str = "") -> dg.Definitions:
    """The definitions over the engines of these settings; `database` instead of the platform's own history."""
    return dg.Definitions(
        assets=dg.load_assets_from_modules([books, experiments, history, models, seasons, serving]),
        asset_checks=dg.load_asset_checks_from_modules([books, checks, experiments]),
        jobs=[close_day, compare, reconcile, season_reset, train],
        schedules=[daily_comparison, nightly, nightly_books, season_ends],
        resources=resources_of(settings, database),
    )


defs = define(Settings.from_env())
