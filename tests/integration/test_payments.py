"""Buying tokens with Stripe's own client against a peer: from the pack to the wallet, and back out of it."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient, Response

from api.app import create_app
from domain.payments.checkout import Checkout
from livestreamx.engines.postgres import Pool
from livestreamx.settings import Settings
from tests.integration.conftest import served
from tests.integration.people import Person, events_of, refusal
from tests.stripe_peer import events
from tests.stripe_peer.app import serving
from tests.stripe_peer.peer import Peer

PACK = "tokens_550"
CHECKOUT = "/api/checkout/tokens"
WEBHOOK = "/api/webhooks/stripe"

# Stripe's client hands its form to httpx by the older of two names.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    with serving(Peer()) as peer:
        yield peer


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def web(settings: Settings, peer: Peer) -> AsyncIterator[AsyncClient]:
    """The API with payments on, and limits per address as in production."""
    on = msgspec.structs.replace(
        settings, stripe_key="sk_test_peer", stripe_webhook_secret=events.SECRET, stripe_api_base=peer.url
    )
    app = create_app(msgspec.structs.replace(on, rate_limits=False))
    async with served(app), AsyncClient(transport=ASGITransport(app), base_url="https://testserver") as client:
        yield client


class Shop:
    """A buyer, and the peer where they pay."""

    def __init__(self, web: AsyncClient, peer: Peer, buyer: Person) -> None:
        self.web, self.peer, self.buyer = web, peer, buyer

    async def order(self, pack: str = PACK, key: str = "") -> Response:
        headers = {"Idempotency-Key": key or secrets.token_hex(8)}
        return await self.buyer.ask("POST", CHECKOUT, json={"packId": pack}, headers=headers)

    async def session(self, pack: str = PACK) -> tuple[str, str]:
        """A new order: the peer's session, and our payment."""
        answer = await self.order(pack)
        assert answer.status_code == 201, answer.text
        return answer.json()["url"].rsplit("/", 1)[1], answer.json()["paymentId"]

    async def deliver(self, body: bytes, signature: str | None = None) -> Response:
        signed = events.sign(body) if signature is None else signature
        headers = {"stripe-signature": signed.encode("latin-1")}
        return await self.web.post(WEBHOOK, content=body, headers=headers)

    async def deliver_all(self) -> list[str]:
        """Everything the peer has to say; what the webhook made of each."""
        waiting, self.peer.outbox = self.peer.outbox, []
        answers = [await self.deliver(body) for body in waiting]
        assert {answer.status_code for answer in answers} <= {200}, [answer.text for answer in answers]
        return [answer.json()["outcome"] for answer in answers]

    async def buy(self, pack: str = PACK, card: str = "") -> tuple[str, str]:
        """A payment that went through: its intent, and its id."""
        session, payment = await self.session(pack)
        intent = self.peer.pay(session, card=card)
        await self.deliver_all()
        return intent, payment

    async def wallet(self) -> dict[str, Any]:
        answer = await self.buyer.ask("GET", "/api/wallet")
        return dict(answer.json())

    async def receipt(self, payment: str) -> dict[str, Any]:
        answer = await self.buyer.ask("GET", f"/api/wallet/receipts/{payment}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def send(self, stream: str, code: str, qty: int = 1) -> Response:
        return await self.buyer.ask(
            "POST",
            f"/api/streams/{stream}/gifts",
            json={"code": code, "qty": qty},
            headers={"Idempotency-Key": secrets.token_hex(8)},
        )


@pytest_asyncio.fixture(loop_scope="session")
async def shop(web: AsyncClient, peer: Peer) -> Shop:
    peer.outbox.clear()
    return Shop(web, peer, await Person.register(web))


async def test_packs_are_listed_with_what_they_cost(web: AsyncClient) -> None:
    packs = (await web.get("/api/packs")).json()["items"]
    assert [(pack["tokens"], pack["priceMinor"], pack["currency"]) for pack in packs] == [
        (100, 129, "usd"),
        (550, 649, "usd"),
        (1200, 1299, "usd"),
        (2500, 2499, "usd"),
    ]


async def test_tokens_come_when_stripe_says_that_they_were_paid(shop: Shop, pool: Pool) -> None:
    session, payment = await shop.session()
    assert shop.peer.sessions[session]["amount_total"] == 649
    assert (await shop.receipt(payment))["state"] == "created"
    shop.peer.pay(session)
    assert (await shop.wallet())["paid"] == 0
    assert await shop.deliver_all() == ["settled", "settled"]
    assert await shop.wallet() == {"tokens": 650, "paid": 550, "bonus": 100, "locked": False}
    receipt = await shop.receipt(payment)
    assert receipt | {"createdAt": "", "paidAt": ""} == {
        "id": payment,
        "packId": PACK,
        "tokens": 550,
        "priceMinor": 649,
        "refundedMinor": 0,
        "currency": "usd",
        "state": "credited",
        "credited": 550,
        "createdAt": "",
        "paidAt": "",
    }
    listed = (await shop.buyer.ask("GET", "/api/wallet/receipts")).json()
    assert [one["id"] for one in listed["items"]] == [payment]
    assert await events_of(pool, shop.buyer.id, "tokens.granted") == 2
    entries = (await shop.buyer.ask("GET", "/api/wallet/ledger")).json()["items"]
    assert [(entry["reason"], entry["delta"]) for entry in entries] == [("purchase", 550), ("signup", 100)]


async def test_a_delivery_that_comes_again_changes_nothing(shop: Shop) -> None:
    session, _ = await shop.session()
    shop.peer.pay(session)
    paid = shop.peer.outbox[0]
    again = await asyncio.gather(*(shop.deliver(paid) for _ in range(8)))
    assert sorted(answer.json()["outcome"] for answer in again) == ["duplicate"] * 7 + ["settled"]
    other = events.make_event("checkout.session.completed", shop.peer.sessions[session])
    assert (await shop.deliver(other)).json()["outcome"] == "settled"
    assert (await shop.wallet())["paid"] == 550


async def test_a_bank_may_take_its_time(shop: Shop) -> None:
    for paid, state, tokens in ((False, "failed", 0), (True, "credited", 550)):
        session, payment = await shop.session()
        shop.peer.pay(session, at_once=False)
        await shop.deliver_all()
        assert (await shop.receipt(payment))["state"] == "created"
        shop.peer.clear(session, paid=paid)
        await shop.deliver_all()
        assert (await shop.receipt(payment))["state"] == state
        assert (await shop.wallet())["paid"] == tokens
    session, payment = await shop.session()
    shop.peer.expire(session)
    await shop.deliver_all()
    assert (await shop.receipt(payment))["state"] == "failed"


async def refund(peer: Peer, intent: str, minor: int) -> None:
    async with AsyncClient(base_url=peer.url, timeout=60, headers={"authorization": "Bearer sk_test_x"}) as stripe:
        answer = await stripe.post("/v1/refunds", data={"payment_intent": intent, "amount": str(minor)})
        assert answer.status_code == 200, answer.text


async def test_a_refund_takes_back_what_is_there_and_leaves_a_debt_for_the_rest(shop: Shop, pool: Pool) -> None:
    creator = await Person.creator(shop.web)
    stream = await creator.go_live()
    intent, payment = await shop.buy("tokens_1200")
    await refund(shop.peer, intent, 433)  # a third
    await shop.deliver_all()
    assert (await shop.wallet())["paid"] == 800
    assert (await shop.send(stream, "ROCKET", 7)).status_code == 201  # 100 of bonus, 600 of paid
    await refund(shop.peer, intent, 866)
    await shop.deliver_all()
    assert await shop.wallet() == {"tokens": 0, "paid": 0, "bonus": 0, "locked": False}
    receipt = await shop.receipt(payment)
    assert (receipt["state"], receipt["credited"], receipt["refundedMinor"]) == ("refunded", 0, 1299)
    await shop.buy("tokens_550")
    assert (await shop.wallet())["paid"] == 0
    await shop.buy("tokens_100")
    assert (await shop.wallet())["paid"] == 50
    assert await events_of(pool, shop.buyer.id, "tokens.reversed") == 2


async def test_a_dispute_locks_the_wallet_until_it_is_won(shop: Shop) -> None:
    creator = await Person.creator(shop.web)
    stream = await creator.go_live()
    intent, payment = await shop.buy()
    other, second = await shop.buy("tokens_100")
    shop.peer.dispute(intent, "needs_response")
    shop.peer.dispute(other, "needs_response")
    await shop.deliver_all()
    assert await shop.wallet() == {"tokens": 750, "paid": 650, "bonus": 100, "locked": True}
    refused = await shop.send(stream, "HEART")
    assert refusal(refused) == (423, "wallet_locked")
    assert refused.json()["reason"] == "dispute"
    assert set(refused.json()["purchases"]) == {payment, second}
    assert payment in refused.json()["detail"]
    assert (await shop.receipt(payment))["state"] == "disputed"
    shop.peer.dispute(intent, "won")
    await shop.deliver_all()
    assert (await shop.wallet())["locked"]
    shop.peer.dispute(other, "won")
    await shop.deliver_all()
    assert (await shop.send(stream, "HEART")).status_code == 201
    shop.peer.dispute(intent, "needs_response")  # told late, once more: it was won all the same
    await shop.deliver_all()
    assert not (await shop.wallet())["locked"]
    assert (await shop.receipt(payment))["state"] == "credited"


async def test_what_is_not_the_price_is_not_credited(shop: Shop, web: AsyncClient, pool: Pool) -> None:
    admin = await Person.admin(web, pool)
    for minor, currency in ((648, "usd"), (649, "jpy")):
        session, payment = await shop.session()
        wrong = events.session(payment, f"pi_{secrets.token_hex(8)}", minor, paid=True, currency=currency)
        answer = await shop.deliver(events.make_event("checkout.session.completed", wrong))
        assert answer.json() == {"outcome": "amount_mismatch"}
        assert (await shop.receipt(payment))["state"] == "paid"
    shop.peer.pay(session)
    assert "second_payment" in await shop.deliver_all()
    assert (await shop.wallet())["paid"] == 0
    flags = (await admin.ask("GET", "/api/admin/flags?limit=100")).json()["items"]
    own = {flag["kind"] for flag in flags if flag["userId"] == str(shop.buyer.id)}
    assert own == {"amount_mismatch", "second_payment"}


async def test_only_what_stripe_signed_just_now_is_believed(shop: Shop) -> None:
    session, _ = await shop.session()
    shop.peer.pay(session)
    body = shop.peer.outbox[0]
    for signature in (
        "",
        "t=1,v1=00",
        "nonsense",
        "t=9,v1=\u00e9",
        events.sign(body, "whsec_of_another"),
        events.sign(body, at=int(time.time()) - 301),
    ):
        assert refusal(await shop.deliver(body, signature)) == (400, "bad_signature"), signature
    assert refusal(await shop.deliver(body + b" ", events.sign(body))) == (400, "bad_signature")
    assert refusal(await shop.deliver(b"\xff\xfe", events.sign(b"x"))) == (400, "bad_signature")
    assert refusal(await shop.deliver(b"[]")) == (422, "bad_event")
    assert refusal(await shop.deliver(b"[" * 5000)) == (422, "bad_event")
    unknown = events.make_event("customer.created", {"id": "cus_1", "object": "customer"})
    assert (await shop.deliver(unknown)).json() == {"outcome": "ignored"}
    assert (await shop.wallet())["paid"] == 0
    assert (await shop.deliver(body)).json() == {"outcome": "settled"}
    assert (await shop.wallet())["paid"] == 550


async def test_one_order_a_key_whatever_the_service_does(shop: Shop) -> None:
    shop.peer.faults.extend(["500", "lost"])
    first = await shop.order(key="k")
    assert first.status_code == 201, first.text
    assert (await shop.order(key="k")).json() == first.json()
    assert refusal(await shop.order("tokens_100", key="k")) == (409, "idempotency_key_reused")
    mine = [one for one in shop.peer.sessions.values() if one["client_reference_id"] == first.json()["paymentId"]]
    assert len(mine) == 1
    shop.peer.faults.extend(["500"] * 3)
    assert refusal(await shop.order(key="l")) == (503, "checkout_failed")
    assert (await shop.order(key="l")).status_code == 201
    assert refusal(await shop.order("tokens_7")) == (404, "unknown_pack")


async def test_a_service_that_hangs_is_not_waited_for(shop: Shop, pool: Pool) -> None:
    from domain.payments import service
    from domain.payments.model import CheckoutFailed

    hasty = Checkout("sk_test_x", events.SECRET, api_base=shop.peer.url, seconds=0.2)
    shop.peer.faults.extend(["hang"] * 3)
    with pytest.raises(CheckoutFailed):
        await service.buy(pool, hasty, user_id=shop.buyer.id, pack_id=PACK, idempotency_key="h", site="http://x")
    patient = Checkout("sk_test_x", events.SECRET, api_base=shop.peer.url)
    _, url = await service.buy(pool, patient, user_id=shop.buyer.id, pack_id=PACK, idempotency_key="h", site="http://x")
    assert url.startswith(shop.peer.url)
    await hasty.aclose()
    await patient.aclose()


async def test_racing_orders_under_one_key_are_one(shop: Shop) -> None:
    answers = await asyncio.gather(*(shop.order(key="once") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["paymentId"] for answer in answers}) == 1
    assert len({answer.json()["url"] for answer in answers}) == 1


async def test_receipts_are_their_owners_only(shop: Shop, web: AsyncClient) -> None:
    _, payment = await shop.buy()
    other = await Person.register(web)
    assert refusal(await other.ask("GET", f"/api/wallet/receipts/{payment}")) == (404, "payment_not_found")
    for _ in range(2):
        await shop.session()
    seen, cursor = [], ""
    while cursor is not None:
        page = (await shop.buyer.ask("GET", f"/api/wallet/receipts?limit=1{cursor and f'&cursor={cursor}'}")).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["nextCursor"]
    assert len(seen) == len(set(seen)) == 3
    assert seen[-1] == payment


async def test_one_card_in_two_accounts_is_flagged(shop: Shop, web: AsyncClient, pool: Pool) -> None:
    admin = await Person.admin(web, pool)
    card = f"fp_{secrets.token_hex(8)}"
    await shop.buy(card=card)
    await shop.buy(card=card)
    other = Shop(web, shop.peer, await Person.register(web))
    await other.buy(card=card)
    await other.buy(card=card)
    flags = (await admin.ask("GET", "/api/admin/flags?limit=100")).json()["items"]
    shared = [flag for flag in flags if flag["subject"] == card]
    assert {flag["userId"] for flag in shared} == {str(shop.buyer.id), str(other.buyer.id)}
    assert len(shared) == 2
    assert (await other.wallet())["paid"] == 1100


async def test_an_admin_unlocks_a_disputed_wallet_for_good(shop: Shop, web: AsyncClient, pool: Pool) -> None:
    admin = await Person.admin(web, pool)
    intent, _ = await shop.buy()
    shop.peer.dispute(intent, "needs_response")
    await shop.deliver_all()
    flags = (await admin.ask("GET", "/api/admin/flags?limit=100")).json()["items"]
    (flag,) = [flag for flag in flags if flag["userId"] == str(shop.buyer.id)]
    assert (flag["kind"], flag["walletLocked"]) == ("dispute", True)
    decision = {"note": "The bank erred", "unlockWallet": True}
    assert (await admin.ask("POST", f"/api/admin/flags/{flag['id']}/resolve", json=decision)).status_code == 200
    assert not (await shop.wallet())["locked"]
    shop.peer.dispute(intent, "lost")
    await shop.deliver_all()
    assert await shop.wallet() == {"tokens": 100, "paid": 0, "bonus": 100, "locked": False}


async def test_without_keys_payments_are_off(api: AsyncClient) -> None:
    buyer = await Person.register(api)
    answer = await buyer.ask("POST", CHECKOUT, json={"packId": PACK}, headers={"Idempotency-Key": "k"})
    assert refusal(answer) == (503, "payments_off")
    assert refusal(await api.post(WEBHOOK, content=b"{}")) == (503, "payments_off")
    assert len((await api.get("/api/packs")).json()["items"]) == 4
