"""What is measured and what serves: the evaluation, and the version that the API loads."""

from pathlib import Path

import dagster as dg
from redis import Redis

from domain.experiments import service as experiments
from features.history import History
from features.store import fill_bonds, fill_trends, note_filled
from livestreamx.engines import clickhouse
from orchestration.assets.history import features
from orchestration.assets.models import cf_factors, embeddings, faiss_index, ranker
from orchestration.page import page_of
from orchestration.partitions import daily
from orchestration.promotion import current, objection, promote, serving_rival
from orchestration.resources import Engines, Folders
from ranking.artifacts import prune, read_manifest, save
from ranking.fitting import Known
from ranking.learn import evaluate, trial_of


@dg.asset(partitions_def=daily, group_name="serving", deps=[features, embeddings, ranker], kinds={"numpy"})
def eval_report(context: dg.AssetExecutionContext, engines: Engines, folders: Folders) -> dg.MaterializeResult[None]:
    """All rankings on the last period, what serves among them, by cohort, with coverage, calibration and examples."""
    workspace = folders.workspace(context.partition_key)
    trees, lessons = workspace.ranker()
    serving = serving_rival(Path(folders.models), engines.database)
    report = evaluate(trial_of(workspace.history(), workspace.vocabulary()), trees, lessons, serving=serving)
    workspace.keep_report(report)
    page = page_of(report)
    path = workspace.keep_page("report.md", page)
    metrics = {
        f"{ranking} {name}": value for ranking, values in report.metrics.items() for name, value in values.items()
    }
    return dg.MaterializeResult(
        metadata={
            "questions": report.questions,
            "rung": report.rung,
            "gate": report.gate.why,
            "report": dg.MetadataValue.md(page),
            "page": dg.MetadataValue.path(str(path)),
            **metrics,
        }
    )


@dg.asset(partitions_def=daily, group_name="serving", deps=[cf_factors, faiss_index, eval_report], kinds={"redis"})
def promoted_model(context: dg.AssetExecutionContext, engines: Engines, folders: Folders) -> dg.MaterializeResult[None]:
    """A version on disk; it serves, with fresh bonds and trends online, unless something speaks against it."""
    workspace, models = folders.workspace(context.partition_key), Path(folders.models)
    history = workspace.history()
    version = save(
        models,
        source=engines.database,
        until=history.until,
        creators=history.creators,
        handles=history.handles,
        knowledge=workspace.knowledge(),
        vocabulary=workspace.vocabulary(),
        index=workspace.index(),
        trees=workspace.ranker()[0],
        report=workspace.report(),
    )
    experiment = experiments.running(models)
    against = objection(
        read_manifest(models, version),
        current(models),
        own_history=clickhouse.DATABASE,
        experiment=experiment,
    )
    if against is None:
        with engines.online() as redis:
            put_online(redis, history)
            if engines.database == clickhouse.DATABASE:
                note_filled(redis, history.until)
            promote(models, redis, version)
    prune(models, spare=experiment.versions if experiment else ())
    return dg.MaterializeResult(
        metadata={"version": version, "promoted": against is None, "why": against or "nothing speaks against it"}
    )


def put_online(redis: Redis, history: History) -> None:
    """What the dataflow does not know of bonds and trends, as of the end of the history."""
    known = Known(history, history.until)
    fill_bonds(redis, known.stored_bonds())
    fill_trends(redis, *known.stored_trends())
