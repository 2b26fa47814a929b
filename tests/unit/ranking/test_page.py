"""The evaluation page holds its tables, and charts that are pictures; what a day's run keeps comes back whole."""

import base64
import re
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import numpy as np

from orchestration.page import page_of
from orchestration.workspace import Workspace
from ranking.fitting import Known, fit_knowledge
from ranking.metrics import Cohort, measure
from ranking.report import Bin, Example, Report
from ranking.trial import Period, Plan
from tests.unit.ranking.worlds import returning_viewers


def full_report() -> Report:
    metrics = {
        name: measure(np.array(places)) | {"coverage@10": 0.5}
        for name, places in {"ranker": [0, 1], "repeat": [1, 4], "popularity": [7, 30], "trending": [9, 9]}.items()
    }
    return Report(
        questions=2,
        lessons=90,
        plan=Plan((Period(0.0, 86400.0),), Period(86400.0, 2 * 86400.0)),
        rung="ranker",
        metrics=metrics,
        cohorts={"new <viewers>": Cohort(2, {"ranker": metrics["ranker"], "repeat": metrics["repeat"]})},
        calibration=[Bin(12, 0.04, 0.03), Bin(8, 0.5, 0.6)],
        examples=[Example(90000.0, ["owl"], ["owl", "lark"], "lark", 1)],
    )


def test_the_page_has_tables_charts_and_examples() -> None:
    page = page_of(full_report())
    assert "Gate passed" in page
    assert "| **ranker** |" in page
    assert "chose **lark**, at place 2" in page
    charts = [base64.b64decode(data) for data in re.findall(r"data:image/svg\+xml;base64,([^)]+)\)", page)]
    assert len(charts) == 3
    drawn = [ElementTree.fromstring(chart) for chart in charts]
    assert "new <viewers> (2)" in "".join(drawn[0].itertext())


def test_a_page_of_nothing_says_so() -> None:
    empty = msgspec.structs.replace(full_report(), questions=0, metrics={}, cohorts={}, calibration=[], examples=[])
    assert "Gate FAILED: there was nothing to evaluate on" in page_of(empty)


def test_what_a_run_keeps_comes_back_whole(tmp_path: Path) -> None:
    history = msgspec.structs.replace(returning_viewers(days=5), settling=45.0)
    learned = fit_knowledge(history, Known(history, history.until), np.zeros((len(history.streams.ids), 4), np.float32))
    workspace = Workspace(tmp_path)
    workspace.keep_history(history)
    workspace.keep_text(learned.text)
    workspace.keep_models(learned.factors, learned.ease, learned.alike)
    workspace.keep_ranker(None, 7)
    workspace.keep_report(full_report())
    again = workspace.knowledge()
    assert (workspace.history().settling, workspace.ranker(), workspace.report()) == (45.0, (None, 7), full_report())
    assert np.array_equal(workspace.history().watches.start, history.watches.start)
    assert np.array_equal(again.factors.vectors, learned.factors.vectors)
    for one, other in ((again.ease, learned.ease), (again.alike, learned.alike)):
        assert np.array_equal(one.weights, other.weights)
        assert np.array_equal(one.columns, other.columns)
