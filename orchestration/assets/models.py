"""What is learned: the meaning of words, who watches whom, an index over that, and a ranker over all signals."""

import dagster as dg
import numpy as np

from orchestration.assets.history import features
from orchestration.partitions import daily
from orchestration.resources import Folders
from ranking.fitting import Known, creator_text, fit_knowledge, stream_text
from ranking.index import VectorIndex
from ranking.learn import learn_ranker, learn_vocabulary, trial_of


@dg.asset(partitions_def=daily, group_name="models", deps=[features], kinds={"pytorch"})
def embeddings(context: dg.AssetExecutionContext, folders: Folders) -> dg.MaterializeResult[None]:
    """Sentence embeddings of every category, tag and title word, and from them each creator's text vector."""
    workspace = folders.workspace(context.partition_key)
    history = workspace.history()
    vocabulary = learn_vocabulary(history)
    text = creator_text(history, stream_text(history, vocabulary), history.until)
    workspace.keep_vocabulary(vocabulary)
    workspace.keep_text(text)
    return dg.MaterializeResult(
        metadata={"terms": len(vocabulary.terms), "dimensions": vocabulary.dimensions, "creators": len(text)}
    )


@dg.asset(partitions_def=daily, group_name="models", deps=[features], kinds={"numpy"})
def cf_factors(context: dg.AssetExecutionContext, folders: Folders) -> dg.MaterializeResult[None]:
    """Who watches whom and gives to whom: factors of the creators, and each one's neighbours by EASE and by cosine."""
    workspace = folders.workspace(context.partition_key)
    history = workspace.history()
    no_text = np.zeros((len(history.streams.ids), 0), np.float32)
    learned = fit_knowledge(history, Known(history, history.until), no_text)
    workspace.keep_models(learned.factors, learned.ease, learned.alike)
    creators, dimensions = learned.factors.vectors.shape
    return dg.MaterializeResult(
        metadata={
            "creators": creators,
            "watched": int(learned.factors.vectors.any(axis=1).sum()),
            "dimensions": dimensions,
            "neighbours": len(learned.ease.columns) + len(learned.alike.columns),
        }
    )


@dg.asset(partitions_def=daily, group_name="models", deps=[cf_factors], kinds={"faiss"})
def faiss_index(context: dg.AssetExecutionContext, folders: Folders) -> dg.MaterializeResult[None]:
    """The index over the factors of every creator; serving searches those that are live."""
    workspace = folders.workspace(context.partition_key)
    index = VectorIndex.build(workspace.knowledge().factors.vectors)
    workspace.keep_index(index)
    return dg.MaterializeResult(metadata={"creators": len(index), "dimensions": index.dimensions})


@dg.asset(partitions_def=daily, group_name="models", deps=[embeddings], kinds={"lightgbm"})
def ranker(context: dg.AssetExecutionContext, folders: Folders) -> dg.MaterializeResult[None]:
    """Trees over all signals, learned from questions of several periods, each with models fitted before it."""
    workspace = folders.workspace(context.partition_key)
    trial = trial_of(workspace.history(), workspace.vocabulary())

    def told(what: str, done: int, of: int) -> None:
        if done in {0, of}:
            context.log.info(f"{what}: {done} of {of}")

    trees, lessons = learn_ranker(trial, told)
    workspace.keep_ranker(trees, lessons)
    return dg.MaterializeResult(
        metadata={"questions": lessons, "periods": len(trial.plan.learn), "bytes": len(trees or b"")}
    )
