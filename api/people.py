"""How people are shown: to everybody, and to themselves."""

from datetime import datetime
from uuid import UUID

import msgspec

from api.schema import View
from api.wallet import WalletView
from domain.accounts.model import User
from domain.economy.model import Wallet


class PublicUser(View, frozen=True, kw_only=True):
    """What everybody may see of an account."""

    id: UUID
    handle: str
    roles: tuple[str, ...]
    avatar_url: str | None
    bio: str
    level: int
    xp: int
    badges: tuple[str, ...]
    socials: dict[str, str]
    theme: str
    created_at: datetime

    @classmethod
    def of(cls, user: User) -> "PublicUser":
        return cls(
            id=user.id,
            handle=user.handle,
            roles=user.roles,
            avatar_url=user.avatar_url,
            bio=user.bio,
            level=user.level,
            xp=user.xp,
            badges=user.badges,
            socials=user.socials,
            theme=user.theme,
            created_at=user.created_at,
        )


class Profile(PublicUser, frozen=True, kw_only=True):
    """An account's page: also its followers, whether the visitor is one, and the stream that is on."""

    followers: int
    following: bool
    live_stream_id: UUID | None


class Me(PublicUser, frozen=True, kw_only=True):
    """What only the owner sees."""

    email: str | None
    wallets: WalletView

    @classmethod
    def owner(cls, user: User, wallet: Wallet) -> "Me":
        """The account as its owner sees it."""
        shown = msgspec.structs.asdict(PublicUser.of(user))
        return cls(**shown, email=user.email, wallets=WalletView.of(wallet))
