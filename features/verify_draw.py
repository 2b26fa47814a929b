"""`python -m features.verify_draw FILE-or-JSON [--hash HASH]`: draws again from a revealed seed, says whether it fits.

Needs nothing of the platform: anybody can check a mini-game with it. Exit code 0 when the draw was fair, else 1.
"""

import argparse
import sys
from pathlib import Path

import msgspec

from features.fairness import Proof, faults


def read_proof(source: str) -> Proof:
    """The proof in a file, on stdin (`-`) or in the argument itself, alone or within the game that the API tells.

    `msgspec.DecodeError` when there is none.
    """
    if source == "-":
        text = sys.stdin.buffer.read()
    else:
        text = source.encode() if source.lstrip().startswith("{") else Path(source).read_bytes()
    told = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    proof = bytes(told.get("proof", text))
    if proof == b"null":
        raise msgspec.ValidationError("this game has none: it is not over yet, or nothing was drawn")
    return msgspec.json.decode(proof, type=Proof)


def main() -> int:
    """Say what was found."""
    arguments = argparse.ArgumentParser(prog="livestreamx verify-draw", description="Check the draw of a mini-game.")
    arguments.add_argument(
        "proof",
        help="a file with the proof or with what GET /api/minigames/ID answers, `-` for stdin, or the JSON itself",
    )
    arguments.add_argument("--hash", help="the seed hash that was published when the game began")
    given = arguments.parse_args()
    try:
        proof = read_proof(given.proof)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        print(f"not a proof: {error}", file=sys.stderr)
        return 1
    found = faults(proof, given.hash)
    for fault in found:
        print(f"NOT FAIR: {fault}")
    if not found:
        print(
            f"fair: {proof.inputs.game} {proof.inputs.id} gives {proof.outcome}, as published under {proof.seed_hash}"
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
