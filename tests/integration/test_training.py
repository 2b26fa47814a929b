"""From history to a personal list: a synthetic world, one training run, and an API that takes the version up."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from httpx import AsyncClient
from redis.asyncio import Redis as AsyncRedis
from structlog.testing import capture_logs

from domain.accounts.tokens import AccessTokens
from features.store import read_bonds
from livestreamx import keys
from livestreamx.clock import now, uuid7
from livestreamx.engines.postgres import Pool
from livestreamx.settings import Settings
from orchestration.synthetic import id_of
from ranking.artifacts import load, pointed_to
from tests.builders import eventually
from tests.conftest import environment

VIEWERS, CHANNELS, SEED = 300, 40, 3


def run_training(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "orchestration.train", *arguments]
    return subprocess.run(
        command,
        env=environment(settings) | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module", name="trained")
def one_training_run(settings: Settings) -> str:
    """The version that a run on a small world has promoted."""
    size = ("--viewers", str(VIEWERS), "--channels", str(CHANNELS), "--days", "10", "--seed", str(SEED))
    done = run_training(settings, "--seed-synthetic", *size)
    assert done.returncode == 0, done.stdout + done.stderr
    version = pointed_to(settings.models)
    assert version
    assert f"version {version} promoted" in done.stdout
    for told in "features embeddings cf_factors faiss_index ranker eval_report promoted_model popularity".split():
        assert told in done.stdout
    return version


async def go_live_as_synthetic(pool: Pool, number: int) -> None:
    """Make a channel of the synthetic world an account of ours, live."""
    creator = id_of(SEED, 2, number)
    async with pool.connection() as db, db.transaction():
        await db.execute(
            "INSERT INTO users (id, handle, roles) VALUES (%s, %s, '{viewer,creator}') ON CONFLICT DO NOTHING",
            (creator, f"synth_{number}"),
        )
        await db.execute(
            "INSERT INTO streams (creator_id, title, category, status, started_at) "
            "VALUES (%s, %s, 'Chess', 'live', %s) ON CONFLICT DO NOTHING",
            (creator, f"live from {number}", now()),
        )


def creator_of(item: dict[str, Any]) -> str:
    """Whose stream an item of a list is about."""
    return str(item["stream"]["creatorId"])


async def most_faithful(redis: AsyncRedis) -> tuple[UUID, list[str]]:
    """The synthetic viewer with the strongest habit, and their creators, the strongest first."""
    everyone = [id_of(SEED, 1, number) for number in range(VIEWERS)]
    known = {viewer: await read_bonds(redis, viewer, now().timestamp()) for viewer in everyone}
    viewer = max(everyone, key=lambda one: known[one][1].activation.max(initial=0.0))
    creators, bonds = known[viewer]
    return viewer, [creators[row] for row in np.argsort(-bonds.activation).tolist()]


async def test_a_trained_version_is_taken_up_and_knows_its_viewers(
    settings: Settings, trained: str, api: AsyncClient, pool: Pool, redis: AsyncRedis
) -> None:
    assert (await redis.get(keys.promoted_model())) == trained.encode()
    model = await asyncio.to_thread(load, settings.models, trained)
    assert model.report.own["ndcg@10"] >= model.report.metrics["popularity"]["ndcg@10"]
    assert (model.trees is not None) == (model.report.rung == "ranker")
    for number in range(CHANNELS):
        await go_live_as_synthetic(pool, number)

    async def listed() -> Any:
        answer = await api.get("/api/recommendations/streams", headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    viewer, favourites = await most_faithful(redis)
    token = AccessTokens(settings.signing_key, 15).issue(viewer, "faithful", ("viewer",), uuid7())
    headers: dict[str, str] = {}
    everyone = await eventually(listed, lambda found: found["modelVersion"] == trained and len(found["items"]) > 5)
    headers = {"Authorization": f"Bearer {token}"}
    mine = await eventually(listed, lambda found: any(creator_of(item) in favourites[:3] for item in found["items"]))
    assert mine["modelVersion"] == trained
    assert (everyone["rung"], mine["rung"]) == ("trending", model.report.rung)
    favourite = next(item for item in mine["items"] if creator_of(item) in favourites[:3])
    assert mine["items"].index(favourite) < 3, "before nearly all that other tests have live"
    assert favourite["source"] in {"repeat", "followed", "gifts"}
    assert favourite["stream"]["creator"] in favourite["reasons"][0]
    assert [item["stream"]["id"] for item in mine["items"][:5]] != [i["stream"]["id"] for i in everyone["items"][:5]]
    assert {item["source"] for item in mine["items"]} > {favourite["source"]}


async def test_a_torn_version_leaves_the_one_before_serving(
    settings: Settings, trained: str, api: AsyncClient, redis: AsyncRedis
) -> None:
    torn = "20990101-000000-00000000"
    Path(settings.models, torn).mkdir()
    await redis.set(keys.promoted_model(), torn)

    async def version() -> str:
        answer = await api.get("/api/recommendations/streams")
        assert answer.status_code == 200
        return str(answer.json()["modelVersion"])

    try:
        with capture_logs() as told:
            await eventually(version, lambda _: any(torn == entry.get("version") for entry in told))
        assert [entry["event"] for entry in told if entry.get("version") == torn] == ["promoted version refused"]
        assert await version() == trained
    finally:
        await redis.set(keys.promoted_model(), trained)


async def test_too_little_history_says_so_and_promotes_nothing(settings: Settings, trained: str) -> None:
    """The platform's own history is all but empty here."""
    done = await asyncio.to_thread(run_training, settings)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "not enough history to train on" in done.stdout
    assert "of 60 visits" in done.stdout
    assert pointed_to(settings.models) == trained
