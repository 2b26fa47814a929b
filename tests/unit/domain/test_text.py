"""User text comes out visible and otherwise as it was typed, whatever it looks like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.text import BLANKS, MOST_MARKS, UNSEEN, clean_text


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "i <3 you",
        "a < b and c > d",
        "x <y",
        "👩‍👩‍👧‍👦 ❤️",
        "سلام",
        "नमस्ते",
        "PogChamp x100",
        "Tom & Jerry",
        "1 &lt; 2",
        "x<y and y>z",
        "a <b> c",
        "<GG>",
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "<!-- no comment -->",
        "two  spaces",
        "{{ 7 * 7 }} ${x} %s",
    ],
)
def test_honest_text_stays_as_it_was(text: str) -> None:
    assert clean_text(text) == text


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        ("  around\nand a\r\n\tline ", "around and a line"),
        ("wide\u3000\u3000\u3000blanks", "wide blanks"),
        ("evil\u202etxt.exe", "eviltxt.exe"),
        ("a\x00b\x1b[31m", "ab[31m"),
        ("in\u200bvis\u2060ible\ufeff", "invisible"),
        ("<scr\x00ipt>x</scr\u200bipt>", "<script>x</script>"),
        ("e\u0301", "é"),
        ("\u200b \u200e", ""),
    ],
)
def test_what_is_not_text_goes(given: str, cleaned: str) -> None:
    assert clean_text(given) == cleaned


def test_stacked_marks_are_thinned() -> None:
    assert len(clean_text("Z" + "\u0330" * 50)) == 1 + MOST_MARKS


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("<>&;/ab lt;gt;script\u202e\x00 ")), max_size=300))
def test_cleaning_holds_for_anything(text: str) -> None:
    cleaned = clean_text(text)
    assert cleaned == cleaned.strip()
    assert not UNSEEN.search(cleaned)
    assert not BLANKS.search(cleaned)
    assert clean_text(cleaned) == cleaned
