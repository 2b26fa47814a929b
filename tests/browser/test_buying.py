"""Buying tokens as a person does: choosing a pack, paying at a peer of Stripe, coming back to what happened."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from livestreamx.engines.postgres import Pool
from livestreamx.settings import Settings
from tests.browser.guests import Guest, NewGuest
from tests.browser.inspection import inspect
from tests.integration.served import api_process
from tests.stripe_peer import events
from tests.stripe_peer.app import serving
from tests.stripe_peer.peer import Peer

Arrive = Callable[..., Awaitable[Guest]]


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    with serving(Peer()) as peer:
        yield peer


@pytest.fixture(scope="module")
def shop(settings: Settings, peer: Peer) -> Iterator[str]:
    """The address of a platform where payments are on."""
    keys = {
        "LSX_STRIPE_KEY": "sk_test_peer",
        "LSX_STRIPE_WEBHOOK_SECRET": events.SECRET,
        "LSX_STRIPE_API_BASE": peer.url,
    }
    with api_process(settings, **keys) as (url, _):
        peer.webhook_url = f"{url}/api/webhooks/stripe"
        yield url.replace("127.0.0.1", "localhost")  # where the platform lets buyers come back to


@pytest_asyncio.fixture(loop_scope="session")
async def buyer(chromium: Browser, shop: str, peer: Peer) -> AsyncIterator[Arrive]:
    """Makes people with browsers of their own who have joined and look at their wallets."""
    buyers: list[Guest] = []

    async def arrive(**options: object) -> Guest:
        context = await chromium.new_context(**{"viewport": {"width": 1200, "height": 1000}, **options})  # type: ignore[arg-type]
        buyers.append(one := await Guest.arrive(context, shop))
        one.other_sites.add(urlsplit(peer.url).netloc)
        await one.join(f"buyer_{secrets.token_hex(4)}", "/wallet")
        return one

    yield arrive
    for one in buyers:
        await one.context.close()
    problems = [problem for one in buyers for problem in one.problems]
    assert not problems, problems


async def choose(one: Guest, tokens: int) -> str:
    """Pick a pack and go to where it is paid; the session there."""
    await one.page.locator(".pack", has_text=str(tokens)).first.click()
    await one.page.get_by_role("button", name="Continue to payment").click()
    await one.page.wait_for_url("**/pay/*")
    return one.page.url.rsplit("/", 1)[1]


async def test_a_pack_is_bought_and_the_balance_moves(buyer: Arrive) -> None:
    page = (await buyer()).page
    await page.locator(".pack", has_text="550").click()
    await expect(page.locator("[data-total]")).to_contain_text("Total: $6.49 for 550 tokens")
    assert await inspect(page) == []
    await page.get_by_role("button", name="Continue to payment").click()
    await expect(page.locator("h1")).to_contain_text("550 tokens: 649 usd")
    await page.get_by_role("button", name="Pay", exact=True).click()
    await expect(page.locator("h1")).to_have_text("Receipt")
    await expect(page.locator(".lines .sum")).to_contain_text("$6.49")
    assert await inspect(page) == []
    await page.get_by_role("link", name="To the wallet").click()
    await expect(page.locator(".whole [data-balance]")).to_have_text("650")
    await expect(page.locator("[data-paid]")).to_have_text("550")
    await expect(page.locator(".bills tbody tr")).to_contain_text("Paid")
    assert await inspect(page) == []
    await page.get_by_role("link", name="Receipt for 550 tokens").click()
    await expect(page.locator("h1")).to_have_text("Receipt")


async def test_the_keyboard_alone_is_enough_to_pay_and_to_ask_for_the_money_back(buyer: Arrive) -> None:
    ada = await buyer()
    page = ada.page
    await ada.tab_to("input[name=pack]")
    await page.keyboard.press("Space")
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("[data-total]")).to_contain_text("for 550 tokens")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Continue to payment")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/pay/*")
    await page.get_by_role("button", name="Pay", exact=True).press("Enter")  # the page of the payment service
    await expect(page.locator("h1")).to_have_text("Receipt")
    await ada.tab_to("[data-action=refund]")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-refund-says]")).to_contain_text("550 tokens left your wallet, and $6.49")
    await ada.open("/wallet?kind=purchases")
    await expect(page.locator(".whole [data-balance]")).to_have_text("100")
    await expect(page.locator(".balances")).to_contain_text("Set aside")
    await expect(page.locator("#history-title ~ .history tbody tr")).to_have_count(2)


async def test_an_exclusive_pack_is_bought_and_owned(buyer: Arrive, pool: Pool) -> None:
    ada = await buyer()
    name = f"Winter {secrets.token_hex(3)}"
    async with pool.connection() as db:
        await db.execute(
            "WITH made AS (INSERT INTO exclusive_packs (name, price_tokens, stock, starts_at, ends_at) "
            "VALUES (%s, 40, 1, now(), now() + interval '1 hour') RETURNING id) "
            "INSERT INTO exclusive_pack_items SELECT id, 'snow_crown', 1 FROM made",
            (name,),
        )
    page = await ada.open("/wallet")
    pack = page.locator("[data-pack]", has_text=name)
    await pack.get_by_role("button").click()
    await page.get_by_role("dialog").get_by_role("button", name="Buy it").click()
    await expect(page.locator("[data-pack-says]")).to_have_text(f"{name} is yours.")
    await expect(pack.locator("[data-stock]")).to_have_text("0")
    await expect(page.locator(".whole [data-balance]")).to_have_text("60")
    await pack.get_by_role("button").click()
    await page.get_by_role("dialog").get_by_role("button", name="Buy it").click()
    await expect(page.locator("[data-pack-says]")).to_contain_text("sold out")
    page = await ada.open("/wallet")
    await expect(page.get_by_text("snow crown × 1")).to_be_visible()


async def test_a_late_bank_is_waited_for(buyer: Arrive, peer: Peer) -> None:
    ada = await buyer()
    page = ada.page
    session = await choose(ada, 1200)
    await page.get_by_role("button", name="Pay by bank").click()
    await expect(page.locator("h1")).to_have_text("Waiting for your payment")
    assert await inspect(page) == []
    peer.clear(session, paid=True)
    await peer.post()
    await expect(page.locator("h1")).to_have_text("Receipt")
    await expect(page.locator("[data-balance]").first).to_have_text("1300")


async def test_who_cancels_or_is_refused_reads_that_nothing_was_charged(buyer: Arrive, peer: Peer) -> None:
    ada = await buyer()
    page = ada.page
    session = await choose(ada, 100)
    await page.get_by_role("link", name="Cancel").click()
    await expect(page.locator("h1")).to_have_text("You did not pay")
    await expect(page.locator("main")).to_contain_text("Nothing was charged")
    assert await inspect(page) == []
    peer.expire(session)
    await peer.post()
    await page.reload()
    await expect(page.locator("h1")).to_have_text("The payment did not go through")
    await page.get_by_role("link", name="Choose a pack").click()
    await expect(page.locator(".bills tbody tr")).to_contain_text("Not paid")


async def test_a_dispute_is_told_where_the_balance_is(buyer: Arrive, peer: Peer) -> None:
    ada = await buyer()
    session = await choose(ada, 100)
    await ada.page.get_by_role("button", name="Pay", exact=True).click()
    await expect(ada.page.locator("h1")).to_have_text("Receipt")
    peer.dispute(peer.sessions[session]["payment_intent"], "needs_response")
    await peer.post()
    page = await ada.open("/wallet")
    await expect(page.locator(".notice.bad").first).to_contain_text("Your bank disputes a payment of yours")
    await expect(page.locator(".bills tbody tr")).to_contain_text("Disputed")
    assert await inspect(page) == []


async def test_a_service_that_is_down_says_so_and_the_next_try_works(buyer: Arrive, peer: Peer) -> None:
    ada = await buyer()
    peer.faults.extend(["500"] * 3)
    await ada.page.locator(".pack", has_text="100").first.click()
    await ada.page.get_by_role("button", name="Continue to payment").click()
    await expect(ada.page.get_by_role("alert")).to_contain_text("nothing was charged")
    ada.problems.clear()  # the 503 was what this is about
    await ada.page.get_by_role("button", name="Continue to payment").click()
    await expect(ada.page.locator("h1")).to_contain_text("100 tokens: 129 usd")


async def test_without_keys_the_page_says_that_payments_are_off(guest: NewGuest) -> None:
    ada = await guest()
    await ada.join(f"ada_{secrets.token_hex(4)}", "/wallet")
    await expect(ada.page.locator("main")).to_contain_text("Payments are off")
    await expect(ada.page.locator(".pack")).to_have_count(0)


async def test_an_admin_unlocks_a_disputed_wallet(buyer: Arrive, peer: Peer, pool: Pool) -> None:
    ada, admin = await buyer(), await buyer()
    session = await choose(ada, 100)
    await ada.page.get_by_role("button", name="Pay", exact=True).click()
    await expect(ada.page.locator("h1")).to_have_text("Receipt")
    peer.dispute(peer.sessions[session]["payment_intent"], "needs_response")
    await peer.post()
    handles = [str(await one.page.locator("body").get_attribute("data-viewer")) for one in (ada, admin)]
    async with pool.connection() as db:
        await db.execute("UPDATE users SET roles = roles || 'admin'::text WHERE handle = %s", (handles[1],))
    await admin.context.clear_cookies(name="__Host-access")
    page = await admin.open("/admin")
    flag = page.locator(".flag", has_text=handles[0])
    await expect(flag).to_contain_text("The bank disputes a payment")
    await flag.get_by_label("What did you decide").fill("The bank erred")
    await flag.get_by_label("Unlock the wallet").check()
    await flag.get_by_role("button", name="Resolve").click()
    await expect(flag).to_have_count(0)
    page = await ada.open("/wallet")
    await expect(page.get_by_text("This wallet is locked")).to_have_count(0)
