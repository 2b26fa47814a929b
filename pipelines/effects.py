"""What a chunk of events changes in Redis, gathered in plain data and written in one step by `fenced.lua`.

Sums, maxima, sets and boards do not depend on the order of the events, so that any cut into chunks ends the same.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
from redis import Redis

from livestreamx import keys

Op = tuple[Any, ...]
MOST_ARGUMENTS = 1000
"""Lua cannot spread longer lists into a call."""


def binary(content: bytes) -> msgspec.Raw:
    """Bytes as an argument of the script, whose MessagePack takes them for text only."""
    return msgspec.Raw(b"\xdb" + len(content).to_bytes(4, "big") + content)


class Effects:
    """Gathers changes; equal keys are summed before they travel."""

    def __init__(self) -> None:
        self._sums: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._largest: dict[tuple[str, str], int] = {}
        self._members: defaultdict[str, set[str]] = defaultdict(set)
        self._fields: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._places: defaultdict[tuple[str, str], dict[str, tuple[int, int]]] = defaultdict(dict)
        self._rooms: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._expiry: dict[str, int] = {}
        self._calls: list[Op] = []

    def add(self, key: str, field: str, more: int) -> None:
        """Add to a field of a hash."""
        self._sums[key, field] += more

    def largest(self, key: str, field: str, value: int) -> None:
        """Raise a field of a hash to at least `value`."""
        self._largest[key, field] = max(value, self._largest.get((key, field), value))

    def member(self, key: str, member: str) -> None:
        """Put somebody into a set."""
        self._members[key].add(member)

    def put(self, key: str, field: str, value: str) -> None:
        """Set a field of a hash; the last one wins."""
        self._fields[key][field] = value

    def show(self, stream_id: UUID, part: str, state: str) -> None:
        """Let newcomers to a stream's room be told this from now on, as JSON; nothing with an empty text."""
        self._rooms[keys.room_state(stream_id)][part] = state

    def place(self, board: str, totals: str, member: str, more: int, tie: int) -> None:
        """Add to a member's total on a board; `tie` is when, in the board's own unit, lower leads among equals."""
        places = self._places[board, totals]
        total, last = places.get(member, (0, 0))
        places[member] = (total + more, max(last, tie))

    def expire(self, key: str, seconds: int) -> None:
        """Let a key go when nothing touches it for so long."""
        self._expiry[key] = seconds

    def call(self, *op: Any) -> None:
        """Any other Redis command, or a function of the script; after the sums, in the order of the calls."""
        self._calls.append(op)

    def ops(self) -> list[Op]:
        """The changes, as the script takes them."""
        done: list[Op] = [("HINCRBY", key, field, more) for (key, field), more in self._sums.items()]
        done += [("largest", key, field, value) for (key, field), value in self._largest.items()]
        for key, members in self._members.items():
            done += [("SADD", key, *some) for some in sliced(sorted(members))]
        for key, fields in (*self._fields.items(), *self._rooms.items()):
            pairs = [part for pair in fields.items() for part in pair]
            done += [("HSET", key, *some) for some in sliced(pairs)]
        for (board, totals), places in self._places.items():
            for some in sliced(places):
                mores, ties = zip(*(places[member] for member in some), strict=True)
                done.append(("places", board, totals, some, mores, ties))
        done += self._calls
        done += [("EXPIRE", key, seconds) for key, seconds in self._expiry.items()]
        return done

    def tell_newcomers(self, redis: Redis) -> None:
        """Let rooms be in the state that they will have behind the fence already.

        To be done before frames go out: who enters between a frame and the fence is not told what the frame has ended.
        """
        if self._rooms:
            with redis.pipeline(transaction=False) as pipe:
                for key, fields in self._rooms.items():
                    pipe.hset(key, items=[part for pair in fields.items() for part in pair])
                pipe.execute()


def sliced(items: Iterable[Any]) -> list[list[Any]]:
    """The items in lists that Lua can spread; an even number each."""
    every = list(items)
    return [every[start : start + MOST_ARGUMENTS] for start in range(0, len(every), MOST_ARGUMENTS)]
