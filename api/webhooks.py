"""`/api/webhooks`: what other services tell us, once they have proved who they are."""

from typing import Any

import structlog
from litestar import Controller, Request, post
from litestar.di import NamedDependency
from redis.asyncio import Redis as AsyncRedis

from api.limits import SIGNED
from api.schema import View
from domain.media import service as media_rooms
from domain.media.model import MediaOff
from domain.media.rooms import MediaRooms
from domain.payments import refunds
from domain.payments.checkout import Checkout
from domain.payments.facts import FailedRefund, Unreadable, read_event
from domain.payments.model import PaymentsOff
from domain.subscriptions import intake
from domain.subscriptions.facts import read_channel_event
from livestreamx.engines.postgres import Pool
from livestreamx.errors import Invalid

log = structlog.get_logger("api.webhooks")


class Received(View, frozen=True, kw_only=True):
    """`ignored` is a kind of event that says nothing we follow; `duplicate` one that was taken in before."""

    outcome: str


class WebhookController(Controller):
    path = "/api/webhooks"
    tags = ("Webhooks",)

    @post("/stripe", status_code=200, summary="Events of Stripe", opt={SIGNED: True})
    async def stripe(
        self,
        request: Request[Any, Any, Any],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        checkout: NamedDependency[Checkout | None],
        request_id: NamedDependency[str],
    ) -> Received:
        """The signature is of the raw body. 400 `bad_signature`; any other refusal makes Stripe deliver it again."""
        if checkout is None:
            raise PaymentsOff()
        body = await request.body()
        checkout.verify(body, request.headers.get("stripe-signature"))
        try:
            about_channel = read_channel_event(body)
            fact = None if about_channel else read_event(body)
        except Unreadable as error:
            log.error("stripe_event_unreadable", error=str(error))
            raise Invalid("This event is not as Stripe describes it", code="bad_event") from error
        if about_channel is not None:
            return Received(outcome=await intake.take(pool, redis, about_channel, request_id=request_id))
        if fact is None:
            return Received(outcome="ignored")
        if isinstance(fact, FailedRefund):
            is_new = await refunds.note_failure(pool, fact, request_id=request_id)
            return Received(outcome="settled" if is_new else "duplicate")
        return Received(outcome=await intake.take_payment(pool, redis, fact, request_id=request_id))

    @post("/livekit", status_code=200, summary="Events of LiveKit", opt={SIGNED: True})
    async def livekit(
        self,
        request: Request[Any, Any, Any],
        pool: NamedDependency[Pool],
        redis: NamedDependency[AsyncRedis],
        media: NamedDependency[MediaRooms | None],
    ) -> Received:
        """Who came to and left a media room. The token in `Authorization` signs the raw body. 400 `bad_signature`."""
        if media is None:
            raise MediaOff()
        news = media.read_news(await request.body(), request.headers.get("authorization"))
        return Received(outcome=await media_rooms.take(pool, redis, media, news))
