"""The registry reads exactly what it knows, and what is read out has been looked at."""

import html
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.commands.model import ACTIONS, LONGEST_MS, MOST_SPOKEN, REGISTRY, Action, CommandInvalid, Speak
from domain.commands.rules import as_action, read_args, spoken
from domain.economy.catalogue import GIFTS
from domain.text import clean_text
from livestreamx.clock import uuid7
from livestreamx.events import CommandStarted
from pipelines.command_frames import trigger, words


def test_the_registry_is_the_whitelist() -> None:
    assert set(REGISTRY) == set(get_args(Action))
    assert [action for action, kind in REGISTRY.items() if not kind.on] == ["tts.say"]
    assert all(0 < kind.shown_ms <= LONGEST_MS for kind in REGISTRY.values())


@pytest.mark.parametrize("gift", [gift for gift in GIFTS if gift.command_action], ids=lambda gift: gift.code)
def test_every_gift_that_acts_has_arguments_that_fit_and_words_for_the_room(gift: object) -> None:
    action = as_action(getattr(gift, "command_action", ""))
    given_ = {"text": "hello"} if action == "tts.say" else {}
    args = msgspec.to_builtins(read_args(action, given_, getattr(gift, "command_args", {})))
    assert "{" not in words(action, args)


@given(st.text(max_size=MOST_SPOKEN) | st.just("""<script>alert('1')</script> & "more" """))
def test_words_on_the_overlay_are_escaped_once(text: str) -> None:
    said = CommandStarted(
        command_id=uuid7(), action="tts.say", handle="ada", args={"text": text}, duration_ms=8000, waited_ms=0
    )
    shown = trigger(said).text
    assert not set(shown) & set("<>\"'")
    assert html.unescape(shown) == text


def test_every_action_is_that_of_some_gift() -> None:
    assert {gift.command_action for gift in GIFTS} - {None} == set(ACTIONS)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.sampled_from(ACTIONS),
    st.dictionaries(st.text(max_size=12) | st.sampled_from(["text", "game"]), junk, max_size=3),
)
def test_whatever_is_sent_is_read_or_refused_by_field(action: Action, given_: dict[str, object]) -> None:
    try:
        args = read_args(action, given_, {})
    except CommandInvalid as refusal:
        field = refusal.extra["field"]
    else:
        field = "args"
        assert msgspec.convert(msgspec.to_builtins(args), REGISTRY[action].args) == args
    assert field.split(".")[0] == "args"


@given(st.text(min_size=1, max_size=MOST_SPOKEN))
def test_what_is_read_out_is_plain_text_of_a_bounded_length(text: str) -> None:
    try:
        said = spoken(text)
    except CommandInvalid:
        return
    assert said == clean_text(said)
    assert said


@pytest.mark.parametrize("text", ["sky said hi", "a chinkara in the snow", "I am a fan", "Raccoon! 100%", "gg wp 2.5x"])
def test_harmless_words_are_read_out(text: str) -> None:
    assert read_args("tts.say", {"text": text}, {}) == Speak(text=text)


@pytest.mark.parametrize(
    "text", ["K Y S", "n1gg3r", "f.a.g.g.o.t", "kill yourself", "KILL   YOUR self", "ｆａｇｇｏｔ", "rétard"]
)
def test_words_that_hurt_are_not(text: str) -> None:
    with pytest.raises(CommandInvalid, match="not read out"):
        read_args("tts.say", {"text": text}, {})
