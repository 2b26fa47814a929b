"""What a profile shows, and what following is."""

from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

import msgspec

from domain.accounts.model import User

Theme = Literal["ember", "ocean", "forest", "violet", "rose", "mono"]
THEMES: tuple[Theme, ...] = get_args(Theme)
Place = Literal["website", "twitch", "youtube", "tiktok", "instagram", "discord", "mastodon", "github"]
PLACES: tuple[Place, ...] = get_args(Place)
MOST_BIO_CHARACTERS = 500
MOST_LINK_CHARACTERS = 200


class ProfileWish(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of one's profile; what is left out stays. `avatar` is a picture of one's own, None for none."""

    bio: str | msgspec.UnsetType = msgspec.UNSET
    socials: dict[Place, str] | msgspec.UnsetType = msgspec.UNSET
    theme: Theme | msgspec.UnsetType = msgspec.UNSET
    avatar: UUID | msgspec.UnsetType | None = msgspec.UNSET


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
