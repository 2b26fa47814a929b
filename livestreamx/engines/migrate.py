"""Forward-only migrations: numbered `.sql` files, each applied once, in order, its checksum kept.

`python -m livestreamx.engines.migrate` brings PostgreSQL, ClickHouse and the Kafka topics up to date.
"""

import hashlib
import re
from pathlib import Path

import msgspec
import psycopg
from clickhouse_connect.driver.client import Client

from livestreamx.engines import clickhouse
from livestreamx.engines.kafka import make_topics
from livestreamx.settings import Settings

FOLDER = Path(__file__).parent.parent / "migrations"
NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
LOCK = 0x4C535831  # any constant: two migrations at once wait for each other


class MigrationError(RuntimeError):
    """A file that was changed after it was applied, or a number given twice."""


class Migration(msgspec.Struct, frozen=True):
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read(engine: str) -> list[Migration]:
    """The migrations of `postgres` or `clickhouse`, in order."""
    files = sorted(path for path in (FOLDER / engine).iterdir() if path.suffix == ".sql")
    numbers = [match[1] for path in files if (match := NAME.fullmatch(path.name))]
    if len(set(numbers)) != len(files):
        raise MigrationError(f"{engine}: files are named 0001_what.sql and each number is used once")
    return [Migration(path.name, path.read_text()) for path in files]


def pending(found: list[Migration], applied: dict[str, str]) -> list[Migration]:
    """What is still to do; `MigrationError` when an applied file was changed since."""
    for migration in found:
        if applied.get(migration.name, migration.checksum) != migration.checksum:
            raise MigrationError(f"{migration.name} was changed after it was applied: write a new migration instead")
    return [migration for migration in found if migration.name not in applied]


def migrate_postgres(url: str) -> list[str]:
    """Apply what is missing, each file in its own transaction; the names applied."""
    done = []
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        db.execute(
            "CREATE TABLE IF NOT EXISTS migration "
            "(name text PRIMARY KEY, checksum text NOT NULL, at timestamptz NOT NULL DEFAULT now())"
        )
        applied: dict[str, str] = dict(db.execute("SELECT name, checksum FROM migration").fetchall())
        for migration in pending(read("postgres"), applied):
            with db.transaction():
                db.execute(migration.sql.encode())
                db.execute(
                    "INSERT INTO migration (name, checksum) VALUES (%s, %s)", (migration.name, migration.checksum)
                )
            done.append(migration.name)
    return done


def statements(sql: str) -> list[str]:
    """The statements of a ClickHouse file: they end with `;` at the end of a line."""
    return [part for part in (text.strip() for text in re.split(r";\s*(?:\n|$)", sql)) if part]


DEFINES = re.compile(
    r"\b((?:CREATE (?:DATABASE|TABLE|MATERIALIZED VIEW)(?: IF NOT EXISTS)?"
    r"|ALTER TABLE|DROP (?:TABLE|VIEW)(?: IF EXISTS)?)\s+\w+)"
)
ENGINE = re.compile(r"\bENGINE\s*=\s*((?:Replacing|Aggregating|Summing)?MergeTree)")


def for_cluster(statement: str, cluster: str) -> str:
    """The same definition for every server of a cluster, its table replicated by the servers' own macros."""
    if not cluster:
        return statement
    everywhere = DEFINES.sub(rf"\1 ON CLUSTER '{cluster}'", statement, count=1)
    return ENGINE.sub(r"ENGINE = Replicated\1", everywhere)


def migrate_clickhouse(url: str, database: str = clickhouse.DATABASE, cluster: str = "") -> list[str]:
    """Apply what is missing; the names applied. Without transactions here, statements are written to be repeatable.

    With the name of a `cluster` every table is made on all of its servers, and replicated.
    """
    with clickhouse.connect_plain(url, "default") as admin:
        admin.command(for_cluster(f"CREATE DATABASE IF NOT EXISTS {database}", cluster))
    with clickhouse.connect_plain(url, database) as db:
        return _apply_clickhouse(db, cluster)


MIGRATION_TABLE = """
CREATE TABLE IF NOT EXISTS migration (name String, checksum String, at DateTime DEFAULT now())
ENGINE = ReplacingMergeTree ORDER BY name"""


def _apply_clickhouse(db: Client, cluster: str) -> list[str]:
    db.command(for_cluster(MIGRATION_TABLE, cluster))
    applied = {row[0]: row[1] for row in db.query("SELECT name, checksum FROM migration FINAL").result_rows}
    done = []
    for migration in pending(read("clickhouse"), applied):
        for statement in statements(migration.sql):
            db.command(for_cluster(statement, cluster))
        db.insert("migration", [[migration.name, migration.checksum]], column_names=["name", "checksum"])
        done.append(migration.name)
    return done


def main() -> None:
    """Bring all three up to date and say what was done."""
    settings = Settings.from_env().require("postgres_url", "clickhouse_url", "kafka_bootstrap")
    for engine, names in (
        ("postgres", migrate_postgres(settings.postgres_url)),
        ("clickhouse", migrate_clickhouse(settings.clickhouse_url, cluster=settings.clickhouse_cluster)),
        ("kafka", make_topics(settings.kafka_bootstrap)),
    ):
        print(f"{engine}: {', '.join(names) or 'up to date'}", flush=True)


if __name__ == "__main__":
    main()
