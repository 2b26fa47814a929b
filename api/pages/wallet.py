"""`/wallet`: what a person has, what moved it, packs to buy, and the receipt of each payment."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template

from api.pages.ledger import Kind, read_history
from api.pages.views import Bill, Offer
from api.pages.visit import Visit
from domain.economy import queries as ledger
from domain.economy import service as economy
from domain.economy.refusals import why_locked
from domain.inventory import service as inventory
from domain.limits import service as limits
from domain.payments import service as payments
from domain.payments.model import Pack, Payment, price_in_words
from domain.payments.refunds import REFUND_DAYS
from domain.subscriptions import service as subscriptions
from livestreamx.clock import now
from livestreamx.engines.postgres import connection

BILLS = 10
LISTED = 50
STATES = {
    "created": "Waiting for payment",
    "paid": "Being checked",
    "credited": "Paid",
    "failed": "Not paid",
    "refunded": "Refunded",
    "disputed": "Disputed",
}


def offer_of(pack: Pack, smallest: Pack) -> Offer:
    """A pack as its card; `saved` is how much cheaper a token is than in the smallest one, in percent."""
    full = pack.tokens * smallest.price_minor / smallest.tokens
    return Offer(
        id=pack.id,
        tokens=pack.tokens,
        minor=pack.price_minor,
        currency=pack.currency,
        words=price_in_words(pack.price_minor, pack.currency),
        saved=int(100 * (1 - pack.price_minor / full)) if pack.currency == smallest.currency else 0,
    )


def bill_of(payment: Payment) -> Bill:
    """A payment as its row and its receipt."""
    return Bill(
        id=payment.id,
        at=payment.created_at,
        paid_at=payment.paid_at,
        tokens=payment.tokens,
        credited=payment.credited,
        state=payment.state,
        state_words="Partly refunded" if payment.is_partly_refunded else STATES[payment.state],
        minor=payment.price_minor,
        refunded_minor=payment.refunded_minor,
        currency=payment.currency,
        words=price_in_words(payment.price_minor, payment.currency),
        refunded_words=price_in_words(payment.refunded_minor, payment.currency),
    )


def may_refund(payment: Payment) -> bool:
    """Whether unspent tokens of it may still be sent back; whether any are left is known when it is asked."""
    paid = payment.paid_at
    return payment.state == "credited" and paid is not None and now() - paid < timedelta(days=REFUND_DAYS)


class WalletPages(Controller):
    """For its owner only."""

    path = "/wallet"

    @get("/")
    async def show(
        self, visit: NamedDependency[Visit], kind: Annotated[Kind, QueryParameter()] = "all"
    ) -> Template | Redirect:
        """Balance, ways to get tokens, the newest payments and entries."""
        if visit.viewer is None:
            return visit.sign_in_first()
        async with connection(visit.pool) as db:
            held = await economy.wallet(db, visit.viewer.id)
            debt = await payments.debt(db, visit.viewer.id)
            aside = await ledger.set_aside(db, visit.viewer.id)
            lock = (await why_locked(db, visit.viewer.id)).detail if held.locked else ""
        packs = await payments.packs(visit.pool) if visit.settings.payments_on else []
        bills = await payments.payments(visit.pool, visit.viewer.id, None, BILLS)
        subscribed = await subscriptions.of_user(visit.pool, visit.viewer.id, None, LISTED)
        return visit.page(
            "wallet.html",
            wallet=held,
            aside=aside,
            debt=debt,
            lock=lock,
            disputed=any(bill.state == "disputed" for bill in bills),
            limits=await limits.limits(visit.pool, visit.viewer.id),
            exclusive=await inventory.packs_on_sale(visit.pool),
            owned=await inventory.inventory(visit.pool, visit.viewer.id),
            month=now().strftime("%Y-%m"),
            offers=[offer_of(pack, packs[0]) for pack in packs],
            bills=[bill_of(bill) for bill in bills],
            dev_topup=visit.settings.dev_topup,
            subscriptions=sum(one.lasts for one in subscribed),
            **await read_history(visit, None, kind),
        )

    @get("/history")
    async def history(
        self,
        visit: NamedDependency[Visit],
        cursor: Annotated[str | None, QueryParameter(max_length=200)] = None,
        kind: Annotated[Kind, QueryParameter()] = "all",
    ) -> Template:
        """The next rows of the table."""
        return visit.page("partials/ledger_rows.html", **await read_history(visit, cursor, kind))

    @get("/payments/{payment_id:uuid}")
    async def payment(
        self,
        payment_id: FromPath[UUID],
        visit: NamedDependency[Visit],
        cancelled: Annotated[bool, QueryParameter()] = False,
    ) -> Template | Redirect:
        """Where the buyer comes back to: waiting for the payment service, its receipt, or why there is none."""
        if visit.viewer is None:
            return visit.sign_in_first()
        paid = await payments.payment(visit.pool, visit.viewer.id, payment_id)
        return visit.page(
            "payment.html",
            bill=bill_of(paid),
            cancelled=cancelled and paid.state == "created",
            refundable=may_refund(paid),
            refund_days=REFUND_DAYS,
        )
