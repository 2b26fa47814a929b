"""Moods: one golden case a rule, and what must hold for any reactions."""

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.mood import (
    EMOTE,
    HOP_MS,
    PRESENCE_HOPS,
    REACTION,
    Decision,
    Lexicon,
    Pane,
    decide,
    end_of,
    read_window,
)
from livestreamx.events import MOODS

GOLDEN: list[dict[str, Any]] = msgspec.json.decode((Path(__file__).parent / "golden_moods.json").read_bytes())


def pane_of(counts: dict[str, int], viewers: int = 0) -> Pane:
    """A pane in which so many different people reacted with each mood."""
    pane = Pane(people={f"viewer-{number}": 0 for number in range(viewers)})
    for mood, people in counts.items():
        for number in range(people):
            pane.feel(f"{mood}-{number}", [mood], REACTION)
    return pane


def moods_of(hops: list[dict[str, int]], viewers: int = 0) -> list[str]:
    """The mood after each hop."""
    panes, decision, moods = [], Decision(), []
    for number, counts in enumerate(hops):
        panes.insert(0, pane_of(counts, viewers))
        decision = decide(decision, read_window(panes[:PRESENCE_HOPS]), end_of(number))
        moods.append(decision.mood)
    return moods


@pytest.mark.parametrize("case", GOLDEN, ids=[case["name"] for case in GOLDEN])
def test_golden(case: dict[str, Any]) -> None:
    assert moods_of(case["hops"], case.get("viewers", 0)) == case["moods"]


def test_every_mood_has_a_golden_case() -> None:
    assert {mood for case in GOLDEN for mood in case["moods"]} == {*MOODS, "neutral"}


def test_a_person_counts_once_per_mood_and_hop_and_a_reaction_outweighs_an_emote() -> None:
    pane = Pane()
    for weight in (EMOTE, REACTION, EMOTE, REACTION):
        pane.feel("ann", ["joy"], weight)
    pane.feel("bob", ["sad"], EMOTE)
    reading = read_window([pane])
    assert reading.reactors == 2
    assert reading.shares == {"joy": round(2 / 3, 6), "sad": round(1 / 3, 6)}


def test_half_of_the_weight_is_left_after_twenty_seconds() -> None:
    old, new = pane_of({"joy": 2}), pane_of({"sad": 1})
    reading = read_window([new, None, None, None, old])
    assert reading.shares == {"joy": 0.5, "sad": 0.5}


hop = st.dictionaries(st.sampled_from(MOODS), st.integers(0, 30), max_size=7)


@given(st.lists(hop, min_size=1, max_size=12))
def test_shares_sum_to_one_and_the_mood_is_one_that_was_felt(hops: list[dict[str, int]]) -> None:
    panes = [pane_of(counts) for counts in reversed(hops)]
    reading = read_window(panes)
    assert not reading.shares or abs(sum(reading.shares.values()) - 1) < 1e-4
    felt = {mood for counts in hops for mood, people in counts.items() if people}
    assert set(moods_of(hops)) <= felt | {"neutral"}


@given(st.lists(hop, max_size=6))
def test_any_stream_is_neutral_within_sixty_seconds_of_silence(hops: list[dict[str, int]]) -> None:
    silence: list[dict[str, int]] = [{}] * (60_000 // HOP_MS)
    assert moods_of([*hops, *silence])[-1] == "neutral"


def test_the_order_of_signs_does_not_matter() -> None:
    signs = [
        (f"p{number % 40}", MOODS[number * number % 7], REACTION if number % 3 else EMOTE) for number in range(300)
    ]
    readings = set()
    for seed in range(5):
        random.Random(seed).shuffle(signs)
        pane = Pane()
        for person, mood, weight in signs:
            pane.feel(person, [mood], weight)
        readings.add(msgspec.json.encode(read_window([pane, pane])))
    assert len(readings) == 1


@pytest.mark.parametrize(
    ("text", "moods"),
    [
        ("LUL", {"joy"}),
        ("that was close LUL LUL OMEGALUL", {"joy"}),
        ("PogChamp", {"hype"}),
        ("<3 bleedPurple", {"love"}),
        ("monkaS", {"surprise"}),
        ("Sadge BibleThump", {"sad"}),
        ("DansGame", {"angry"}),
        ("Comfy", {"calm"}),
        ("lol!!", {"joy"}),
        ("HAHAHA", {"joy"}),
        (":)", {"joy"}),
        ("nice one 😂😂", {"joy"}),
        ("I ❤️ you", {"love"}),
        ("lionHype", {"hype"}),
        ("chjbHug1", {"love"}),
        ("LUL Sadge", {"joy", "sad"}),
        ("sadge", {"sad"}),
        ("we are happy to hold the line", set()),
        ("the poggod of dance", set()),
        ("Pats on the back for McLove", set()),
        ("", set()),
    ],
)
def test_the_lexicon_reads_emotes_words_and_emoji(text: str, moods: set[str]) -> None:
    assert Lexicon.load().moods(text) == moods


@given(st.text(max_size=300))
def test_the_lexicon_takes_any_text(text: str) -> None:
    assert Lexicon.load().moods(text) <= set(MOODS)


def test_no_sign_stands_for_two_moods() -> None:
    found = msgspec.json.decode((Path(__file__).parents[3] / "features/data/emotes.json").read_bytes())
    for kind, moods in found.items():
        signs = [sign for some in moods.values() for sign in some]
        assert set(moods) == set(MOODS), kind
        assert len(signs) == len(set(signs)), [sign for sign in signs if signs.count(sign) > 1]
