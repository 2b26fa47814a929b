"""Stripe through its own client: the page on which an order is paid, money sent back, and telling its webhooks."""

from uuid import UUID

import stripe
import structlog

from domain.payments.model import BadSignature, CheckoutFailed, Order, RefundRefused, RefundUnanswered

SECONDS = 10
RETRIES = 2
REPLAY_SECONDS = 300
LIVE = "https://api.stripe.com"

log = structlog.get_logger("domain.payments")


class Checkout:
    """Stripe with our key; one a process. `api_base` is another address than Stripe's own, such as that of a peer."""

    def __init__(self, key: str, webhook_secret: str, *, api_base: str = "", seconds: float = SECONDS) -> None:
        self._webhook_secret = webhook_secret
        self._http = stripe.HTTPXClient(timeout=seconds)
        self._stripe = stripe.StripeClient(
            key,
            base_addresses={"api": api_base or LIVE},
            http_client=self._http,
            max_network_retries=RETRIES,
        )

    async def aclose(self) -> None:
        await self._http.close_async()  # type: ignore[no-untyped-call]

    async def open(self, order: Order, *, site: str) -> str:
        """The address at which this order is paid; the same one however often it is asked. `CheckoutFailed`.

        `site` is our own address: the buyer comes back there, with money paid or not.
        """
        reference = {"payment_id": str(order.id)}
        back = f"{site}/wallet/payments/{order.id}"
        try:
            session = await self._stripe.v1.checkout.sessions.create_async(
                {
                    "mode": "payment",
                    "client_reference_id": str(order.id),
                    "metadata": reference,
                    "payment_intent_data": {"metadata": reference},
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": order.currency,
                                "unit_amount": order.price_minor,
                                "product_data": {"name": f"{order.tokens} tokens"},
                            },
                        }
                    ],
                    "success_url": back,
                    "cancel_url": f"{back}?cancelled=1",
                },
                {"idempotency_key": f"order-{order.id}"},
            )
        except stripe.StripeError as error:
            log.warning("checkout_failed", order=str(order.id), error=type(error).__name__, http=error.http_status)
            raise CheckoutFailed("The payment service did not answer; nothing was charged, try again") from error
        if session.url is None:
            raise CheckoutFailed("The payment service gave no page to pay on")
        return session.url

    async def refund(self, payment_intent: str, minor: int, *, refund_id: UUID) -> None:
        """Send so much of a payment back, once however often it is asked.

        `RefundRefused` when Stripe will not, `RefundUnanswered` when it is not known whether it did.
        """
        try:
            made = await self._stripe.v1.refunds.create_async(
                {"payment_intent": payment_intent, "amount": minor, "metadata": {"refund_id": str(refund_id)}},
                {"idempotency_key": f"refund-{refund_id}"},
            )
        except stripe.InvalidRequestError as error:
            log.warning("refund_refused", refund=str(refund_id), error=error.user_message)
            raise RefundRefused() from error
        except stripe.StripeError as error:
            log.warning("refund_unanswered", refund=str(refund_id), error=type(error).__name__, http=error.http_status)
            raise RefundUnanswered() from error
        if made.status in ("failed", "canceled"):
            raise RefundRefused()

    def verify(self, body: bytes, signature: str | None) -> None:
        """`BadSignature` unless Stripe signed exactly these bytes within the last five minutes."""
        try:
            stripe.WebhookSignature.verify_header(body, signature, self._webhook_secret, REPLAY_SECONDS)
        except (stripe.SignatureVerificationError, ValueError, TypeError) as error:  # the latter two: not even text
            raise BadSignature() from error
