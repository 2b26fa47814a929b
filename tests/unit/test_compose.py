"""docker-compose.yml: valid by the Compose schema, every role of ours in it, every setting one that we read."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from livestreamx.settings import PREFIX, Settings

FILE = Path(__file__).parents[2] / "docker-compose.yml"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load(FILE.read_text())["services"]


def test_the_file_follows_the_compose_schema() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_setting_in_it_is_one_that_the_platform_reads(services: dict[str, Any]) -> None:
    known = {PREFIX + name.upper() for name in Settings.__struct_fields__}
    given = {
        name for service in services.values() for name in service.get("environment", {}) if name.startswith(PREFIX)
    }
    assert given <= known


def test_the_engines_are_the_four_that_the_platform_needs_and_the_media_server(services: dict[str, Any]) -> None:
    images = {
        name: service["image"] for name, service in services.items() if not service["image"].startswith("livestreamx")
    }
    assert {"postgres", "redis", "clickhouse", "kafka", "livekit"} <= images.keys()
    assert all(
        "healthcheck" in services[name] for name in ("postgres", "redis", "clickhouse", "kafka", "livekit", "api")
    )


def test_every_role_starts_a_module_that_exists(services: dict[str, Any]) -> None:
    started = {
        module
        for service in services.values()
        if service["image"].startswith("livestreamx")
        for module in re.findall(r"-m\W+([a-z_.]+)", " ".join(service["command"]))
    }
    assert {
        "api",
        "livestreamx.engines.outbox",
        "domain.commands.executor",
        "domain.interactions.keeper",
        "domain.economy.rewards",
        "pipelines.everything",
        "livestreamx.simulate",
        "domain.seed",
    } <= started
    assert [module for module in started if importlib.util.find_spec(module) is None] == []


def test_roles_wait_for_the_migration(services: dict[str, Any]) -> None:
    for name in ("api", "relay", "commands", "keeper", "rewards", "dataflows", "dagster"):
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
