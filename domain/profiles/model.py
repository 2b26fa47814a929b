"""What a profile shows, and what following is."""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.accounts.model import User


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """A creator whom somebody follows; `live_stream_id` when they are live and public."""

    id: UUID
    handle: str
    avatar_url: str | None
    level: int
    followed_at: datetime
    live_stream_id: UUID | None


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A profile: the account, its followers, whether the visitor is one of them, and its live public stream."""

    user: User
    followers: int
    following: bool
    live_stream_id: UUID | None


class Creator(msgspec.Struct, frozen=True, kw_only=True):
    """A creator as lists show them."""

    id: UUID
    handle: str
    avatar_url: str | None
    bio: str
    level: int
    followers: int
    live_stream_id: UUID | None
