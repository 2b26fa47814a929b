"""Reads a log of visits made elsewhere: whatever its columns are called, whichever way it tells the time.

What cannot be used is dropped and counted; what makes the whole file useless is said in one sentence.
"""

import csv
import gzip
from array import array
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

NAMES = {
    "user": "user user_id userid uid user_name viewer viewer_id viewer_name username member member_id",
    "item": "item item_id itemid item_name streamer streamer_id streamer_name channel channel_id channel_name creator "
    "creator_id creator_name",
    "stream": "stream stream_id streamid session session_id broadcast broadcast_id live_id",
    "start": "start start_time starttime start_ts start_at start_date started started_at time_start begin began "
    "begin_time timestamp time ts date datetime",
    "stop": "stop stop_time stoptime stop_ts stop_at stopped stopped_at time_stop end end_time endtime end_ts end_at "
    "end_date ended ended_at time_end finish finished finished_at",
    "live_start": "live_start live_from live_since live_begin item_start item_from item_live_start online_from "
    "available_from available_since available_start availability_start stream_start stream_started_at broadcast_start",
    "live_stop": "live_stop live_until live_to live_end item_stop item_end item_until item_live_stop item_live_end "
    "online_until available_until available_to available_stop available_end availability_stop availability_end "
    "stream_stop stream_end stream_ended_at broadcast_stop broadcast_end",
}
BY_WIDTH = {
    3: ("user", "item", "start"),
    4: ("user", "item", "start", "stop"),
    5: ("user", "stream", "item", "start", "stop"),
}
TIMES = ("start", "stop", "live_start", "live_stop")
MOST_STEPS, LONGEST = 1e7, 5 * 365 * 86400.0
"""Times up to here count steps, if so many last no longer than the longest log (s), else seconds.

Above they are seconds, thousandths or millionths of them since the epoch.
"""


class LogError(ValueError):
    """A file that cannot be used; the message says what is missing."""


class Visits(msgspec.Struct, frozen=True, kw_only=True):
    """One row a visit, in order of `start`; times in seconds. `stop` equals `start` where it is not told.

    `live` are (item, start, stop) of the streams where the file tells them; `dropped` says why rows were left out.
    """

    users: list[str]
    items: list[str]
    user: Ints
    item: Ints
    start: Floats
    stop: Floats
    tells_stop: bool
    live: tuple[Ints, Floats, Floats] | None
    rows: int
    dropped: dict[str, int]


def read_visits(path: Path, *, columns: Sequence[str] = (), step_seconds: float = 600.0) -> Visits:
    """The visits of a file of comma, semicolon or tab separated values, plain or gzipped.

    `columns` names them in their order where the file does not (`user,item,start,stop`, `-` for one to be ignored).
    """
    table = _read(path, tuple(columns))
    times = {name: _times(values, step_seconds) for name, values in table.times.items()}
    start = times["start"]
    stop = np.where(np.isfinite(times["stop"]), times["stop"], start) if "stop" in times else start
    dropped: dict[str, int] = {"short rows": table.short} if table.short else {}
    keep = np.isfinite(start)
    _drop(dropped, "times that cannot be read", ~keep)
    _drop(dropped, "stop before start", keep & (stop < start))
    keep &= stop >= start
    order = np.lexsort((table.item, table.user, start))
    order = order[keep[order]]
    columns_of = np.column_stack([start[order], table.user[order], table.item[order]])
    same = np.zeros(len(order), np.bool_)
    same[1:] = (np.diff(columns_of, axis=0) == 0).all(axis=1)
    _drop(dropped, "duplicates", same)
    order = order[~same]
    if not len(order):
        raise LogError(f"{path.name}: no row tells a user, an item and a start that can be read ({_why(dropped)})")
    live = None
    if {"live_start", "live_stop"} <= times.keys():
        live = (table.item[order], times["live_start"][order], times["live_stop"][order])
    return Visits(
        users=table.users,
        items=table.items,
        user=table.user[order],
        item=table.item[order],
        start=start[order],
        stop=stop[order],
        tells_stop="stop" in times and bool(np.isfinite(times["stop"]).any()),
        live=live,
        rows=len(table.user) + table.short,
        dropped=dropped,
    )


def read_live(path: Path, items: Sequence[str], *, step_seconds: float = 600.0) -> tuple[Ints, Floats, Floats]:
    """When items were live, from a file with `item`, `start` and `stop`; items nobody visited are left out."""
    rows = _rows(path)
    first = next(rows, [])
    place = {name: at for at, name in enumerate(_named(first)) if name}
    if not {"item", "start", "stop"} <= place.keys():
        raise LogError(f"{path.name}: needs columns item, start and stop, has {', '.join(first) or 'none'}")
    row = {name: number for number, name in enumerate(items)}
    whole = [cells for cells in rows if len(cells) == len(first) and cells[place["item"]] in row]
    start, stop = (_times([cells[place[name]] for cells in whole], step_seconds) for name in ("start", "stop"))
    good = np.isfinite(start) & (stop >= start)
    return np.array([row[cells[place["item"]]] for cells in whole], np.int32)[good], start[good], stop[good]


