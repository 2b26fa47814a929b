"""Draws that anybody can check: commit to a seed, publish its hash, draw by HMAC, reveal the seed.

The hash is known before anybody has taken part, and who took part is an input of the draw: neither side can steer it.
"""

import hashlib
import hmac
from typing import Annotated, Final, Literal

import msgspec

SEED_BYTES = 32
SCHEME: Final = "livestreamx-draw-1"
Hex32 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)", examples=["ab" * 32])]


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that may be drawn; `weight` parts of the sum of all weights fall to it."""

    key: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    weight: Annotated[int, msgspec.Meta(ge=1, le=2**31)]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who took part while the draw was open, and with how much."""

    user: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    points: Annotated[int, msgspec.Meta(ge=1, le=2**53)]


class Inputs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything but the seed that decides a draw; `entries` came in after the hash was published."""

    game: str
    id: str
    choices: Annotated[tuple[Choice, ...], msgspec.Meta(min_length=1, max_length=10_000)]
    entries: Annotated[tuple[Entry, ...], msgspec.Meta(max_length=10_000)] = ()


class Proof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What is published when a draw is over; `seed_hash` is what was published when it began."""

    scheme: Literal["livestreamx-draw-1"] = SCHEME
    seed_hash: Hex32
    seed: Hex32
    inputs: Inputs
    outcome: str


def hash_of(seed: bytes) -> str:
    """What is published before the draw: SHA-256 of the scheme's name and the seed, in hex."""
    return hashlib.sha256(SCHEME.encode() + b"\0" + seed).hexdigest()


def message_of(inputs: Inputs) -> bytes:
    """The inputs as the one text that is signed: JSON without spaces, keys in order."""
    return msgspec.json.Encoder(order="sorted").encode(inputs)


def number_below(limit: int, seed: bytes, message: bytes) -> int:
    """An even number in `[0, limit)`: 64 bits of HMAC-SHA256(seed, counter, message), those past the last multiple
    of `limit` drawn anew, because a remainder would favour small numbers.
    """
    if not 0 < limit <= 2**64:
        raise ValueError(f"{limit}: a draw takes 1 to 2^64 parts")
    usable = 2**64 - 2**64 % limit
    counter = 0
    while True:
        digest = hmac.digest(seed, counter.to_bytes(8) + message, "sha256")
        number = int.from_bytes(digest[:8])
        if number < usable:
            return number % limit
        counter += 1


def draw(seed: bytes, inputs: Inputs) -> str:
    """The key of the choice that falls, each as likely as its weight."""
    left = number_below(sum(choice.weight for choice in inputs.choices), seed, message_of(inputs))
    for choice in inputs.choices:
        left -= choice.weight
        if left < 0:
            return choice.key
    raise AssertionError("a number below the sum of the weights falls on one of them")


def prove(seed: bytes, inputs: Inputs) -> Proof:
    """Draw, and reveal what is needed to draw again."""
    return Proof(seed_hash=hash_of(seed), seed=seed.hex(), inputs=inputs, outcome=draw(seed, inputs))


def faults(proof: Proof, published: str | None = None) -> list[str]:
    """What is wrong with a draw; nothing when it was fair. `published` is the hash as one saw it at the beginning."""
    found = []
    seed = bytes.fromhex(proof.seed)
    if hash_of(seed) != proof.seed_hash:
        found.append("the seed is not the one whose hash was published")
    if published is not None and published != proof.seed_hash:
        found.append("the proof names another hash than the one published at the start")
    keys = [choice.key for choice in proof.inputs.choices]
    if len(set(keys)) != len(keys):
        found.append("a choice is there twice")
    if draw(seed, proof.inputs) != proof.outcome:
        found.append(f"the draw gives {draw(seed, proof.inputs)!r}, not {proof.outcome!r}")
    return found
