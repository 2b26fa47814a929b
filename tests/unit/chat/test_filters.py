"""Links, shouting, emotes and near copies are told from what only looks like them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.chat.emotes import Emotes
from domain.chat.filters import ChatFilter, Policy, has_link, shouts
from domain.chat.folding import fold
from domain.chat.similarity import Likeness, likeness

EMOTES = Emotes()
ALIKE_BITS = 8


def alike(text: str) -> Likeness:
    return likeness(fold(text))


def differing(one: str, other: str) -> int:
    first, second = alike(one).simhash, alike(other).simhash
    assert first is not None
    assert second is not None
    return (first ^ second).bit_count()


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/x", "HTTP://EXAMPLE.COM", "see www.example", "join discord.gg/abc", "example.com",
        "EXAMPLE.Com!",
        "buy at cheap-viewers.ru now", "sub.domain.co.uk", "example (dot) com", "example[.]com", "exa_mple.tv/abc",
    ],
)  # fmt: skip
def test_links_are_seen(text: str) -> None:
    assert has_link(text)


@pytest.mark.parametrize(
    "text",
    [
        "hello.", "wait...what", "so close...", "3.14 is pi", "e.g. this", "ok.bye", "v1.2.3", "file.txt",
        "mail@example.com",
        "end of.Start of", "Dr. Who", "lol.", "10.000 viewers", "a.b.c", "no.way",
    ],
)  # fmt: skip
def test_dots_are_no_links(text: str) -> None:
    assert not has_link(text)


def test_shouting_takes_a_sentence() -> None:
    assert shouts("WHY IS NOBODY TALKING HERE")
    assert shouts("ПОЧЕМУ НИКТО НЕ ГОВОРИТ")
    for text in (
        "POGGERS LUL",
        "KEKW KEKW",
        "Why is nobody talking HERE",
        "你好你好你好你好你好你好你好你好你好",
        "1234567890123456789",
    ):
        assert not shouts(text)


@pytest.mark.parametrize("text", ["PogChamp", "LUL KEKW", "😂", "❤️ 🔥🔥", "👩‍👩‍👧‍👦", "👍🏽", "PogChamp 😂"])
def test_emotes(text: str) -> None:
    assert EMOTES.are_all(text)


@pytest.mark.parametrize("text", ["hello", "PogChamp wow", "", "123", "!!!", "😂a", "pogchamp?", "^^"])
def test_words_are_no_emotes(text: str) -> None:
    assert not EMOTES.are_all(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("buy cheap followers at bestviewers now", "BUY cheap followers at best-viewers now!!!"),
        ("buy cheap followers at bestviewers now", "buuuy cheeap f\u200bollowers   at bestviewers now"),
        ("buy cheap followers at bestviewers now, code 1234", "buy cheap followers at bestviewers now, code 9876"),
        ("join my discord for free giveaways every day", "join my discord for free giveaways every week"),
    ],
)
def test_near_copies(one: str, other: str) -> None:
    assert differing(one, other) <= ALIKE_BITS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("i think this level is quite hard to beat", "what do you think about the new season of the show"),
        ("who won the first round of the night", "who is playing the first round tomorrow"),
        ("good morning everybody, how are you today", "good night everybody, it was a great stream"),
    ],
)
def test_different_texts(one: str, other: str) -> None:
    assert differing(one, other) > ALIKE_BITS


def test_cheers_may_be_repeated() -> None:
    assert (alike("LUL").same, alike("LUL LUL LUL").simhash) == ("", None)
    assert alike("gg wp").exact == alike("GG  WP!").exact
    assert alike("😂").exact != alike("🔥").exact


@given(st.text(max_size=300))
def test_any_text_is_like_itself(text: str) -> None:
    one = alike(text)
    assert one == alike(text)
    assert len(one.bands) == (4 if one.simhash is not None else 0)
    if one.simhash is not None:
        high, low = one.halves
        assert (high << 32) | low == one.simhash


def test_the_policy_decides() -> None:
    strict = ChatFilter(Policy(links="hold", capitals="refuse", most_characters=40))
    assert strict.judge("see example.com").action == "hold"
    both = strict.judge("GO TO EXAMPLE.COM RIGHT NOW")
    assert (both.action, both.reasons) == ("refuse", ("link", "capitals"))
    assert strict.judge("x" * 41).reasons == ("too_long",)
    lax = ChatFilter(Policy())
    assert lax.judge("GO TO EXAMPLE.COM RIGHT NOW").action == "allow"
    assert lax.judge("see example.com", shield=True).action == "refuse"
