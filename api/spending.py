"""`/api/wallet/limits`: the limits that people set their own spending."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.schema import Body, View
from domain.accounts.tokens import Claims
from domain.limits import service
from domain.limits.model import MOST_TOKENS, Limits, Wish
from livestreamx.engines.postgres import Pool

Tokens = Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS, examples=[500])]
Moment = Annotated[datetime, msgspec.Meta(tz=True, examples=["2027-01-01T00:00:00Z"])]


class LimitsView(View, frozen=True, kw_only=True):
    """What may be spent, and bought, in a day and a week; null is no limit.

    A limit that was loosened less than a day ago holds as it was until its `next...At`.
    """

    daily_tokens: int | None
    weekly_tokens: int | None
    next_daily_tokens: int | None
    next_daily_at: datetime | None
    next_weekly_tokens: int | None
    next_weekly_at: datetime | None
    excluded_until: datetime | None

    @classmethod
    def of(cls, held: Limits) -> "LimitsView":
        return cls(
            daily_tokens=held.daily,
            weekly_tokens=held.weekly,
            next_daily_tokens=held.next_daily,
            next_daily_at=held.next_daily_at,
            next_weekly_tokens=held.next_weekly,
            next_weekly_at=held.next_weekly_at,
            excluded_until=held.excluded_until,
        )


class LimitsWish(Body, frozen=True, kw_only=True):
    """What is left out stays; null takes a limit away, a day from now."""

    daily_tokens: Tokens | msgspec.UnsetType | None = msgspec.UNSET
    weekly_tokens: Tokens | msgspec.UnsetType | None = msgspec.UNSET
    excluded_until: Moment | msgspec.UnsetType = msgspec.UNSET


class LimitsController(Controller):
    path = "/api/wallet/limits"
    tags = ("Wallet",)

    @get(summary="Your own limits")
    async def read_limits(self, pool: NamedDependency[Pool], user: NamedDependency[Claims]) -> LimitsView:
        return LimitsView.of(await service.limits(pool, user.sub))

    @put(summary="Set your own limits: stricter holds at once, looser in a day")
    async def change_limits(
        self,
        data: JSONBody[LimitsWish],
        pool: NamedDependency[Pool],
        user: NamedDependency[Claims],
        request_id: NamedDependency[str],
    ) -> LimitsView:
        """409 `exclusion_stays`: a self-exclusion is not shortened."""
        wish = Wish(daily=data.daily_tokens, weekly=data.weekly_tokens, excluded_until=data.excluded_until)
        return LimitsView.of(await service.change(pool, user.sub, wish, request_id=request_id))
