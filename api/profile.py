"""`/api/me/profile`: what one shows of oneself."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, patch
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.people import PublicUser
from api.schema import Body
from domain.accounts.tokens import Claims
from domain.profiles import customizing
from domain.profiles.model import MOST_BIO_CHARACTERS, MOST_LINK_CHARACTERS, Place, ProfileWish, Theme
from livestreamx.engines.postgres import Pool

Bio = Annotated[str, msgspec.Meta(max_length=2 * MOST_BIO_CHARACTERS, examples=["Cozy games on Sundays"])]
Link = Annotated[str, msgspec.Meta(max_length=MOST_LINK_CHARACTERS, examples=["https://example.org/me"])]
Links = Annotated[dict[Place, Link], msgspec.Meta(examples=[{"website": "https://example.org/me"}])]


class ProfileBody(Body, frozen=True, kw_only=True):
    """What is left out stays. `socials` replaces all links; `avatarAssetId` null brings the generated picture back."""

    bio: Bio | msgspec.UnsetType = msgspec.UNSET
    socials: Links | msgspec.UnsetType = msgspec.UNSET
    theme: Theme | msgspec.UnsetType = msgspec.UNSET
    avatar_asset_id: UUID | msgspec.UnsetType | None = msgspec.UNSET


class ProfileController(Controller):
    path = "/api/me/profile"
    tags = ("Profile",)

    @patch(summary="Change what you show of yourself")
    async def customize(
        self, data: JSONBody[ProfileBody], user: NamedDependency[Claims], pool: NamedDependency[Pool]
    ) -> PublicUser:
        """404 `asset_not_found`, 422 `bad_link`, `bio_too_long` or `not_a_picture`."""
        wish = ProfileWish(bio=data.bio, socials=data.socials, theme=data.theme, avatar=data.avatar_asset_id)
        return PublicUser.of(await customizing.customize(pool, user.sub, wish))
