"""Make the rollups of old history: `python -m domain.rollups 2026-01-01 2026-02-01` (days, UTC, the last one left out).

Needed once, for what was archived before there were rollups; the archive keeps them up to date by itself.
"""

import sys
from datetime import UTC, datetime

from domain.rollups.service import fill
from livestreamx.engines.clickhouse import connect_plain
from livestreamx.settings import Settings


def day_of(text: str) -> datetime:
    """The beginning of a day."""
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)


def main(since: str, until: str) -> None:
    """Fill, and say for how many streams and creators."""
    settings = Settings.from_env().require("clickhouse_url")
    with connect_plain(settings.clickhouse_url) as clickhouse:
        for source, many in fill(clickhouse, day_of(since), day_of(until)).items():
            print(f"{source}: {many}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
