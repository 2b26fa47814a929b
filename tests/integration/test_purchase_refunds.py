"""Money back for unspent tokens, by Stripe's own client against a peer: once, and only when the webhook says so."""

import asyncio
from uuid import uuid4

import pytest
from httpx import AsyncClient, Response

from livestreamx.engines.postgres import Pool
from tests.integration.people import Person, events_of, refusal
from tests.integration.test_payments import Shop, peer, pytestmark, shop, web  # noqa: F401

REFUNDS = "/api/wallet/purchases/{}/refund"


async def ask(shop: Shop, payment: str) -> Response:  # noqa: F811
    return await shop.buyer.ask("POST", REFUNDS.format(payment))


async def test_unspent_tokens_go_and_the_money_comes_when_stripe_says_so(shop: Shop, pool: Pool) -> None:  # noqa: F811
    creator = await Person.creator(shop.web)
    stream = await creator.go_live()
    intent, payment = await shop.buy("tokens_1200")
    assert (await shop.send(stream, "ROCKET", 4)).status_code == 201  # 100 of bonus, 300 of paid
    first = await ask(shop, payment)
    assert first.status_code == 202, first.text
    assert first.json() | {"id": ""} == {
        "id": "",
        "paymentId": payment,
        "tokens": 900,
        "minor": 974,  # what 300 tokens cost, rounded up to a cent, stays
        "currency": "usd",
    }
    assert (await shop.wallet())["paid"] == 0
    assert (await shop.receipt(payment))["refundedMinor"] == 0
    again = await asyncio.gather(*(ask(shop, payment) for _ in range(4)))
    assert {answer.text for answer in again} == {first.text}
    assert shop.peer.charges[intent]["amount_refunded"] == 974
    await shop.deliver_all()
    receipt = await shop.receipt(payment)
    assert (receipt["state"], receipt["credited"], receipt["refundedMinor"]) == ("credited", 300, 974)
    assert (await shop.wallet())["paid"] == 0
    assert refusal(await ask(shop, payment)) == (409, "tokens_spent")
    assert await events_of(pool, shop.buyer.id, "purchase.refund") == 1
    assert await events_of(pool, shop.buyer.id, "tokens.reversed") == 1


async def test_a_refund_that_stripe_does_not_answer_is_asked_again(shop: Shop) -> None:  # noqa: F811
    intent, payment = await shop.buy()
    shop.peer.faults.extend(["500", "lost", "500"])
    assert refusal(await ask(shop, payment)) == (503, "refund_unanswered")
    assert (await shop.wallet())["paid"] == 0
    assert (await ask(shop, payment)).json()["minor"] == 649
    assert shop.peer.charges[intent]["amount_refunded"] == 649
    await shop.deliver_all()
    assert (await shop.receipt(payment))["state"] == "refunded"
    assert refusal(await ask(shop, payment)) == (409, "purchase_not_credited")


async def test_a_refund_that_stripe_refuses_gives_the_tokens_back(shop: Shop, pool: Pool) -> None:  # noqa: F811
    intent, payment = await shop.buy()
    shop.peer.charges[intent]["amount_refunded"] = 649  # by hand at Stripe, whose word is still on its way
    assert refusal(await ask(shop, payment)) == (409, "refund_refused")
    assert (await shop.wallet())["paid"] == 550
    assert await events_of(pool, shop.buyer.id, "purchase.refund") == 2
    shop.peer.tell("charge.refunded", shop.peer.charges[intent])
    await shop.deliver_all()
    assert (await shop.wallet())["paid"] == 0


async def test_only_ones_own_purchases_in_time_and_unlocked(shop: Shop, web: AsyncClient, pool: Pool) -> None:  # noqa: F811
    intent, payment = await shop.buy()
    other = await Person.register(web)
    assert refusal(await other.ask("POST", REFUNDS.format(payment))) == (404, "payment_not_found")
    assert refusal(await ask(shop, str(uuid4()))) == (404, "payment_not_found")
    async with pool.connection() as db:
        await db.execute("UPDATE payments SET paid_at = now() - interval '15 days' WHERE id = %s", (payment,))
    assert refusal(await ask(shop, payment)) == (409, "refund_too_late")
    _, young = await shop.buy()
    shop.peer.dispute(intent, "needs_response")
    await shop.deliver_all()
    refused = await ask(shop, young)
    assert refusal(refused) == (423, "wallet_locked")
    assert refused.json()["purchases"] == [payment]
    assert refusal(await ask(shop, payment)) == (409, "purchase_not_credited")


@pytest.mark.parametrize("ending", ["lost", "won"])
async def test_creators_are_told_what_a_dispute_holds_and_takes(shop: Shop, pool: Pool, ending: str) -> None:  # noqa: F811
    creator = await Person.creator(shop.web)
    stream = await creator.go_live()
    intent, _ = await shop.buy()
    assert (await shop.send(stream, "ROCKET", 2)).status_code == 201  # 100 of bonus, 100 of paid
    shop.peer.dispute(intent, "needs_response")
    await shop.deliver_all()
    earned = (await creator.ask("GET", "/api/payouts/earnings")).json()
    assert (earned["pending"], earned["contested"]) == (0, 70)
    shop.peer.dispute(intent, ending)
    await shop.deliver_all()
    earned = (await creator.ask("GET", "/api/payouts/earnings")).json()
    assert (earned["pending"], earned["contested"]) == (0 if ending == "lost" else 70, 0)
    assert await events_of(pool, creator.id, "earnings.contested") == (3 if ending == "lost" else 2)
