"""What has to hold before anything is promoted: a check that fails stops all that comes after."""

import dagster as dg
import numpy as np

from features.signals import SIGNALS
from orchestration.assets.models import cf_factors, embeddings, ranker
from orchestration.assets.serving import eval_report
from orchestration.resources import Folders
from ranking.trees import Trees


@dg.asset_check(asset=embeddings, blocking=True)
def finite_text(context: dg.AssetCheckExecutionContext, folders: Folders) -> dg.AssetCheckResult:
    """Every text vector is made of numbers, and most creators have one."""
    text = folders.workspace(context.partition_key).text()
    told = float(text.any(axis=1).mean()) if len(text) else 0.0
    return dg.AssetCheckResult(passed=bool(np.isfinite(text).all()), metadata={"creators with text": told})


@dg.asset_check(asset=cf_factors, blocking=True)
def finite_factors(context: dg.AssetCheckExecutionContext, folders: Folders) -> dg.AssetCheckResult:
    """Every factor is made of numbers, and not all of them are zero."""
    factors = folders.workspace(context.partition_key).knowledge().factors.vectors
    passed = bool(np.isfinite(factors).all() and factors.any())
    return dg.AssetCheckResult(passed=passed, metadata={"largest": float(np.abs(factors).max(initial=0.0))})


@dg.asset_check(asset=ranker, blocking=True)
def sound_ranker(context: dg.AssetCheckExecutionContext, folders: Folders) -> dg.AssetCheckResult:
    """The trees, where there are any, can be read, take all signals and answer with numbers."""
    trees, lessons = folders.workspace(context.partition_key).ranker()
    if trees is None:
        return dg.AssetCheckResult(passed=True, description=f"{lessons} questions: factors answer")
    read = Trees(trees)
    scores = read.predict(np.zeros((4, read.width), np.float32))
    passed = read.width == len(SIGNALS) and bool(np.isfinite(scores).all())
    return dg.AssetCheckResult(passed=passed, metadata={"signals": read.width, "questions": lessons})


@dg.asset_check(asset=eval_report, blocking=True)
def not_worse_than_rivals(context: dg.AssetCheckExecutionContext, folders: Folders) -> dg.AssetCheckResult:
    """The gate: NDCG@10 in the test period is not below popularity, what was trending, repeat and what serves."""
    gate = folders.workspace(context.partition_key).report().gate
    return dg.AssetCheckResult(passed=gate.passed, description=gate.why)
