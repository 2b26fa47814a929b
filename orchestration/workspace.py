"""The results of one day's run as plain files, so that any asset can be run again from what the others left."""

from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.history import Follows, Gifts, History, Streams, Watches
from ranking.collaborative import CreatorFactors
from ranking.index import VectorIndex
from ranking.neighbours import Neighbours
from ranking.report import Report
from ranking.taste import Knowledge
from ranking.vocabulary import Vocabulary

Part = TypeVar("Part", Watches, Gifts, Follows)
COLUMNS: tuple[tuple[str, type[msgspec.Struct]], ...] = (("watches", Watches), ("gifts", Gifts), ("follows", Follows))
STREAM_COLUMNS = ("creator", "start", "end")


class Names(msgspec.Struct):
    """The texts of a history; its numbers lie in arrays beside them."""

    until: float
    settling: float
    users: list[str]
    creators: list[str]
    handles: list[str]
    streams: list[str]
    title: list[str]
    category: list[str]
    tags: list[tuple[str, ...]]


class Workspace:
    """One folder; a file is replaced as a whole. `FileNotFoundError` for what was not made yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep_history(self, history: History) -> None:
        arrays = {
            f"{part}.{column}": getattr(getattr(history, part), column)
            for part, kind in COLUMNS
            for column in kind.__struct_fields__
        }
        arrays |= {f"streams.{column}": getattr(history.streams, column) for column in STREAM_COLUMNS}
        self._keep_arrays("history.npz", arrays)
        streams = history.streams
        names = Names(
            until=history.until,
            settling=history.settling,
            users=history.users,
            creators=history.creators,
            handles=history.handles,
            streams=streams.ids,
            title=streams.title,
            category=streams.category,
            tags=streams.tags,
        )
        self._keep("history.json", msgspec.json.encode(names))

    def history(self) -> History:
        names = msgspec.json.decode(self._read("history.json"), type=Names)
        arrays = self._arrays("history.npz")

        def part(name: str, kind: type[Part]) -> Part:
            return kind(**{column: arrays[f"{name}.{column}"] for column in kind.__struct_fields__})

        told: dict[str, Any] = {column: arrays[f"streams.{column}"] for column in STREAM_COLUMNS}
        streams = Streams(ids=names.streams, title=names.title, category=names.category, tags=names.tags, **told)
        return History(
            until=names.until,
            settling=names.settling,
            users=names.users,
            creators=names.creators,
            handles=names.handles,
            streams=streams,
            watches=part("watches", Watches),
            gifts=part("gifts", Gifts),
            follows=part("follows", Follows),
        )

    def keep_vocabulary(self, vocabulary: Vocabulary) -> None:
        self._keep_arrays("vocabulary.npz", {"vectors": vocabulary.vectors})
        self._keep("vocabulary.json", msgspec.json.encode(vocabulary.terms))

    def vocabulary(self) -> Vocabulary:
        terms = msgspec.json.decode(self._read("vocabulary.json"), type=list[str])
        return Vocabulary.of(terms, self._arrays("vocabulary.npz")["vectors"])

    def keep_text(self, vectors: NDArray[np.float32]) -> None:
        self._keep_arrays("text.npz", {"vectors": vectors})

    def text(self) -> NDArray[np.float32]:
        """The text vector of each creator, shape [creators, d]."""
        return self._arrays("text.npz")["vectors"]

    def keep_models(self, factors: CreatorFactors, ease: Neighbours, alike: Neighbours) -> None:
        """What was learned of who watches whom."""
        parts = {"ease": ease, "alike": alike}
        arrays = {
            f"{name}.{column}": getattr(neighbours, column)
            for name, neighbours in parts.items()
            for column in Neighbours.__struct_fields__
        }
        self._keep_arrays("models.npz", {"factors": factors.vectors, **arrays})

    def knowledge(self) -> Knowledge:
        """All models, the creators' texts among them."""
        arrays = self._arrays("models.npz")
        ease, alike = (
            Neighbours(**{column: arrays[f"{name}.{column}"] for column in Neighbours.__struct_fields__})
            for name in ("ease", "alike")
        )
        factors = CreatorFactors.of(arrays["factors"])
        return Knowledge(factors=factors, ease=ease, alike=alike, text=self.text())

    def keep_ranker(self, trees: bytes | None, lessons: int) -> None:
        """The trees, or that there are none, and how many questions they learned from."""
        self._keep("ranker.txt", trees or b"")
        self._keep("lessons.json", msgspec.json.encode(lessons))

    def ranker(self) -> tuple[bytes | None, int]:
        return self._read("ranker.txt") or None, msgspec.json.decode(self._read("lessons.json"), type=int)

    def keep_index(self, index: VectorIndex) -> None:
        self._keep("creators.faiss", index.to_bytes())

    def index(self) -> VectorIndex:
        return VectorIndex.from_bytes(self._read("creators.faiss"))

    def keep_report(self, report: Report) -> None:
        self._keep("report.json", msgspec.json.encode(report))

    def report(self) -> Report:
        return msgspec.json.decode(self._read("report.json"), type=Report)

    def keep_page(self, name: str, page: str) -> Path:
        """A page to be looked at, and where it lies."""
        self._keep(name, page.encode())
        return self._folder / name

    def _keep_arrays(self, name: str, arrays: dict[str, NDArray[Any]]) -> None:
        out = BytesIO()
        np.savez(out, allow_pickle=False, **arrays)
        self._keep(name, out.getvalue())

    def _arrays(self, name: str) -> dict[str, NDArray[Any]]:
        with np.load(BytesIO(self._read(name)), allow_pickle=False) as stored:
            return dict(stored)

    def _keep(self, name: str, data: bytes) -> None:
        aside = self._folder / f".{name}"
        aside.write_bytes(data)
        aside.replace(self._folder / name)

    def _read(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()
