"""Two versions side by side: who sees which, what people made of them as ClickHouse tells it, and the commands."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import clickhouse_connect.driver.client
import dagster as dg
import msgspec
import numpy as np
import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient
from redis import Redis

from api.app import create_app
from domain.experiments import service
from domain.experiments.comparison import Comparison
from domain.experiments.model import TREATMENT, Experiment
from livestreamx import keys
from livestreamx.clock import now, uuid7
from livestreamx.engines import clickhouse
from livestreamx.engines import redis as redis_engine
from livestreamx.settings import Settings
from orchestration.assets.experiments import candidate_does_no_harm, version_comparison
from orchestration.resources import resources_of
from ranking.artifacts import point_to
from tests.builders import eventually
from tests.conftest import environment
from tests.integration.conftest import served
from tests.integration.people import Person
from tests.unit.ranking.worlds import save_model

Client = clickhouse_connect.driver.client.Client

SHOWN, CLICKED = "rec.impression", "rec.click"


@pytest.fixture(name="history")
def history_in_clickhouse(settings: Settings) -> Iterator[Client]:
    with clickhouse.connect_plain(settings.clickhouse_url) as client:
        yield client


@pytest.fixture(name="online")
def online_store(settings: Settings) -> Iterator[Redis]:
    with redis_engine.connect_plain(settings.redis_url) as client:
        yield client


def planted(history: Client, experiment: Experiment, viewers: int, rates: dict[str, float], seed: int) -> None:
    """Viewers of both versions, each shown 20 streams of which they open some, watching two minutes of each.

    The seed decides who they are too, and so their versions: what is found is the same in every run.
    """
    draw = np.random.default_rng(seed)
    recommended, presence = [], []
    at = experiment.started_at
    for _ in range(viewers):
        viewer = UUID(bytes=draw.bytes(16), version=4)
        version = experiment.treatment if experiment.arm_of(viewer) == TREATMENT else experiment.control
        readiness = draw.beta(4, 4) * 2 * rates[version]
        for position in range(20):
            stream, when = uuid7(), at + timedelta(seconds=position)
            recommended.append([stream, when, uuid7(), SHOWN, viewer, "", position, "repeat", version])
            if draw.random() < readiness:
                recommended.append([stream, when, uuid7(), CLICKED, viewer, "", position, "repeat", version])
                presence += [
                    [stream, when + timedelta(minutes=minute), uuid7(), "heartbeat", uuid7(), viewer, "", "session"]
                    for minute in (0, 1, 90)
                ]
    seen = ["stream_id", "occurred_at", "event_id", "type", "user_id", "anon_id", "position", "source", "model_version"]
    watched = ["stream_id", "occurred_at", "event_id", "kind", "creator_id", "user_id", "anon_id", "session_id"]
    history.insert("recommendations", recommended, seen)
    history.insert("presence", presence, watched)


def experiment_between(control: str, treatment: str) -> Experiment:
    return Experiment(
        name=f"{control}-{treatment}", control=control, treatment=treatment, effect=0.25, started_at=now()
    )


def test_a_planted_difference_is_found_in_what_people_did(settings: Settings, history: Client, tmp_path: Path) -> None:
    experiment = experiment_between("a-better", "b-better")
    planted(history, experiment, 700, {experiment.control: 0.2, experiment.treatment: 0.27}, seed=1)
    found = service.outcome(history, experiment)
    assert found.control.viewers + found.treatment.viewers == 700
    assert found.control.shown + found.treatment.shown == 700 * 20
    assert found.treatment.minutes == pytest.approx(2 * found.treatment.clicked, abs=1)
    assert found.verdict == "ship"
    assert found.click_difference.low > 0

    result, comparison = materialised(settings, tmp_path, experiment)
    assert comparison == found
    metadata = result.asset_materializations_for_node("version_comparison")[0].metadata
    assert "data:image/svg+xml" in str(metadata["report"].value)
    (check,) = result.get_asset_check_evaluations()
    assert check.passed
    assert str(check.description).startswith("ship the candidate")


def test_a_planted_null_is_not_found_and_few_people_mean_waiting(history: Client) -> None:
    same, early = (experiment_between(f"a-{name}", f"b-{name}") for name in ("same", "early"))
    planted(history, same, 700, dict.fromkeys(same.versions, 0.25), seed=2)
    planted(history, early, 80, dict.fromkeys(early.versions, 0.25), seed=3)
    found = service.outcome(history, same)
    assert (found.verdict, found.worse) == ("keep", False)
    assert "no difference of the size sought" in found.why
    assert service.outcome(history, early).verdict == "wait"
    nobody = service.outcome(history, experiment_between("never-shown", "nor-this"))
    assert (nobody.verdict, nobody.control.viewers) == ("wait", 0)


def test_without_an_experiment_there_is_nothing_to_compare(settings: Settings, tmp_path: Path) -> None:
    result, comparison = materialised(settings, tmp_path, None)
    assert comparison is None
    assert [check.passed for check in result.get_asset_check_evaluations()] == [True]


def materialised(
    settings: Settings, home: Path, experiment: Experiment | None
) -> tuple[dg.ExecuteInProcessResult, Comparison | None]:
    """The asset and its check, over models that lie in `home`."""
    ours = msgspec.structs.replace(settings, home=home)
    ours.models.mkdir(parents=True)
    if experiment:
        (ours.models / service.FILE).write_bytes(msgspec.json.encode(experiment))
    result = dg.materialize([version_comparison, candidate_does_no_harm], resources=resources_of(ours))
    return result, result.output_for_node("version_comparison")


@pytest_asyncio.fixture(loop_scope="session", name="two_versions")
async def api_with_two_versions(
    settings: Settings, tmp_path: Path, online: Redis
) -> AsyncIterator[tuple[AsyncClient, Settings, Experiment]]:
    """An API that serves one version and, from the start, another beside it."""
    ours = msgspec.structs.replace(settings, home=tmp_path, rate_limits=False)
    control, treatment = (save_model(ours.models, ["creator-0"], until=until) for until in (1.0, 2.0))
    point_to(ours.models, control)
    before = [online.get(key) for key in (keys.promoted_model(), keys.experiment())]
    online.set(keys.promoted_model(), control)
    experiment = experiment_between(control, treatment)
    service.begin(ours.models, online, experiment)
    app = create_app(ours)
    async with served(app), AsyncClient(transport=ASGITransport(app), base_url="https://testserver") as client:
        yield client, ours, experiment
    service.end(ours.models, online)
    for key, value in zip((keys.promoted_model(), keys.experiment()), before, strict=True):
        if value is None:
            online.delete(key)
        else:
            online.set(key, value)


async def test_each_viewer_keeps_their_version_until_the_experiment_ends(
    two_versions: tuple[AsyncClient, Settings, Experiment], online: Redis
) -> None:
    client, ours, experiment = two_versions
    await (await Person.creator(client)).go_live()
    people = [await Person.register(client) for _ in range(16)]

    async def seen() -> list[str]:
        answers = [await person.ask("GET", "/api/recommendations/streams") for person in people]
        return [answer.json()["modelVersion"] for answer in answers]

    arms = {"control": experiment.control, "treatment": experiment.treatment}
    expected = [arms[experiment.arm_of(person.id)] for person in people]
    assert len(set(expected)) == 2
    await eventually(seen, lambda found: found == expected)
    anonymous = await client.get("/api/recommendations/streams")
    assert anonymous.json()["modelVersion"] == experiment.control
    online.delete(keys.experiment())
    assert await seen() == expected, "what Redis lost is in the file"
    await asyncio.to_thread(service.end, ours.models, online)
    await eventually(seen, lambda found: set(found) == {experiment.control})


def test_the_commands_begin_tell_and_end(settings: Settings, tmp_path: Path, online: Redis) -> None:
    ours = msgspec.structs.replace(settings, home=tmp_path)
    before = online.get(keys.promoted_model())

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "orchestration.experiment", *arguments],
            env=environment(ours) | {"COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    nothing = run("start")
    assert (nothing.returncode, "no version is promoted yet" in nothing.stderr) == (1, True), nothing.stderr
    control, treatment = (save_model(ours.models, ["creator-0"], until=until) for until in (1.0, 2.0))
    point_to(ours.models, control)
    try:
        begun = run("start", "--name", "bolder", "--share", "0.2")
        assert (begun.returncode, f"{treatment} for 20% of the viewers" in begun.stdout) == (0, True), begun.stderr
        stored = json.loads(online.get(keys.experiment()) or b"null")
        assert (stored["control"], stored["treatment"], stored["share"]) == (control, treatment, 0.2)
        assert "runs already" in run("start").stderr
        told = run("status")
        assert (told.returncode, "wait: needs" in told.stdout) == (0, True), told.stderr
        shipped = run("stop", "--ship")
        assert (shipped.returncode, f"{treatment} serves" in shipped.stdout) == (0, True), shipped.stderr
        assert online.get(keys.promoted_model()) == treatment.encode()
        assert "no experiment runs" in run("stop").stderr
    finally:
        online.delete(keys.experiment())
        if before is None:
            online.delete(keys.promoted_model())
        else:
            online.set(keys.promoted_model(), before)