class Table(msgspec.Struct):
    """The columns of a file as they were read."""

    users: list[str]
    items: list[str]
    user: Ints
    item: Ints
    times: dict[str, list[str]]
    short: int


def _read(path: Path, columns: tuple[str, ...]) -> Table:
    rows = _rows(path)
    first = next(rows, None)
    if first is None:
        raise LogError(f"{path.name} is empty")
    named = columns or _named(first)
    headed = bool(columns and set(_named(first)) - {""}) or (not columns and "start" in named)
    if not headed and not columns:
        if len(first) not in BY_WIDTH:
            raise LogError(
                f"{path.name}: its columns cannot be guessed. Give it a header with user, item, start and stop, "
                f"or say --columns user,item,start,stop (- for one to be ignored); the first line is {','.join(first)}"
            )
        named = BY_WIDTH[len(first)]
    place = {name: at for at, name in reversed(list(enumerate(named))) if name not in {"", "-"}}
    if "item" not in place and "stream" in place:
        place["item"] = place["stream"]
    missing = [name for name in ("user", "item", "start") if name not in place]
    if missing:
        raise LogError(f"{path.name}: no column for {' and '.join(missing)} among {', '.join(first)}")
    return _collect(rows if headed else _again(first, rows), place)


def _collect(rows: Iterator[list[str]], place: dict[str, int]) -> Table:
    users: dict[str, int] = {}
    items: dict[str, int] = {}
    user, item, short = array("i"), array("i"), 0
    times: dict[str, list[str]] = {name: [] for name in TIMES if name in place}
    at_user, at_item, width = place["user"], place["item"], max(place.values())
    for cells in rows:
        if len(cells) <= width or not cells[at_user] or not cells[at_item]:
            short += 1
            continue
        user.append(users.setdefault(cells[at_user], len(users)))
        item.append(items.setdefault(cells[at_item], len(items)))
        for name, values in times.items():
            values.append(cells[place[name]])
    return Table(list(users), list(items), np.array(user, np.int32), np.array(item, np.int32), times, short)


def _rows(path: Path) -> Iterator[list[str]]:
    """The rows that hold anything, their cells stripped."""
    try:
        with _opened(path) as file:
            head = file.readline()
            file.seek(0)
            delimiter = max(",;\t|", key=head.count) if head else ","
            for cells in csv.reader(file, delimiter=delimiter):
                if any(cells):
                    yield [cell.strip() for cell in cells]
    except (OSError, UnicodeDecodeError, csv.Error, EOFError) as error:
        raise LogError(f"{path}: cannot be read: {error}") from error


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _again(first: list[str], rest: Iterator[list[str]]) -> Iterator[list[str]]:
    yield first
    yield from rest


def _named(cells: Sequence[str]) -> tuple[str, ...]:
    """What each cell of a header means, empty where it means nothing here."""
    meaning = {word: name for name, words in NAMES.items() for word in words.split()}
    return tuple(meaning.get("_".join(cell.casefold().replace("-", " ").split()), "") for cell in cells)


def _times(values: Sequence[str], step_seconds: float) -> Floats:
    """Seconds: from steps, from seconds or finer since the epoch, or from ISO 8601; not a number where unreadable."""
    try:
        numbers = np.array(values, np.float64)
    except ValueError:
        numbers = np.array([_number(value) for value in values])
    finite = np.abs(numbers[np.isfinite(numbers)])
    if not len(finite):
        return np.array([_instant(value) for value in values])
    typical = float(np.median(finite))
    if float(finite.max()) <= MOST_STEPS:
        return numbers * (step_seconds if float(np.ptp(finite)) * step_seconds <= LONGEST else 1.0)
    return numbers / (1e6 if typical > 1e14 else 1e3 if typical > 1e11 else 1.0)


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return float("nan")


def _instant(value: str) -> float:
    try:
        told = datetime.fromisoformat(value)
    except ValueError:
        return float("nan")
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()


def _drop(dropped: dict[str, int], why: str, rows: NDArray[np.bool_]) -> None:
    if count := int(rows.sum()):
        dropped[why] = count


def _why(dropped: dict[str, int]) -> str:
    return ", ".join(f"{count} {why}" for why, count in dropped.items()) or "it has no rows"
