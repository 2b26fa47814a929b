"""Stripe through its own client: pages on which something is paid, once or monthly, money sent back, and webhooks."""

from uuid import UUID

import stripe
import structlog
from stripe.params.checkout import SessionCreateParams, SessionCreateParamsLineItemPriceData

from domain.payments.model import (
    BadSignature,
    CheckoutClosed,
    CheckoutFailed,
    CheckoutPage,
    RefundRefused,
    RefundUnanswered,
    Sale,
)

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

    async def open(self, sale: Sale) -> CheckoutPage:
        """Where this sale is paid; the same page however often it is asked. `CheckoutFailed`."""
        try:
            session = await self._stripe.v1.checkout.sessions.create_async(
                _params(sale), {"idempotency_key": f"{sale.key}-{sale.id}"}
            )
        except stripe.StripeError as error:
            log.warning("checkout_failed", sale=str(sale.id), error=type(error).__name__, http=error.http_status)
            raise CheckoutFailed("The payment service did not answer; nothing was charged, try again") from error
        if session.url is None:
            raise CheckoutFailed("The payment service gave no page to pay on")
        return CheckoutPage(id=session.id, url=session.url)

    async def close(self, session: str) -> None:
        """Nobody pays on this page any more. `CheckoutClosed` if it was paid or ran out, `CheckoutFailed`."""
        try:
            await self._stripe.v1.checkout.sessions.expire_async(session)
        except stripe.InvalidRequestError as error:
            raise CheckoutClosed() from error
        except stripe.StripeError as error:
            log.warning("checkout_not_closed", session=session, error=type(error).__name__, http=error.http_status)
            raise CheckoutFailed("The payment service did not answer; nothing has changed, try again") from error

    async def stop_renewing(self, subscription: str) -> None:
        """Let a subscription end with the month that is paid; again changes nothing. `CheckoutFailed`.

        One that is over already is as wanted.
        """
        try:
            await self._stripe.v1.subscriptions.update_async(subscription, {"cancel_at_period_end": True})
        except stripe.InvalidRequestError as error:
            log.warning("subscription_not_renewing", subscription=subscription, error=error.user_message)
        except stripe.StripeError as error:
            log.warning("cancel_unanswered", subscription=subscription, error=type(error).__name__)
            raise CheckoutFailed("The payment service did not answer; nothing has changed, try again") from error

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


def _params(sale: Sale) -> SessionCreateParams:
    reference = {sale.name: str(sale.id)}
    price: SessionCreateParamsLineItemPriceData = {
        "currency": sale.currency,
        "unit_amount": sale.price_minor,
        "product_data": {"name": sale.title},
    }
    asked: SessionCreateParams = {
        "mode": "subscription" if sale.is_monthly else "payment",
        "client_reference_id": str(sale.id),
        "metadata": reference,
        "line_items": [{"quantity": sale.qty, "price_data": price}],
        "success_url": sale.back,
        "cancel_url": f"{sale.back}?cancelled=1",
    }
    if sale.is_monthly:
        price["recurring"] = {"interval": "month"}
        asked["subscription_data"] = {"metadata": reference}
    else:
        asked["payment_intent_data"] = {"metadata": reference}
    return asked
