"""`/api/users` and `/api/creators`: other people, and following them."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, PathParameter
from redis.asyncio import Redis as AsyncRedis

from api.people import Profile, PublicUser
from api.schema import View
from domain.accounts.tokens import Claims
from domain.badges import service as progress
from domain.profiles import service as profiles
from livestreamx.engines.postgres import Pool


class FollowState(View, frozen=True, kw_only=True):
    """Whether one follows the creator now, and whether this request changed that."""

    following: bool
    changed: bool


class UsersController(Controller):
    path = "/api/users"
    tags = ("People",)

    @get("/{handle:str}")
    async def profile(
        self,
        handle: Annotated[str, PathParameter(max_length=100)],
        visitor: NamedDependency[Claims | None],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
    ) -> Profile:
        """What everybody may see of an account: never its e-mail or wallet."""
        shown = await profiles.of_handle(pool, handle, visitor.sub if visitor else None)
        user = await progress.up_to_date(redis, shown.user)
        return Profile(
            **msgspec.structs.asdict(PublicUser.of(user)),
            followers=shown.followers,
            following=shown.following,
            live_stream_id=shown.live_stream_id,
        )


class CreatorsController(Controller):
    path = "/api/creators/{creator_id:uuid}/follow"
    tags = ("People",)

    @put("/")
    async def follow(
        self,
        creator_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        request_id: NamedDependency[str],
    ) -> FollowState:
        """Follow a creator; again changes nothing. 403 `self_follow`."""
        return FollowState(following=True, changed=await profiles.follow(pool, user.sub, creator_id, "api", request_id))

    @delete("/", status_code=200)
    async def unfollow(
        self,
        creator_id: FromPath[UUID],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        request_id: NamedDependency[str],
    ) -> FollowState:
        """Stop following a creator; again changes nothing."""
        return FollowState(following=False, changed=await profiles.unfollow(pool, user.sub, creator_id, request_id))
