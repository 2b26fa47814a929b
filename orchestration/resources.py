"""What the assets are given: the engines by URL, and a folder a day where each leaves its result for the next."""

from pathlib import Path

import dagster as dg
import psycopg
from clickhouse_connect.driver.client import Client
from psycopg.rows import TupleRow
from redis import Redis

from livestreamx.engines import clickhouse, redis
from livestreamx.settings import Settings
from orchestration.workspace import Workspace


class Engines(dg.ConfigurableResource[None]):
    """ClickHouse and Redis; `database` is where the history lies, `gap_seconds` the silence that ends a visit."""

    clickhouse_url: str
    redis_url: str
    database: str = clickhouse.DATABASE
    gap_seconds: int = 45

    def history(self) -> Client:
        """A client of the database that holds the history; close it."""
        return clickhouse.connect_plain(self.clickhouse_url, self.database)

    def online(self) -> Redis:
        """A client of the online store; close it."""
        return redis.connect_plain(self.redis_url)


class Ledger(dg.ConfigurableResource[None]):
    """PostgreSQL, where the money is."""

    postgres_url: str

    def open(self) -> psycopg.Connection[TupleRow]:
        """A connection whose statements see one state of the books; close it."""
        db = psycopg.connect(self.postgres_url, application_name="livestreamx-reconcile")
        db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        db.read_only = True
        return db

    def open_to_note(self) -> psycopg.Connection[TupleRow]:
        """A connection that may write what was found; close it."""
        return psycopg.connect(self.postgres_url, application_name="livestreamx-reconcile")

    def open_to_write(self) -> psycopg.Connection[TupleRow]:
        """A connection that may change what is in it; close it."""
        return psycopg.connect(self.postgres_url, application_name="livestreamx-jobs")


class Folders(dg.ConfigurableResource[None]):
    """Where the results of runs and the versions of models lie."""

    work: str
    models: str

    def workspace(self, day: str) -> Workspace:
        """The folder of one day's run."""
        return Workspace(Path(self.work) / day)


def resources_of(settings: Settings, database: str = "") -> dict[str, object]:
    """The resources of these settings; `database` instead of the platform's own history."""
    name = database or clickhouse.DATABASE
    return {
        "engines": Engines(
            clickhouse_url=settings.clickhouse_url,
            redis_url=settings.redis_url,
            database=name,
            gap_seconds=settings.session_gap_seconds,
        ),
        "ledger": Ledger(postgres_url=settings.postgres_url),
        "folders": Folders(work=str(settings.home / "training" / name), models=str(settings.models)),
    }
