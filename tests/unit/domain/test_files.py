"""Files on their way: whole under their name or not there, and what was left behind is taken away."""

import os
import time
from pathlib import Path

from domain.files import ABANDONED_SECONDS, Arriving


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_a_file_is_there_once_it_has_settled(tmp_path: Path) -> None:
    file = Arriving(tmp_path / "new", "one")
    file.write(b"half")
    assert names(tmp_path / "new") == {"one.part"}
    file.write(b" and half")
    file.settle("txt")
    assert (names(tmp_path / "new"), file.path.read_bytes(), file.size) == ({"one.txt"}, b"half and half", 13)
    file.discard()
    file.discard()
    assert names(tmp_path / "new") == set()


def test_parts_that_nobody_writes_any_more_are_taken_away(tmp_path: Path) -> None:
    for name, age in (("left.part", ABANDONED_SECONDS + 60), ("fresh.part", 60), ("kept.txt", ABANDONED_SECONDS + 60)):
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    Arriving(tmp_path, "next").discard()
    assert names(tmp_path) == {"fresh.part", "kept.txt"}
