"""Every ClickHouse migration defines its tables for a whole cluster once one is configured."""

import re

import pytest

from livestreamx.engines.migrate import Migration, for_cluster, read, statements

DEFINITIONS = [
    pytest.param(statement, id=f"{migration.name}-{number}")
    for migration in read("clickhouse")
    for number, statement in enumerate(statements(migration.sql))
]


@pytest.mark.parametrize("statement", DEFINITIONS)
def test_a_definition_reaches_every_server_and_its_table_is_replicated(statement: str) -> None:
    told = for_cluster(statement, "studio")
    assert told.count("ON CLUSTER 'studio'") == 1
    assert re.search(r"(TABLE|VIEW)( IF NOT EXISTS)? \w+ ON CLUSTER 'studio'", told)
    assert len(re.findall(r"ENGINE\s*=\s*Replicated\w*MergeTree", told)) == len(re.findall(r"ENGINE\s*=", statement))
    assert told.replace(" ON CLUSTER 'studio'", "").replace("Replicated", "") == statement.replace("Replicated", "")


@pytest.mark.parametrize("statement", DEFINITIONS)
def test_a_single_server_gets_what_is_written(statement: str) -> None:
    assert for_cluster(statement, "") == statement


def test_migrations_are_statements() -> None:
    assert all(isinstance(one, Migration) and statements(one.sql) for one in read("clickhouse"))
