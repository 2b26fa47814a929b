"""`/api/me/mood-map`: how one's channel looks in each mood of the room."""

from typing import Annotated

import msgspec
from litestar import Controller, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth.guards import creator_only
from api.schema import Body, View
from domain.accounts.tokens import Claims
from domain.moodmaps import service
from domain.moodmaps.model import LEAST_DWELL, MOST_DWELL, Look, Mood, MoodMap
from livestreamx.engines.postgres import Pool, connection

Looks = dict[Mood, Look]
Dwell = Annotated[int, msgspec.Meta(ge=LEAST_DWELL, le=MOST_DWELL, examples=[LEAST_DWELL])]


class MoodMapBody(Body, frozen=True, kw_only=True):
    """The whole map; a mood without a look looks as everywhere."""

    looks: Looks
    dwell_seconds: Dwell = LEAST_DWELL


class MoodMapView(View, frozen=True, kw_only=True):
    """Moods with a look of their own, and how long a look stays at least (s)."""

    looks: Looks
    dwell_seconds: int = LEAST_DWELL

    @classmethod
    def of(cls, chosen: MoodMap) -> "MoodMapView":
        return cls(looks=chosen.looks, dwell_seconds=chosen.dwell_seconds)


class MoodMapController(Controller):
    path = "/api/me/mood-map"
    tags = ("Profile",)
    guards = (creator_only,)

    @get(summary="How your channel looks in each mood")
    async def read_map(self, user: NamedDependency[Claims], pool: NamedDependency[Pool]) -> MoodMapView:
        async with connection(pool) as db:
            return MoodMapView.of(await service.map_of(db, user.sub))

    @put(summary="Choose how your channel looks in each mood")
    async def choose_map(
        self, data: JSONBody[MoodMapBody], user: NamedDependency[Claims], pool: NamedDependency[Pool]
    ) -> MoodMapView:
        """422 `contrast_too_low` where text has less than 4.5:1 on its surface; nothing flashes over 3 Hz."""
        chosen = MoodMap(looks=data.looks, dwell_seconds=data.dwell_seconds)
        return MoodMapView.of(await service.choose(pool, user.sub, chosen))
