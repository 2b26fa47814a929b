"""Migrations: applied once, in order, never changed behind the back of a database."""

from pathlib import Path

import psycopg
import pytest

from livestreamx.engines import migrate
from livestreamx.engines.clickhouse import connect_plain
from livestreamx.engines.migrate import Migration, MigrationError
from livestreamx.settings import Settings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Migrations of our own, in place of the project's."""
    monkeypatch.setattr(migrate, "FOLDER", tmp_path)
    for engine in ("postgres", "clickhouse"):
        (tmp_path / engine).mkdir()
    return tmp_path


@pytest.fixture
def database(settings: Settings) -> str:
    """An empty PostgreSQL database; its URL."""
    with psycopg.connect(settings.postgres_url, autocommit=True) as db:
        db.execute("DROP DATABASE IF EXISTS migrated")
        db.execute("CREATE DATABASE migrated")
    return settings.postgres_url.rsplit("/", 1)[0] + "/migrated"


def test_postgres_takes_each_file_once(folder: Path, database: str) -> None:
    (folder / "postgres" / "0001_one.sql").write_text("CREATE TABLE one (id int); INSERT INTO one VALUES (1);")
    assert migrate.migrate_postgres(database) == ["0001_one.sql"]
    (folder / "postgres" / "0002_two.sql").write_text("INSERT INTO one VALUES (2);")
    assert migrate.migrate_postgres(database) == ["0002_two.sql"]
    assert migrate.migrate_postgres(database) == []
    with psycopg.connect(database) as db:
        assert db.execute("SELECT count(*) FROM one").fetchone() == (2,)


def test_a_file_that_fails_leaves_nothing(folder: Path, database: str) -> None:
    (folder / "postgres" / "0001_one.sql").write_text("CREATE TABLE one (id int); SELECT 1/0;")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate.migrate_postgres(database)
    (folder / "postgres" / "0001_one.sql").write_text("CREATE TABLE one (id int);")
    assert migrate.migrate_postgres(database) == ["0001_one.sql"]


def test_an_applied_file_must_not_change(folder: Path, database: str) -> None:
    (folder / "postgres" / "0001_one.sql").write_text("SELECT 1;")
    migrate.migrate_postgres(database)
    (folder / "postgres" / "0001_one.sql").write_text("SELECT 2;")
    with pytest.raises(MigrationError, match="0001_one"):
        migrate.migrate_postgres(database)


def test_clickhouse_takes_each_file_once(folder: Path, settings: Settings) -> None:
    (folder / "clickhouse" / "0001_one.sql").write_text(
        "CREATE TABLE IF NOT EXISTS one (id UInt8) ENGINE = MergeTree ORDER BY id;\nINSERT INTO one VALUES (1);\n"
    )
    assert migrate.migrate_clickhouse(settings.clickhouse_url, "migrated") == ["0001_one.sql"]
    assert migrate.migrate_clickhouse(settings.clickhouse_url, "migrated") == []
    with connect_plain(settings.clickhouse_url, "migrated") as db:
        assert db.query("SELECT count() FROM one").first_row == (1,)


def test_a_number_is_used_once(folder: Path) -> None:
    for name in ("0001_a.sql", "0001_b.sql"):
        (folder / "postgres" / name).write_text("SELECT 1")
    with pytest.raises(MigrationError, match="used once"):
        migrate.read("postgres")


def test_statements_end_at_a_line_s_end() -> None:
    assert migrate.statements("SELECT ';' ;\nSELECT 2;\n\n") == ["SELECT ';'", "SELECT 2"]
    assert Migration("x", "a").checksum != Migration("x", "b").checksum
