"""Search by spelling and by meaning: slips are forgiven, beginnings find, what is asked for more comes first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.search import Entry, Reader, SearchIndex, fold, grams, words_of

TITLES = (
    "Two roads diverged in a wood",
    "Taunt in my face one more time (Rumbleverse)",
    "how do you lose with a gatling gun (Super People)",
    "Slay the Spire with the community",
    "Café évening: acoustic covers",
    "Blitz to 2200",
    "Speedrunning a game nobody heard of",
    "今日も配信",
    "Slowly painting a small dragon",
)


def index(*entries: Entry[str]) -> SearchIndex[str]:
    return SearchIndex(entries or [Entry(kind="stream", text=text, item=text) for text in TITLES], Reader())


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("rumbleverse", TITLES[1]),
        ("rumblevese", TITLES[1]),
        ("rubmleverse", TITLES[1]),
        ("RUMBLEVERSSE", TITLES[1]),
        ("tuant", TITLES[1]),
        ("gattling gun", TITLES[2]),
        ("slay teh spier", TITLES[3]),
        ("slay the sp", TITLES[3]),
        ("cafe evening", TITLES[4]),
        ("Speed", TITLES[6]),
        ("speedruning", TITLES[6]),
        ("今日も", TITLES[7]),
        ("blitz", TITLES[5]),
    ],
)
def test_the_right_one_is_first(query: str, title: str) -> None:
    assert index().find(query, 3)[0].entry.item == title


@pytest.mark.parametrize("query", ["", "  ", "!?", "xylophone quartz", "\u200b"])
def test_what_is_nowhere_finds_nothing(query: str) -> None:
    assert index().find(query, 10) == []


def test_of_equals_the_one_that_is_asked_for_more_comes_first() -> None:
    found = index(
        *(
            Entry(kind="stream", text="Chess blitz", item=name, weight=weight)
            for name, weight in (("few", 3), ("many", 90))
        )
    ).find("chess", 5)
    assert [hit.entry.item for hit in found] == ["many", "few"]
    assert found[0].score > found[1].score


def test_kinds_and_what_is_for_grown_ups() -> None:
    catalogue = index(
        Entry(kind="stream", text="night talk", item="stream"),
        Entry(kind="creator", text="nightowl", item="creator"),
        Entry(kind="stream", text="night after dark", item="mature", mature=True),
    )
    assert {hit.entry.item for hit in catalogue.find("night", 5)} == {"stream", "creator"}
    assert [hit.entry.item for hit in catalogue.find("night", 5, kinds={"creator"})] == ["creator"]
    assert {hit.entry.item for hit in catalogue.find("night", 5, mature=True)} == {"stream", "creator", "mature"}


def test_the_meaning_finds_what_the_letters_do_not() -> None:
    chess, cooking = np.eye(2, dtype=np.float32)
    catalogue = index(
        Entry(kind="stream", text="Blitz to 2200", item="chess", vector=chess),
        Entry(kind="stream", text="Sourdough", item="cooking", vector=cooking),
    )
    assert catalogue.find("grandmaster", 5) == []
    assert [hit.entry.item for hit in catalogue.find("grandmaster", 5, vector=chess)] == ["chess"]


def test_a_known_text_is_read_once() -> None:
    reader = Reader()
    assert reader.read("Chess blitz") is reader.read("Chess blitz")


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_can_be_looked_for_in_any_other(text: str, query: str) -> None:
    found = index(Entry(kind="stream", text=text, item=text)).find(query, 5)
    assert all(0 < hit.score < 3 for hit in found)
    if words_of(text):
        assert index(Entry(kind="stream", text=text, item=text)).find(text, 1)[0].entry.item == text


@given(st.text(max_size=80))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert len(set(grams(words_of(text)).tolist())) == len(grams(words_of(text)))
