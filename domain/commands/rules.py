"""Whether a command may be asked for: arguments by the registry, and moderation of words that are read out."""

import re
import unicodedata
from typing import Any

import msgspec

from domain.commands.model import ACTIONS, REGISTRY, Action, Args, CommandInvalid, CommandNotAllowed, Speak, StartGame
from domain.text import clean_text

SPOKEN_REFUSED = re.compile(r"(https?:|www\.|\b\w+\.(com|net|org|io|gg|tv|me|ly|xyz)\b)", re.IGNORECASE)
"""Addresses are not read out: they are what such messages are abused for most."""
MOST_SAID = 200
"""Characters of a refusal: it may quote what was sent."""
REPEATED = re.compile(r"(.)\1{7,}")
LEET = str.maketrans("0134578@$!", "oieastbasi")
REFUSED_WORD = re.compile(
    r"(n+i+g+(e+r+|a+)|f+a+g+(o+t+)?|k+i+k+e+|c+h+i+n+k+|t+r+a+n+y+|r+e+t+a+r+d+(e+d+)?|k+y+s+)s*"
)
REFUSED_PHRASE = re.compile(r"\b(kill your ?self|heil hitler)\b")


def as_action(name: str) -> Action:
    """The action of this name; `CommandNotAllowed` when the registry does not know it."""
    for action in ACTIONS:
        if action == name:
            return action
    raise CommandNotAllowed(f"There is no action {name}")


def read_args(action: Action, given: dict[str, Any], defaults: dict[str, Any]) -> Args:
    """The arguments as the action takes them, cleaned; `CommandInvalid` names the field that does not fit."""
    try:
        args = msgspec.convert({**defaults, **given}, REGISTRY[action].args)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at ")
        named = re.search(r"field `([^`]{1,64})`", message)
        field = path.strip("`").removeprefix("$.") or (named[1] if named else "")
        raise CommandInvalid(f"args.{field}: {message[:MOST_SAID]}", field=f"args.{field}".rstrip(".")) from error
    if isinstance(args, Speak):
        return Speak(text=spoken(args.text))
    if isinstance(args, StartGame) and args.left == args.right:
        raise CommandInvalid("args.right: the two sides of a tug are two moods", field="args.right")
    return args


def spoken(text: str) -> str:
    """Words that may be read out on air; `CommandInvalid` when nothing is left or they may not."""
    text = clean_text(text)
    if not any(character.isalnum() for character in text):
        raise CommandInvalid("args.text: there is nothing to read out", field="args.text")
    if SPOKEN_REFUSED.search(text):
        raise CommandInvalid("args.text: addresses are not read out", field="args.text")
    if REPEATED.search(text):
        raise CommandInvalid("args.text: too many repeated characters", field="args.text")
    words = folded(text)
    if any(REFUSED_WORD.fullmatch(word) for word in words) or REFUSED_PHRASE.search(" ".join(words)):
        raise CommandInvalid("args.text: these words are not read out", field="args.text")
    return text


def folded(text: str) -> list[str]:
    """The words in plain letters, without accents and look-alike digits; letters that stand alone make one word."""
    plain = unicodedata.normalize("NFKD", text).casefold().translate(LEET)
    words: list[str] = []
    alone = False
    for part in plain.split():
        letters = "".join(character for character in part if character.isalpha())
        if len(letters) == 1 and alone:
            words[-1] += letters
        elif letters:
            words.append(letters)
        alone = len(letters) == 1
    return words
