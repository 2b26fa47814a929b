"""A channel and its subscribers against the peer at Stripe's edge: what the tests of subscriptions have in common."""

import random
import secrets
from typing import Any
from uuid import UUID

from httpx import AsyncClient, Response

from livestreamx.engines.postgres import Pool
from tests.integration.people import Person
from tests.stripe_peer import events
from tests.stripe_peer.peer import Peer

WEBHOOK = "/api/webhooks/stripe"
AUDITS = ("audit", "audit_of_claims", "audit_of_payments", "audit_of_channels", "audit_of_payouts")


class Channel:
    """A creator to whom people subscribe, and everything that the peer has to say of it."""

    def __init__(self, web: AsyncClient, peer: Peer, pool: Pool, creator: Person) -> None:
        self.web, self.peer, self.pool, self.creator = web, peer, pool, creator
        self.path = f"/api/creators/{creator.id}"

    async def ask(self, fan: Person, tier: int = 1, key: str = "") -> Response:
        headers = {"Idempotency-Key": key or secrets.token_hex(8)}
        return await fan.ask("POST", f"{self.path}/subscribe", json={"tier": tier}, headers=headers)

    async def give(self, giver: Person, qty: int, tier: int = 1, recipient: UUID | None = None) -> Response:
        wish = {"qty": qty, "tier": tier} | ({"recipientId": str(recipient)} if recipient else {})
        headers = {"Idempotency-Key": secrets.token_hex(8)}
        return await giver.ask("POST", f"{self.path}/gift-subs", json=wish, headers=headers)

    async def order(self, fan: Person, tier: int = 1) -> str:
        """The peer's session for a new subscription."""
        answer = await self.ask(fan, tier)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["url"]).rsplit("/", 1)[1]

    async def subscribe(self, fan: Person, tier: int = 1) -> str:
        """Paid: the peer's name of the subscription."""
        session = await self.order(fan, tier)
        self.peer.pay(session)
        await self.deliver_all()
        return str(self.peer.sessions[session]["subscription"])

    async def deliver(self, body: bytes) -> str:
        answer = await self.web.post(WEBHOOK, content=body, headers={"stripe-signature": events.sign(body)})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["outcome"])

    async def deliver_all(self, chance: random.Random | None = None) -> list[str]:
        """Everything the peer has to say; with a chance each twice, in no order."""
        waiting, self.peer.outbox = self.peer.outbox, []
        if chance is not None:
            waiting *= 2
            chance.shuffle(waiting)
        return [await self.deliver(body) for body in waiting]

    async def refund(self, intent: str, minor: int) -> None:
        """So much of a payment goes back, and the platform is told."""
        headers = {"authorization": "Bearer sk_test_x"}
        async with AsyncClient(base_url=self.peer.url, timeout=60, headers=headers) as stripe:
            answer = await stripe.post("/v1/refunds", data={"payment_intent": intent, "amount": str(minor)})
            assert answer.status_code == 200, answer.text
        await self.deliver_all()

    async def standing(self, fan: Person) -> dict[str, Any]:
        answer = await fan.ask("GET", f"{self.path}/subscription")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def state(self, fan: Person) -> str:
        return str((await self.standing(fan))["state"])

    async def earnings(self) -> dict[str, int]:
        return dict((await self.creator.ask("GET", "/api/payouts/earnings")).json())

    async def told(self) -> list[str]:
        """The kinds of all events of subscriptions to this channel, in the order of their transactions."""
        return [event["type"] for event in await self.events()]

    async def events(self) -> list[dict[str, Any]]:
        async with self.pool.connection() as db:
            found = await db.execute(
                "SELECT e FROM (SELECT seq, convert_from(payload, 'UTF8')::jsonb AS e FROM outbox) o "
                "WHERE e ->> 'creator_id' = %s AND e ->> 'type' LIKE 'sub.%%' ORDER BY seq",
                (str(self.creator.id),),
            )
            return [row[0] for row in await found.fetchall()]

    async def faults(self) -> list[str]:
        """What the audits find in the whole ledger."""
        every = " UNION ALL ".join(f"SELECT finding FROM ledger.{name} WHERE found <> 0" for name in AUDITS)
        async with self.pool.connection() as db:
            return [row[0] for row in await (await db.execute(every.encode())).fetchall()]

    async def age(self, days: int) -> None:
        """Let what is known of this channel, here and at the peer, be so many days older."""
        for known in self.peer.subscriptions.values():
            known.until -= days * 86_400
        async with self.pool.connection() as db:
            for table, columns in AGEING.items():
                moved = ", ".join(f"{column} = {column} - make_interval(days => %(days)s)" for column in columns)
                which = "invoice IN (SELECT invoice FROM channel_charges WHERE creator_id = %(creator)s)"
                where = which if table == "invoice_facts" else "creator_id = %(creator)s"
                await db.execute(
                    f"UPDATE {table} SET {moved} WHERE {where}".encode(), {"days": days, "creator": self.creator.id}
                )


AGEING = {
    "subscriptions": ("started_at", "renews_at", "due_at"),
    "channel_charges": ("credited_at",),
    "invoice_facts": ("period_start", "period_end"),
}
