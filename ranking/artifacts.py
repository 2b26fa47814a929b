"""A trained model as a folder of files: written aside, checksummed, renamed into place, and validated when loaded.

A version never changes once it is there; which one is served is a pointer in Redis, with a file beside the folders.
"""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Collection
from datetime import datetime
from io import BytesIO
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.signals import SIGNALS
from livestreamx.clock import now
from livestreamx.durable import sync_folder
from livestreamx.pace import Rest, at_once, in_pieces
from ranking.collaborative import CreatorFactors
from ranking.index import VectorIndex
from ranking.neighbours import Neighbours
from ranking.report import Report
from ranking.taste import Knowledge
from ranking.trees import Trees
from ranking.trial import OURS
from ranking.vocabulary import Vocabulary

Matrix = NDArray[np.float32]

MANIFEST = "manifest.json"
RANKER = "ranker.txt"
POINTER = "promoted"
ASIDE = ".writing-"
FORMAT = 3
KEPT_VERSIONS = 5
AT_ONCE = 1 << 20
"""Bytes of a file that are read between two rests."""
VERSION = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{8}")


class ArtifactError(ValueError):
    """A version that is missing, torn, tampered with or does not fit together; the message says what is wrong."""


class StoredFile(msgspec.Struct, frozen=True):
    sha256: str
    size: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a version is and what its files must be; it learned from the database `source`, up to `until` (seconds)."""

    format: int
    version: str
    created_at: datetime
    source: str
    until: float
    signals: tuple[str, ...]
    report: Report
    files: dict[str, StoredFile]


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """All that serving needs, in memory; rows of every array are creators, but for the vocabulary's terms."""

    version: str
    source: str
    creators: list[str]
    handles: list[str]
    knowledge: Knowledge
    vocabulary: Vocabulary
    index: VectorIndex
    trees: Trees | None
    """The ranker; none where factors and habits are to answer."""
    report: Report
    rows: dict[str, int]
    """The row of each creator, by id."""


def save(
    folder: Path,
    *,
    source: str,
    until: float,
    creators: list[str],
    handles: list[str],
    knowledge: Knowledge,
    vocabulary: Vocabulary,
    index: VectorIndex,
    trees: bytes | None,
    report: Report,
) -> str:
    """Write a new version under `folder`; its name, `<date>-<time>-<checksum>` in UTC. Nothing half-written is seen."""
    files = {
        "creators.json": msgspec.json.encode({"ids": creators, "handles": handles}),
        "terms.json": msgspec.json.encode(vocabulary.terms),
        "factors.npy": _array(knowledge.factors.vectors),
        "ease.npz": _packed(knowledge.ease),
        "alike.npz": _packed(knowledge.alike),
        "text.npy": _array(knowledge.text),
        "terms.npy": _array(vocabulary.vectors),
        "creators.faiss": index.to_bytes(),
    }
    if trees is not None and report.rung == OURS:
        files[RANKER] = trees
    stored = {name: StoredFile(hashlib.sha256(data).hexdigest(), len(data)) for name, data in files.items()}
    created_at = now()
    whole = hashlib.sha256(msgspec.json.encode([created_at, stored, report], order="deterministic")).hexdigest()
    version = f"{created_at:%Y%m%d-%H%M%S}-{whole[:8]}"
    manifest = Manifest(
        format=FORMAT,
        version=version,
        created_at=created_at,
        source=source,
        until=until,
        signals=SIGNALS,
        report=report,
        files=stored,
    )
    folder.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=ASIDE, dir=folder))
    try:
        for name, data in {**files, MANIFEST: msgspec.json.encode(manifest)}.items():
            _write(aside / name, data)
        aside.chmod(0o755)
        aside.rename(folder / version)
    except OSError:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    sync_folder(folder)
    return version


