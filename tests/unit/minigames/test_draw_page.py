"""The ten lines of docs/minigames.md draw as the platform does, and find what was changed."""

import io
import re
import sys
from pathlib import Path
from types import CodeType

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.fairness import Choice, Entry, Inputs, Proof, prove

PAGE = Path(__file__).parents[3] / "docs" / "minigames.md"
names = st.text(min_size=1, max_size=12)
INPUTS = st.builds(
    Inputs,
    game=st.sampled_from(["wheel", "boss", "tug"]),
    id=names,
    choices=st.lists(st.builds(Choice, names, st.integers(1, 2**31)), min_size=1, max_size=8).map(tuple),
    entries=st.lists(st.builds(Entry, names, st.integers(1, 2**53)), max_size=5).map(tuple),
)


def lines_of_the_page() -> CodeType:
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    return compile(block, str(PAGE), "exec")


LINES = lines_of_the_page()


def check(proof: Proof, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = msgspec.json.encode({"id": proof.inputs.id, "proof": proof}).decode()
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    exec(LINES, {})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=32, max_size=32), INPUTS)
def test_the_lines_agree_with_the_platform(monkeypatch: pytest.MonkeyPatch, seed: bytes, asked: Inputs) -> None:
    check(prove(seed, asked), monkeypatch)


def test_the_lines_find_what_was_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = Inputs(game="wheel", id="x", choices=(Choice("a", 1), Choice("b", 1)))
    honest = prove(bytes(32), wheel)
    other = "b" if honest.outcome == "a" else "a"
    with pytest.raises(AssertionError, match="another draw"):
        check(msgspec.structs.replace(honest, outcome=other), monkeypatch)
    with pytest.raises(AssertionError, match="another seed"):
        check(msgspec.structs.replace(honest, seed=bytes(31).hex() + "01"), monkeypatch)
