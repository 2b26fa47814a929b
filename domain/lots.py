"""Lots: who belongs to a share of all people; the same person draws the same lot about one thing each time."""

import hashlib
from uuid import UUID

LOTS = 2**64


def lot_of(about: str, user: UUID) -> int:
    """A person's lot about something, from 0 to below `LOTS`, as if drawn evenly and anew about anything else."""
    return int.from_bytes(hashlib.sha256(f"{about}:{user}".encode()).digest()[:8], "big")
