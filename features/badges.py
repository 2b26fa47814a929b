"""Badges as data: what each asks for is `features/data/badges.json`; a new one needs a line there and no code."""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

Counter = Literal[
    "gifts",
    "messages",
    "streak",
    "votes",
    "challenges",
    "early",
    "season",
    "game",
    "streams",
    "marathons",
    "crowd",
    "followers",
]


class Badge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who reaches `number` of a counter earns it, once; of a season it is the rank that must be reached."""

    code: str
    name: str
    says: str
    of: Counter
    number: int
    creators: bool = False


@cache
def badges() -> dict[str, Badge]:
    """All badges by code; `msgspec.ValidationError` for data that makes no sense, `ValueError` for a code twice."""
    found = msgspec.json.decode(files("features").joinpath("data", "badges.json").read_bytes(), type=list[Badge])
    by_code = {badge.code: badge for badge in found}
    if len(by_code) != len(found):
        raise ValueError("a badge is there twice")
    return by_code


@cache
def steps(counter: Counter) -> tuple[tuple[int, str], ...]:
    """The numbers of a counter that earn a badge, smallest first, each with its code."""
    return tuple(sorted((badge.number, badge.code) for badge in badges().values() if badge.of == counter))


def of_rank(rank: int) -> Iterable[str]:
    """The badges of who ended a season on this rank (1 is first)."""
    return (code for number, code in steps("season") if rank <= number)
