"""A version is all there or it is refused; the pointer never names what cannot be loaded."""

import hashlib
import io
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from livestreamx.clock import frozen
from ranking import artifacts
from ranking.artifacts import ArtifactError, load, point_to, pointed_to, prune, read_manifest
from tests.unit.ranking.worlds import make_trees, save_model

CREATORS = ["creator-0", "creator-1", "creator-2"]


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    model = load(tmp_path, save_model(tmp_path, CREATORS))
    assert model.creators == CREATORS
    assert model.rows["creator-2"] == 2
    live = model.index.only(np.array([-1, 2, 1], np.int32))
    assert len(live) == 3
    assert live.nearest(model.knowledge.factors.vectors[1], 1).tolist() == [2]
    assert np.allclose(
        model.knowledge.factors.gram, model.knowledge.factors.vectors.T @ model.knowledge.factors.vectors
    )


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    version = save_model(tmp_path, CREATORS)
    assert [path.name for path in tmp_path.iterdir()] == [version]


@pytest.mark.parametrize(
    "name", ["factors.npy", "text.npy", "terms.npy", "terms.json", "creators.json", "creators.faiss", "ease.npz"]
)
def test_a_torn_or_tampered_file_is_refused(tmp_path: Path, name: str) -> None:
    version = save_model(tmp_path, CREATORS)
    path = tmp_path / version / name
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1]), b""):
        path.write_bytes(damaged)
        with pytest.raises(ArtifactError, match=name):
            load(tmp_path, version)
    path.unlink()
    with pytest.raises(ArtifactError, match="missing"):
        load(tmp_path, version)
    path.write_bytes(whole)
    assert load(tmp_path, version).version == version


def test_a_manifest_of_another_format_or_name_is_refused(tmp_path: Path) -> None:
    version = save_model(tmp_path, CREATORS)
    path = tmp_path / version / artifacts.MANIFEST
    told = json.loads(path.read_text())
    for change in ({"format": 99}, {"version": "20200101-000000-00000000"}, {"signals": ["habit"]}, {"until": "later"}):
        path.write_text(json.dumps(told | change))
        with pytest.raises(ArtifactError):
            read_manifest(tmp_path, version)


@pytest.mark.parametrize("name", ["", "..", "../etc", "latest", "20261104-120301-9f2c01ab/.."])
def test_only_names_of_versions_are_looked_up(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArtifactError, match="not the name"):
        load(tmp_path, name)


def test_a_number_that_is_none_is_refused(tmp_path: Path) -> None:
    version = save_model(tmp_path, CREATORS)
    rows = np.load(tmp_path / version / "text.npy")
    rows[0, 0] = np.inf
    out = io.BytesIO()
    np.save(out, rows)
    replace(tmp_path / version, "text.npy", out.getvalue())
    with pytest.raises(ArtifactError, match="text holds something that is not a number"):
        load(tmp_path, version)


def test_a_ranker_that_is_none_or_takes_other_signals_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="cannot be read"):
        load(tmp_path, save_model(tmp_path, CREATORS, trees=b"tree\nbut no model\n"))
    narrow = make_trees(np.random.default_rng(0).random((200, 3)).astype(np.float32))
    with pytest.raises(ArtifactError, match="takes 3 signals"):
        load(tmp_path, save_model(tmp_path, CREATORS, trees=narrow))


def replace(folder: Path, name: str, data: bytes) -> None:
    """Put another file into a version, manifest and all, as only its maker could."""
    (folder / name).write_bytes(data)
    manifest = json.loads((folder / artifacts.MANIFEST).read_text())
    manifest["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    (folder / artifacts.MANIFEST).write_text(json.dumps(manifest))


def test_the_pointer_follows_and_refuses_what_cannot_be_loaded(tmp_path: Path) -> None:
    assert pointed_to(tmp_path) is None
    first, second = save_model(tmp_path, CREATORS), save_model(tmp_path, CREATORS[:2])
    point_to(tmp_path, first)
    assert pointed_to(tmp_path) == first
    (tmp_path / second / "factors.npy").write_bytes(b"torn")
    with pytest.raises(ArtifactError):
        point_to(tmp_path, second)
    assert pointed_to(tmp_path) == first


def test_old_versions_go_but_never_the_one_that_serves(tmp_path: Path) -> None:
    started = datetime(2026, 11, 4, 12, tzinfo=UTC)
    versions = []
    for minute in range(5):
        with frozen(started + timedelta(minutes=minute)):
            versions.append(save_model(tmp_path, CREATORS))
    point_to(tmp_path, versions[1])
    (tmp_path / ".writing-torn").mkdir()
    os.utime(tmp_path / ".writing-torn", (0, 0))
    assert prune(tmp_path, keep=2) == [versions[0], versions[2]]
    assert sorted(path.name for path in tmp_path.iterdir()) == [versions[1], versions[3], versions[4], "promoted"]
