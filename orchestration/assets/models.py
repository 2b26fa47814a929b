"""What is learned: the meaning of words, who watches whom, and an index over both."""

import dagster as dg

from orchestration.assets.history import features
from orchestration.partitions import daily
from orchestration.resources import Folders
from ranking.index import CreatorIndex, side_by_side
from ranking.learn import creator_text, fit_factors, learn_vocabulary, stream_text


@dg.asset(partitions_def=daily, group_name="models", deps=[features], kinds={"pytorch"})
def embeddings(context: dg.AssetExecutionContext, folders: Folders) -> dg.MaterializeResult[None]:
    """Sentence embeddings of every category, tag and title word, and from them each creator's text vector."""
    workspace = folders.workspace(context.partition_key)
    history = workspace.history()
    vocabulary = learn_vocabulary(history)
    text = creator_text(history, stream_text(history, vocabulary))
    workspace.keep_vocabulary(vocabulary)
    workspace.keep_text(text)
    return dg.MaterializeResult(
        metadata={"terms": len(vocabulary.terms), "dimensions": vocabulary.dimensions, "creators": len(text)}
    )


@dg.asset(partitions_def=daily, group_name="models", deps=[features], kinds={"numpy"})
def cf_factors(context: dg.AssetExecutionContext, folders: Folders) -> dg.MaterializeResult[None]:
    """Collaborative factors of the creators, from minutes watched and gifts given."""
    workspace = folders.workspace(context.partition_key)
    factors = fit_factors(workspace.history())
    workspace.keep_factors(factors)
    creators, dimensions = factors.vectors.shape
    watched = int(factors.vectors.any(axis=1).sum())
    return dg.MaterializeResult(metadata={"creators": creators, "watched": watched, "dimensions": dimensions})


@dg.asset(partitions_def=daily, group_name="models", deps=[embeddings, cf_factors], kinds={"faiss"})
def faiss_index(context: dg.AssetExecutionContext, folders: Folders) -> dg.MaterializeResult[None]:
    """The exact index over factor and text of every creator."""
    workspace = folders.workspace(context.partition_key)
    index = CreatorIndex.build(side_by_side(workspace.factors().vectors, workspace.text()))
    workspace.keep_index(index)
    return dg.MaterializeResult(metadata={"creators": len(index), "dimensions": index.dimensions})
