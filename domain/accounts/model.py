"""What an account and its sessions are."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

Role = Literal["viewer", "creator", "admin"]
END = r"$(?!\n)"
"""The end of a text and nothing after it: `$` alone lets a line break through."""
HANDLE_PATTERN = r"^[a-z0-9_]{3,20}" + END
EMAIL_PATTERN = r"^[^@\s\x00]+@[^@\s\x00]+\.[^@\s\x00]+" + END
PASSWORD_CHARACTERS = (8, 256)


class User(msgspec.Struct, frozen=True, kw_only=True):
    """An account; `email` is for its owner's eyes only."""

    id: UUID
    handle: str
    email: str | None
    roles: tuple[str, ...]
    avatar_url: str | None
    bio: str
    level: int
    xp: int
    badges: tuple[str, ...]
    socials: dict[str, str]
    created_at: datetime
    theme: str = "ember"


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One sign-in: a family of refresh tokens, of which only the last one is good."""

    id: UUID
    user_agent: str
    created_at: datetime
    last_used_at: datetime


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A person with a fresh pair of tokens."""

    user: User
    session_id: UUID
    access: str
    refresh: str
