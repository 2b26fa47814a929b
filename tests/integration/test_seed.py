"""Seeding is repeatable, brings the catalogue up to date, and its demo can be signed in to."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from domain.economy.catalogue import GIFTS
from domain.payments.catalogue import PACKS
from domain.subscriptions.catalogue import TIERS
from livestreamx.settings import Settings
from tests.integration.books import database_of_its_own, faults

COUNTED = ("users", "sessions", "streams", "follows", "gifts", "token_packs", "outbox", "audit_log", "ledger.transfer")


def environment(settings: Settings, url: str) -> dict[str, str]:
    engines = {"LSX_POSTGRES_URL": url, "LSX_REDIS_URL": settings.redis_url}
    return {**os.environ, **engines, "LSX_SIGNING_KEY": settings.signing_key}


@pytest.fixture(scope="module")
def home(settings: Settings) -> Iterator[dict[str, str]]:
    with database_of_its_own(settings) as url:
        yield environment(settings, url)


def seed(env: dict[str, str], *options: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "domain.seed", *options], env=env, check=True, capture_output=True, text=True
    )
    return done.stdout


def rows(url: str) -> dict[str, int]:
    with psycopg.connect(url) as db:
        found = [db.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() for table in COUNTED]
        assert faults(db) == {}
    return {table: row[0] for table, row in zip(COUNTED, found, strict=True) if row}


def test_seeding_twice_changes_nothing(home: dict[str, str]) -> None:
    first = seed(home, "--demo")
    before = rows(home["LSX_POSTGRES_URL"])
    assert before["streams"] >= 5
    assert before["gifts"] == len(GIFTS)
    again = seed(home, "--demo")
    assert again.splitlines()[0] == f"gifts: 0 new or changed, {len(GIFTS)} in the catalogue"
    assert again.splitlines()[1] == f"packs: 0 new or changed, {len(PACKS)} for sale"
    assert again.splitlines()[2] == f"tiers: 0 new or changed, {len(TIERS)} of subscriptions"
    assert again.splitlines()[3:] == first.splitlines()[3:]
    assert rows(home["LSX_POSTGRES_URL"]) == before
    note = re.fullmatch(r"note: sign in as demo with the password (\w{16}), or as \w+ .*", again.splitlines()[3])
    assert note is not None


def test_a_demo_stream_that_ended_is_live_again_the_next_time(home: dict[str, str]) -> None:
    seed(home, "--demo")
    with psycopg.connect(home["LSX_POSTGRES_URL"], autocommit=True) as db:
        db.execute("UPDATE streams SET status = 'ended', ended_at = now() WHERE title LIKE 'Ramen%'")
        seed(home, "--demo")
        live = db.execute("SELECT count(*) FROM streams WHERE title LIKE 'Ramen%' AND status = 'live'").fetchone()
    assert live == (1,)


def test_the_catalogue_follows_its_source(home: dict[str, str]) -> None:
    with psycopg.connect(home["LSX_POSTGRES_URL"], autocommit=True) as db:
        seed(home)
        db.execute("UPDATE gifts SET token_cost = 6, command_action = 'sound.play' WHERE code = 'HEART'")
        assert seed(home).startswith(f"gifts: 1 new or changed, {len(GIFTS)} in the catalogue\n")
        assert db.execute("SELECT token_cost, command_action FROM gifts WHERE code = 'HEART'").fetchone() == (5, None)


def test_a_demo_whose_name_is_taken_says_so(settings: Settings) -> None:
    with database_of_its_own(settings) as url, psycopg.connect(url, autocommit=True) as db:
        db.execute("INSERT INTO users (handle, password_hash) VALUES ('demo', 'x'), ('nova_plays', 'x')")
        assert "note: the name demo belongs to somebody here" in seed(environment(settings, url), "--demo")