def read_manifest(folder: Path, version: str) -> Manifest:
    """The manifest of a version; `ArtifactError` when there is none that can be used."""
    if not VERSION.fullmatch(version):
        raise ArtifactError(f"{version!r} is not the name of a version")
    try:
        manifest = msgspec.json.decode((folder / version / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise ArtifactError(f"{version}: no usable manifest: {error}") from error
    if manifest.format != FORMAT or manifest.version != version or manifest.signals != SIGNALS:
        raise ArtifactError(f"{version}: made for another version of this program")
    return manifest


def load(folder: Path, version: str, rest: Rest = at_once) -> Model:
    """The model of a version, every checksum, shape and number checked; else `ArtifactError`."""
    manifest = read_manifest(folder, version)

    def read(name: str) -> bytearray:
        return _read(folder / version / name, manifest.files[name], rest)

    try:
        named = msgspec.json.decode(read("creators.json"), type=dict[str, list[str]])
        model = Model(
            version=version,
            source=manifest.source,
            creators=named["ids"],
            handles=named["handles"],
            knowledge=Knowledge(
                factors=CreatorFactors.of(_matrix(read("factors.npy"))),
                ease=_unpacked(read("ease.npz")),
                alike=_unpacked(read("alike.npz")),
                text=_matrix(read("text.npy")),
            ),
            vocabulary=Vocabulary.of(
                msgspec.json.decode(read("terms.json"), type=list[str]), _matrix(read("terms.npy"))
            ),
            index=VectorIndex.from_bytes(read("creators.faiss")),
            trees=Trees(bytes(read(RANKER))) if RANKER in manifest.files else None,
            report=manifest.report,
            rows={creator: row for row, creator in enumerate(named["ids"])},
        )
    except ArtifactError:
        raise
    except (KeyError, ValueError, RuntimeError) as error:
        raise ArtifactError(f"{version}: cannot be read: {error}") from error
    _validate(model, rest)
    return model


def point_to(folder: Path, version: str) -> None:
    """Let the `promoted` file name this version, atomically; `ArtifactError` when the version cannot be loaded."""
    load(folder, version)
    aside = folder / f".{POINTER}-{os.getpid()}"
    _write(aside, version.encode())
    aside.replace(folder / POINTER)
    sync_folder(folder)


def pointed_to(folder: Path) -> str | None:
    """The version named by the `promoted` file, or none."""
    try:
        return (folder / POINTER).read_text().strip() or None
    except FileNotFoundError:
        return None


def versions_in(folder: Path) -> list[str]:
    """The names of all versions, oldest first."""
    return sorted(path.name for path in folder.iterdir() if VERSION.fullmatch(path.name)) if folder.is_dir() else []


def prune(folder: Path, keep: int = KEPT_VERSIONS, *, spare: Collection[str] = ()) -> list[str]:
    """Delete all versions but the newest `keep`, the one pointed to and those to `spare`.

    What an interrupted `save` left behind goes too.
    """
    versions = versions_in(folder)
    spared = {*versions[-keep:], pointed_to(folder), *spare}
    gone = [version for version in versions if version not in spared]
    hour_ago = now().timestamp() - 3600
    left = [path for path in folder.glob(f"{ASIDE}*") if path.stat().st_mtime < hour_ago]
    for path in (*(folder / version for version in gone), *left):
        shutil.rmtree(path)
    return gone


def _validate(model: Model, rest: Rest) -> None:
    known, creators, version = model.knowledge, len(model.creators), model.version
    counts = (model.handles, known.factors.vectors, known.ease, known.alike, known.text, model.index)
    if any(len(part) != creators for part in counts):
        raise ArtifactError(f"{version}: its files disagree on the number of creators")
    if len(model.vocabulary.terms) != len(model.vocabulary.vectors):
        raise ArtifactError(f"{version}: its files disagree on the number of terms")
    if model.index.dimensions != known.factors.vectors.shape[1] or model.vocabulary.dimensions != known.text.shape[1]:
        raise ArtifactError(f"{version}: its files disagree on the number of dimensions")
    if model.trees is not None and model.trees.width != len(SIGNALS):
        raise ArtifactError(f"{version}: its ranker takes {model.trees.width} signals, not {len(SIGNALS)}")
    numbers = {
        "factors": known.factors.vectors,
        "ease": known.ease.weights,
        "alike": known.alike.weights,
        "text": known.text,
        "terms": model.vocabulary.vectors,
    }
    for what, rows in in_pieces(numbers.items(), rest, 1):
        if not np.isfinite(rows).all():
            raise ArtifactError(f"{version}: {what} holds something that is not a number")


def _packed(neighbours: Neighbours) -> bytes:
    out = BytesIO()
    np.savez(out, allow_pickle=False, starts=neighbours.starts, columns=neighbours.columns, weights=neighbours.weights)
    return out.getvalue()


def _unpacked(data: bytearray) -> Neighbours:
    with np.load(BytesIO(data), allow_pickle=False) as stored:
        found = Neighbours(stored["starts"], stored["columns"], stored["weights"])
    if not found.fits:
        raise ValueError("lists of neighbours that do not fit together")
    return found


def _array(rows: Matrix) -> bytes:
    out = BytesIO()
    np.save(out, np.ascontiguousarray(rows, np.float32), allow_pickle=False)
    return out.getvalue()


def _matrix(data: bytearray) -> Matrix:
    rows = np.load(BytesIO(data), allow_pickle=False)
    if rows.ndim != 2 or rows.dtype != np.float32:
        raise ValueError(f"an array of {rows.dtype} with {rows.ndim} dimensions where a float32 matrix belongs")
    return np.asarray(rows, np.float32)


def _read(path: Path, stored: StoredFile, rest: Rest) -> bytearray:
    data, digest = bytearray(), hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(AT_ONCE):
                digest.update(block)
                data += block
                rest()
    except OSError as error:
        raise ArtifactError(f"{path.parent.name}: {path.name} is missing: {error}") from error
    if len(data) != stored.size or digest.hexdigest() != stored.sha256:
        raise ArtifactError(f"{path.parent.name}: {path.name} is not what was written")
    return data


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
