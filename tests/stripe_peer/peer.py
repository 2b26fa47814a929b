"""What Stripe does at its HTTP edge, as far as we use it: Checkout, subscriptions, refunds, disputes, webhooks.

Faults are asked for by name: `500` answers before anything was done, `lost` after it was done, `hang` never answers.
"""

import asyncio
import secrets
import time
from collections import deque
from typing import Any, Literal

import httpx

from tests.stripe_peer import events

Fault = Literal["500", "lost", "hang"]
Form = dict[str, str]
HANG_SECONDS = 3.0


class Refused(Exception):
    """An error as Stripe's API answers it."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        self.status, self.body = status, {"error": {"type": kind, "message": message}}
        super().__init__(message)


class Subscription:
    """A subscription as Stripe has it: paid until a second since the epoch."""

    def __init__(self, number: str, owner: dict[str, str], minor: int) -> None:
        self.number, self.owner, self.minor = number, owner, minor
        self.status, self.ends, self.until, self.invoices = "active", False, int(time.time()), 0

    def shown(self) -> dict[str, Any]:
        return events.subscription(self.number, owner=self.owner, status=self.status, ends=self.ends)

    def next_month(self, start: int, days: int) -> tuple[str, tuple[int, int]]:
        """The name of the invoice, and what it is for."""
        start = start or self.until
        self.invoices, self.until = self.invoices + 1, start + days * 86_400
        return f"in_{self.number}_{self.invoices}", (start, self.until)

    def invoice(self, name: str, period: tuple[int, int], *, paid: bool) -> dict[str, Any]:
        return events.invoice(
            name, self.number, self.minor, owner=self.owner, start=period[0], end=period[1], paid=paid
        )


class Peer:
    """The state behind the edge. Events wait in `outbox`, or go to `webhook_url` where one is set."""

    def __init__(self) -> None:
        self.url = ""
        self.webhook_url = ""
        self.sessions: dict[str, dict[str, Any]] = {}
        self.charges: dict[str, dict[str, Any]] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.outbox: list[bytes] = []
        self.faults: deque[Fault] = deque()
        self.asked = 0
        self._answers: dict[str, tuple[Form, dict[str, Any]]] = {}

    async def answer(self, path: str, form: Form, key: str | None) -> dict[str, Any]:
        """The answer to one POST: the first one again for the same key, whatever happens now."""
        self.asked += 1
        fault = self.faults.popleft() if self.faults else None
        if fault == "500":
            raise Refused(500, "api_error", "Something went wrong on Stripe's end")
        if key in self._answers:
            known, made = self._answers[key]
            if known != form:
                raise Refused(400, "idempotency_error", "Keys for idempotent requests go with the same parameters")
        else:
            made = self._do(path, form)
            if key is not None:
                self._answers[key] = (form, made)
        if fault == "lost":
            raise Refused(500, "api_error", "The answer got lost")
        if fault == "hang":
            await asyncio.sleep(HANG_SECONDS)
        return made

    def _do(self, path: str, form: Form) -> dict[str, Any]:
        match path.split("/"):
            case ["checkout", "sessions"]:
                return self._open_session(form)
            case ["checkout", "sessions", session, "expire"]:
                return self._close(session)
            case ["subscriptions", number]:
                return self._change(number, ends=form.get("cancel_at_period_end", "").lower() == "true")
        return self._refund(form)

    def _close(self, number: str) -> dict[str, Any]:
        if self.sessions[number]["status"] != "open":
            raise Refused(400, "invalid_request_error", "Only Checkout Sessions with a status of open can be expired")
        self.expire(number)
        return self.sessions[number]

    def _change(self, number: str, *, ends: bool) -> dict[str, Any]:
        known = self.subscriptions.get(number)
        if known is None or known.status == "canceled":
            raise Refused(404, "invalid_request_error", "No such subscription")
        known.ends = ends
        self.tell("customer.subscription.updated", known.shown())
        return known.shown()

    def _open_session(self, form: Form) -> dict[str, Any]:
        price = "line_items[0][price_data]"
        monthly = form.get("mode") == "subscription"
        if f"{price}[unit_amount]" not in form or monthly != (f"{price}[recurring][interval]" in form):
            raise Refused(400, "invalid_request_error", "Missing required param")
        made = {
            "id": f"cs_test_{secrets.token_hex(12)}",
            "object": "checkout.session",
            "client_reference_id": form["client_reference_id"],
            "mode": form["mode"],
            "metadata": {name[9:-1]: form[name] for name in form if name.startswith("metadata[")},
            "payment_intent": None,
            "subscription": None,
            "payment_status": "unpaid",
            "status": "open",
            "amount_total": int(form[f"{price}[unit_amount]"]) * int(form["line_items[0][quantity]"]),
            "currency": form[f"{price}[currency]"],
            "success_url": form["success_url"],
            "cancel_url": form["cancel_url"],
            "name": form[f"{price}[product_data][name]"],
        }
        made["url"] = f"{self.url}/pay/{made['id']}"
        self.sessions[str(made["id"])] = made
        return dict(made)

    def _refund(self, form: Form) -> dict[str, Any]:
        charge = self.charges.get(form["payment_intent"])
        if charge is None:
            raise Refused(404, "invalid_request_error", "No such payment_intent")
        amount = int(form.get("amount", charge["amount"] - charge["amount_refunded"]))
        if not 0 < amount <= charge["amount"] - charge["amount_refunded"]:
            raise Refused(400, "invalid_request_error", "Refund amount is greater than unrefunded amount on charge")
        charge["amount_refunded"] += amount
        self.tell("charge.refunded", charge)
        return {"id": f"re_{secrets.token_hex(8)}", "object": "refund", "amount": amount, "status": "succeeded"}

    def pay(self, session_id: str, *, card: str = "", at_once: bool = True) -> str:
        """The buyer pays, at once or by a bank that takes its time; the payment intent."""
        session = self.sessions[session_id]
        if session["mode"] == "subscription":
            return self._subscribe(session)
        intent = f"pi_{secrets.token_hex(12)}"
        session |= {"payment_intent": intent, "status": "complete", "payment_status": "paid" if at_once else "unpaid"}
        self.charges[intent] = events.charge(intent, session["amount_total"], card=card)
        self.tell("checkout.session.completed", session)
        if at_once:
            self.tell("charge.succeeded", self.charges[intent])
        return intent

    def _subscribe(self, session: dict[str, Any]) -> str:
        """The first month is paid."""
        number = f"sub_{secrets.token_hex(12)}"
        self.subscriptions[number] = made = Subscription(number, session["metadata"], session["amount_total"])
        session |= {"status": "complete", "payment_status": "paid", "subscription": number}
        self.tell("customer.subscription.created", made.shown())
        self.tell("checkout.session.completed", session)
        return self.bill(number)

    def bill(self, number: str, *, start: int = 0, days: int = 30) -> str:
        """The next month of a subscription is paid: now, after the last one, or from `start` on; the intent."""
        known = self.subscriptions[number]
        invoice, period = known.next_month(start, days)
        intent = f"pi_{secrets.token_hex(12)}"
        self.charges[intent] = events.charge(intent, known.minor)
        self.tell("invoice.paid", known.invoice(invoice, period, paid=True))
        self.tell("invoice_payment.paid", events.invoice_payment(invoice, intent, known.minor))
        self.tell("charge.succeeded", self.charges[intent])
        return intent

    def decline(self, number: str) -> None:
        """The next month could not be charged."""
        known = self.subscriptions[number]
        invoice, period = known.next_month(0, 30)
        known.status, known.until = "past_due", period[0]
        self.tell("invoice.payment_failed", known.invoice(invoice, period, paid=False))
        self.tell("customer.subscription.updated", known.shown())

    def end(self, number: str) -> None:
        """A subscription is over: at the end of its time, or as nobody paid."""
        self.subscriptions[number].status = "canceled"
        self.tell("customer.subscription.deleted", self.subscriptions[number].shown())

    def clear(self, session_id: str, *, paid: bool) -> None:
        """The bank of a late payment says yes or no."""
        session = self.sessions[session_id]
        session["payment_status"] = "paid" if paid else "unpaid"
        self.tell(f"checkout.session.async_payment_{'succeeded' if paid else 'failed'}", session)

    def expire(self, session_id: str) -> None:
        """Nobody paid in time."""
        self.sessions[session_id]["status"] = "expired"
        self.tell("checkout.session.expired", self.sessions[session_id])

    def dispute(self, intent: str, status: str) -> None:
        """The buyer's bank opens a dispute (`needs_response`), or it ends (`won`, `lost`)."""
        kind = "created" if status == "needs_response" else "closed"
        self.tell(f"charge.dispute.{kind}", events.dispute(intent, self.charges[intent]["amount"], status))

    def tell(self, kind: str, about: dict[str, Any]) -> None:
        self.outbox.append(events.make_event(kind, about))

    async def post(self) -> None:
        """Deliver what waits to `webhook_url`."""
        waiting, self.outbox = self.outbox, []
        async with httpx.AsyncClient(timeout=60) as client:
            for body in waiting:
                headers = {"stripe-signature": events.sign(body), "content-type": "application/json"}
                answer = await client.post(self.webhook_url, content=body, headers=headers)
                answer.raise_for_status()
