"""`/wallet/subscriptions`: what a person subscribes to, the gifts they gave, and where a payment comes back to."""

from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect, Template

from api.pages.subscribing import Line
from api.pages.visit import Visit
from domain.subscriptions import gifts, service

LISTED = 50
GIFT_STATES = {
    "created": "Waiting for payment",
    "paid": "Being given out",
    "given": "Given",
    "failed": "Not paid",
    "refunded": "Refunded",
}


class SubscriptionPages(Controller):
    """For their owner only."""

    path = "/wallet/subscriptions"

    @get("/")
    async def show(
        self, visit: NamedDependency[Visit], cancelled: Annotated[bool, QueryParameter()] = False
    ) -> Template | Redirect:
        """Those that last or wait for their payment first, then those that are over; and gifts."""
        if visit.viewer is None:
            return visit.sign_in_first()
        found = [Line.of(one) for one in await service.of_user(visit.pool, visit.viewer.id, None, LISTED)]
        return visit.page(
            "subscriptions.html",
            current=[line for line in found if line.one.state != "expired"],
            over=[line for line in found if line.one.state == "expired" and line.one.started_at],
            gifts=await gifts.mine(visit.pool, visit.viewer.id, LISTED),
            gift_states=GIFT_STATES,
            accepts=await gifts.accepts(visit.pool, visit.viewer.id),
            cancelled=cancelled,
        )
