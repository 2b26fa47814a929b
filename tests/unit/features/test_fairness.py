"""A draw is even, repeatable, and cannot be tampered with unnoticed; the command says so."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.fairness import Choice, Entry, Inputs, Proof, draw, faults, hash_of, number_below, prove

seeds = st.binary(min_size=32, max_size=32)
words = st.text("abcdef0123456789-", min_size=1, max_size=12)
choices = st.lists(st.builds(Choice, words, st.integers(1, 1000)), min_size=1, max_size=8, unique_by=lambda c: c.key)
entries = st.lists(st.builds(Entry, words, st.integers(1, 10_000)), max_size=5)
inputs = st.builds(
    Inputs,
    game=st.sampled_from(["wheel", "boss", "tug"]),
    id=words,
    choices=choices.map(tuple),
    entries=entries.map(tuple),
)


@given(seeds, inputs)
def test_an_honest_proof_holds_through_json(seed: bytes, asked: Inputs) -> None:
    proof = msgspec.json.decode(msgspec.json.encode(prove(seed, asked)), type=Proof)
    assert faults(proof, hash_of(seed)) == []


@given(seeds, seeds, inputs)
def test_another_seed_is_found(seed: bytes, other: bytes, asked: Inputs) -> None:
    if seed != other:
        honest = prove(seed, asked)
        swapped = msgspec.structs.replace(prove(other, asked), seed_hash=honest.seed_hash)
        assert "the seed is not the one whose hash was published" in faults(swapped)
        assert faults(prove(other, asked), hash_of(seed))


@given(seeds, inputs, st.data())
def test_another_outcome_is_found(seed: bytes, asked: Inputs, data: st.DataObject) -> None:
    honest = prove(seed, asked)
    claimed = data.draw(st.sampled_from([choice.key for choice in asked.choices] + ["nothing of it"]))
    forged = msgspec.structs.replace(honest, outcome=claimed)
    assert bool(faults(forged)) == (claimed != honest.outcome)


@given(seeds, inputs, entries)
def test_inputs_that_change_draw_anew(seed: bytes, asked: Inputs, others: list[Entry]) -> None:
    changed = msgspec.structs.replace(asked, entries=tuple(others))
    if changed != asked:
        claimed = msgspec.structs.replace(prove(seed, asked), inputs=changed)
        assert bool(faults(claimed)) == (draw(seed, changed) != claimed.outcome)


def test_a_choice_that_is_there_twice_is_found() -> None:
    twice = Inputs(game="wheel", id="x", choices=(Choice("a", 1), Choice("a", 1)))
    assert "a choice is there twice" in faults(prove(bytes(32), twice))


@settings(max_examples=40)
@given(seeds, st.integers(1, 2**64), st.binary(max_size=20))
def test_numbers_are_below_the_limit_and_repeat(seed: bytes, limit: int, message: bytes) -> None:
    number = number_below(limit, seed, message)
    assert 0 <= number < limit
    assert number == number_below(limit, seed, message)


def test_a_limit_that_a_remainder_would_bend_is_drawn_evenly() -> None:
    limit = 2**63 + 2**62  # a remainder of 64 bits would land in the lowest third twice as often
    low = sum(number_below(limit, number.to_bytes(32), b"") < limit // 3 for number in range(3000))
    assert abs(low - 1000) < 130


def test_choices_fall_by_their_weights() -> None:
    asked = (Choice("one", 1), Choice("three", 3))
    fell = Counter(draw(bytes(32), Inputs(game="wheel", id=str(number), choices=asked)) for number in range(4000))
    assert abs(fell["one"] - 1000) < 130


@pytest.mark.parametrize("limit", [0, -1, 2**64 + 1])
def test_a_limit_that_cannot_be_drawn_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match="a draw takes"):
        number_below(limit, bytes(32), b"")


def verify(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "livestreamx", "verify-draw", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_tells_fair_from_not_fair(tmp_path: Path) -> None:
    proof = prove(bytes(range(32)), Inputs(game="wheel", id="g", choices=(Choice("a", 1), Choice("b", 1))))
    text = msgspec.json.encode(proof).decode()
    (tmp_path / "proof.json").write_text(text)
    fair = verify(str(tmp_path / "proof.json"), "--hash", proof.seed_hash)
    assert (fair.returncode, fair.stdout.split(":")[0]) == (0, "fair")
    other = "b" if proof.outcome == "a" else "a"
    forged = verify(text.replace(f'"outcome":"{proof.outcome}"', f'"outcome":"{other}"'))
    assert (forged.returncode, forged.stdout.split(":")[0]) == (1, "NOT FAIR")
    assert verify(text, "--hash", "0" * 64).returncode == 1
    told = verify(f'{{"id":"g","game":"wheel","proof":{text}}}')
    assert (told.returncode, told.stdout) == (0, fair.stdout)
    for nonsense in ("{}", "no/such/file", '{"seed":1}', '{"id":"g","proof":null}'):
        refused = verify(nonsense)
        assert (refused.returncode, refused.stderr.split(":")[0]) == (1, "not a proof")
