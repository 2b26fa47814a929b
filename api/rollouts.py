"""`/api/admin/features`: which features there are, and who has them."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.auth.guards import admin_only
from api.schema import Body, Page, View
from domain.accounts.tokens import Claims
from domain.rollouts import service
from domain.rollouts.model import EVERYBODY, Rollout
from livestreamx.engines.postgres import Pool

Share = Annotated[int, msgspec.Meta(ge=0, le=EVERYBODY, description="per cent of people", examples=[25])]


class RolloutView(View, frozen=True, kw_only=True):
    """A feature; who is not signed in has it once `share` is 100."""

    name: Annotated[str, msgspec.Meta(examples=["upcoming"])]
    what: Annotated[str, msgspec.Meta(examples=["Announced streams on the home page"])]
    on: bool
    share: Share
    changed_by: str | None
    changed_at: datetime | None

    @classmethod
    def of(cls, rollout: Rollout) -> "RolloutView":
        return cls(
            name=rollout.feature,
            what=rollout.what,
            on=rollout.is_on,
            share=rollout.share,
            changed_by=rollout.changed_by,
            changed_at=rollout.changed_at,
        )


class Decision(Body, frozen=True, kw_only=True):
    """Off, or on for a share of people, the same ones each time."""

    on: Annotated[bool, msgspec.Meta(examples=[True])]
    share: Share = EVERYBODY


class RolloutsController(Controller):
    path = "/api/admin/features"
    tags = ("Administration",)
    guards = (admin_only,)

    @get("/")
    async def features(self, pool: NamedDependency[Pool]) -> Page[RolloutView]:
        """Every feature that can be turned off or rolled out by and by. Admins only."""
        return Page(items=tuple(map(RolloutView.of, await service.rollouts(pool))))

    @put("/{name:str}")
    async def decide(
        self,
        name: FromPath[str],
        data: JSONBody[Decision],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        request_id: NamedDependency[str],
    ) -> RolloutView:
        """Turn a feature on for a share of people, or off; again changes nothing. Admins only; 404."""
        decided = await service.decide(
            pool, name, is_on=data.on, share=data.share, admin_id=user.sub, request_id=request_id
        )
        return RolloutView.of(decided)
