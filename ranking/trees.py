"""Boosted trees for serving, through the C interface of LightGBM: its Python package would bring scipy and more along.

https://lightgbm.readthedocs.io/en/stable/C-API.html
"""

import ctypes
import weakref
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FLOAT32, ROW_MAJOR, RAW_SCORE = 0, 1, 1
ONE_THREAD = b"num_threads=1"
LIBRARIES = ("lib_lightgbm.so", "lib_lightgbm.dylib", "lib_lightgbm.dll")


class TreesError(RuntimeError):
    """Trees that cannot be read or used; the message is LightGBM's own."""


@cache
def library() -> ctypes.CDLL:
    """The shared library inside the installed package."""
    found = find_spec("lightgbm")
    folders = list(found.submodule_search_locations or ()) if found else []
    for path in (Path(folder) / "lib" / name for folder in folders for name in LIBRARIES):
        if path.is_file():
            try:
                loaded = ctypes.CDLL(str(path))
            except OSError as error:
                raise TreesError(f"LightGBM cannot be loaded (Debian: apt install libgomp1): {error}") from error
            loaded.LGBM_GetLastError.restype = ctypes.c_char_p
            return loaded
    raise TreesError("LightGBM is not installed")


class Trees:
    """An ensemble of trees; any thread may ask it, one at a time on one core each."""

    def __init__(self, model: bytes) -> None:
        """`TreesError` when the text is not a model."""
        self._handle = ctypes.c_void_p()
        self._iterations = ctypes.c_int()
        _call("LGBM_BoosterLoadModelFromString", model, ctypes.byref(self._iterations), ctypes.byref(self._handle))
        weakref.finalize(self, _free, self._handle)
        width = ctypes.c_int()
        _call("LGBM_BoosterGetNumFeature", self._handle, ctypes.byref(width))
        self.width = width.value

    def predict(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """The raw score of each row, shape [n]; `ValueError` when the rows have another width than the trees."""
        if rows.ndim != 2 or rows.shape[1] != self.width:
            raise ValueError(f"rows of {rows.shape[-1]} signals for trees of {self.width}")
        scores = np.zeros(len(rows))
        if not len(rows):
            return scores
        told = ctypes.c_int64()
        given = np.ascontiguousarray(rows, np.float32)
        _call(
            "LGBM_BoosterPredictForMat",
            self._handle,
            ctypes.c_void_p(given.ctypes.data),
            ctypes.c_int(FLOAT32),
            ctypes.c_int32(len(given)),
            ctypes.c_int32(self.width),
            ctypes.c_int(ROW_MAJOR),
            ctypes.c_int(RAW_SCORE),
            ctypes.c_int(0),
            ctypes.c_int(-1),
            ONE_THREAD,
            ctypes.byref(told),
            ctypes.c_void_p(scores.ctypes.data),
        )
        return scores


def _call(name: str, *arguments: object) -> None:
    if getattr(library(), name)(*arguments) != 0:
        raise TreesError(library().LGBM_GetLastError().decode(errors="replace"))


def _free(handle: ctypes.c_void_p) -> None:
    library().LGBM_BoosterFree(handle)
