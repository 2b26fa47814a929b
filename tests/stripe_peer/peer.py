"""What Stripe does at its HTTP edge, as far as we use it: Checkout, refunds, disputes, idempotency and its webhooks.

Faults are asked for by name: `500` answers before anything was done, `lost` after it was done, `hang` never answers.
"""

import asyncio
import secrets
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


class Peer:
    """The state behind the edge. Events wait in `outbox`, or go to `webhook_url` where one is set."""

    def __init__(self) -> None:
        self.url = ""
        self.webhook_url = ""
        self.sessions: dict[str, dict[str, Any]] = {}
        self.charges: dict[str, dict[str, Any]] = {}
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
            made = self._open_session(form) if path == "checkout/sessions" else self._refund(form)
            if key is not None:
                self._answers[key] = (form, made)
        if fault == "lost":
            raise Refused(500, "api_error", "The answer got lost")
        if fault == "hang":
            await asyncio.sleep(HANG_SECONDS)
        return made

    def _open_session(self, form: Form) -> dict[str, Any]:
        price = "line_items[0][price_data]"
        if form.get("mode") != "payment" or f"{price}[unit_amount]" not in form:
            raise Refused(400, "invalid_request_error", "Missing required param")
        made = {
            "id": f"cs_test_{secrets.token_hex(12)}",
            "object": "checkout.session",
            "client_reference_id": form["client_reference_id"],
            "metadata": {"payment_id": form["metadata[payment_id]"]},
            "payment_intent": None,
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
        intent = f"pi_{secrets.token_hex(12)}"
        session |= {"payment_intent": intent, "status": "complete", "payment_status": "paid" if at_once else "unpaid"}
        self.charges[intent] = events.charge(intent, session["amount_total"], card=card)
        self.tell("checkout.session.completed", session)
        if at_once:
            self.tell("charge.succeeded", self.charges[intent])
        return intent

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
