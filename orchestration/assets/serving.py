"""What is measured and what serves: the evaluation, and the version that the API loads."""

from pathlib import Path

import dagster as dg

from features.affinity import habits_by_id
from features.store import write_habits
from livestreamx.engines import clickhouse
from orchestration.assets.history import features
from orchestration.assets.models import cf_factors, embeddings, faiss_index
from orchestration.partitions import daily
from orchestration.promotion import current, objection, promote
from orchestration.resources import Engines, Folders
from ranking.artifacts import prune, read_manifest, save
from ranking.blend import SIGNALS
from ranking.learn import evaluate_history


@dg.asset(partitions_def=daily, group_name="serving", deps=[features, embeddings], kinds={"numpy"})
def eval_report(context: dg.AssetExecutionContext, folders: Folders) -> dg.MaterializeResult[None]:
    """Weights learned and metrics measured on later history, beside popularity and repeat."""
    workspace = folders.workspace(context.partition_key)
    report = evaluate_history(workspace.history(), workspace.vocabulary())
    workspace.keep_report(report)
    metrics = {f"{model} {name}": value for model, values in report.metrics.items() for name, value in values.items()}
    weights = {f"weight {signal}": weight for signal, weight in zip(SIGNALS, report.weights, strict=True)}
    return dg.MaterializeResult(metadata={"questions": report.questions, "gate": report.gate.why, **metrics, **weights})


@dg.asset(partitions_def=daily, group_name="serving", deps=[cf_factors, faiss_index, eval_report], kinds={"redis"})
def promoted_model(context: dg.AssetExecutionContext, engines: Engines, folders: Folders) -> dg.MaterializeResult[None]:
    """A version on disk; it serves, with fresh habits in the online store, unless something speaks against it."""
    workspace, models = folders.workspace(context.partition_key), Path(folders.models)
    history = workspace.history()
    version = save(
        models,
        source=engines.database,
        until=history.until,
        creators=history.creators,
        handles=history.handles,
        factors=workspace.factors(),
        text=workspace.text(),
        vocabulary=workspace.vocabulary(),
        index=workspace.index(),
        report=workspace.report(),
    )
    against = objection(read_manifest(models, version), current(models), own_history=clickhouse.DATABASE)
    if against is None:
        with engines.online() as redis:
            write_habits(redis, habits_by_id(history))
            promote(models, redis, version)
    prune(models)
    return dg.MaterializeResult(
        metadata={"version": version, "promoted": against is None, "why": against or "nothing speaks against it"}
    )
