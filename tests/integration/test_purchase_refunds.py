"""Money back for unspent tokens, by Stripe's own client against a peer: once, and only when the webhook says so."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient, Response

from livestreamx.engines.postgres import Pool
from tests.integration.people import Person, events_of, refusal
from tests.integration.test_payments import Shop, peer, pytestmark, shop, web  # noqa: F401
from tests.stripe_peer import events

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


async def refund_flags(admin: Person, buyer: Person) -> list[dict[str, Any]]:
    flags = (await admin.ask("GET", "/api/admin/flags?limit=100")).json()["items"]
    return [flag for flag in flags if flag["userId"] == str(buyer.id) and flag["kind"] == "refund_failed"]


async def test_a_refund_that_fails_after_all_is_shown_to_an_admin_once(shop: Shop, pool: Pool) -> None:  # noqa: F811
    admin = await Person.admin(shop.web, pool)
    intent, payment = await shop.buy()
    assert (await ask(shop, payment)).status_code == 202
    await shop.deliver_all()
    failed = events.failed_refund(f"re_{uuid4().hex}", intent, 649)
    told = [events.make_event(kind, failed) for kind in ("charge.refund.updated", "refund.failed", "refund.updated")]
    answers = await asyncio.gather(*(shop.deliver(body) for body in told * 2))
    assert sorted(answer.json()["outcome"] for answer in answers) == ["duplicate"] * 5 + ["settled"]
    (flag,) = await refund_flags(admin, shop.buyer)
    assert flag["subject"] == failed["id"]
    assert flag["evidence"]["payment"] == payment
    assert flag["evidence"]["minor"] == 649
    assert (await shop.wallet())["paid"] == 0
    assert await events_of(pool, shop.buyer.id, "fraud.flagged") == 1
    await admin.ask("POST", f"/api/admin/flags/{flag['id']}/resolve", json={"note": "sent by bank"})
    assert (await shop.deliver(told[0])).json() == {"outcome": "duplicate"}
    assert await refund_flags(admin, shop.buyer) == []


async def test_a_failed_refund_waits_for_its_payment_to_be_told_of(shop: Shop) -> None:  # noqa: F811
    session, payment = await shop.session()
    intent = shop.peer.pay(session)
    body = events.make_event("refund.failed", events.failed_refund(f"re_{uuid4().hex}", intent, 649))
    assert refusal(await shop.deliver(body)) == (404, "payment_not_found")  # so Stripe delivers it again
    await shop.deliver_all()
    assert (await shop.deliver(body)).json() == {"outcome": "settled"}
    pending = events.failed_refund(f"re_{uuid4().hex}", intent, 649) | {"status": "pending"}
    assert (await shop.deliver(events.make_event("refund.updated", pending))).json() == {"outcome": "ignored"}
    assert (await shop.receipt(payment))["state"] == "credited"


async def test_an_admin_gives_a_buyers_money_back(shop: Shop, pool: Pool) -> None:  # noqa: F811
    admin = await Person.admin(shop.web, pool)
    intent, payment = await shop.buy()
    path, body = f"/api/admin/payments/{payment}/refund", {"reason": "asked to"}
    assert refusal(await shop.buyer.ask("POST", path, json=body))[0] == 403
    answer = await admin.ask("POST", path, json=body)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["tokens"], answer.json()["minor"]) == (550, 649)
    assert shop.peer.charges[intent]["amount_refunded"] == 649
    await shop.deliver_all()
    assert (await shop.wallet())["paid"] == 0
    assert (await shop.receipt(payment))["state"] == "refunded"
    assert await events_of(pool, shop.buyer.id, "purchase.refund") == 1
    assert await events_of(pool, shop.buyer.id, "tokens.reversed") == 1
    log = (await admin.ask("GET", "/api/admin/audit?limit=100")).json()["items"]
    (entry,) = [one for one in log if one["subject"] == f"payment:{payment}"]
    assert (entry["action"], entry["after"]["reason"]) == ("purchase.refunded", "asked to")


async def test_what_admins_do_to_wallets_and_roles_is_told(shop: Shop, pool: Pool) -> None:  # noqa: F811
    admin = await Person.admin(shop.web, pool)
    user = f"/api/admin/users/{shop.buyer.id}"
    assert (await admin.ask("POST", f"{user}/lock", json={"reason": "asked to"})).is_success
    assert (await admin.ask("POST", f"{user}/unlock", json={})).is_success
    for method in ("PUT", "PUT", "DELETE", "DELETE"):
        assert (await admin.ask(method, f"{user}/roles/admin")).is_success
    for kind in ("wallet.locked", "wallet.unlocked", "role.granted", "role.revoked"):
        assert await events_of(pool, admin.id, kind) == 1, kind
