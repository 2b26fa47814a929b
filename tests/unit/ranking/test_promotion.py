"""Which version may take over: not what is worse than popularity, synthetic over real, or older over newer."""

from pathlib import Path

import msgspec
import pytest

from orchestration.promotion import objection
from ranking.artifacts import Manifest, read_manifest
from tests.unit.ranking.worlds import make_report, save_model

OWN = "livestreamx"


@pytest.fixture(name="serving")
def version_that_serves(tmp_path: Path) -> Manifest:
    return read_manifest(tmp_path, save_model(tmp_path, ["creator-0"], until=1000.0))


def test_the_first_version_needs_the_gate_only(serving: Manifest) -> None:
    assert objection(serving, None, own_history=OWN) is None
    bad = msgspec.structs.replace(serving, report=make_report(ndcg=0.2, popularity=0.3))
    assert "worse than other rankings" in str(objection(bad, None, own_history=OWN))


def test_a_synthetic_history_never_replaces_the_platforms_own(serving: Manifest) -> None:
    synthetic = msgspec.structs.replace(serving, source="elsewhere", until=2000.0)
    assert "own history" in str(objection(synthetic, serving, own_history=OWN))
    assert objection(serving, synthetic, own_history=OWN) is None
    assert objection(synthetic, synthetic, own_history=OWN) is None


def test_a_run_of_an_older_day_does_not_take_over(serving: Manifest) -> None:
    older = msgspec.structs.replace(serving, until=999.0)
    assert "later history" in str(objection(older, serving, own_history=OWN))
    assert objection(msgspec.structs.replace(serving, until=1001.0), serving, own_history=OWN) is None
