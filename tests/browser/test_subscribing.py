"""Subscribing as a person does: a tier in a dialog, a page of the payment service, and the way out again."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from livestreamx.settings import Settings
from tests.browser.guests import Guest, NewGuest
from tests.browser.inspection import inspect
from tests.builders import go_live
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
def platform_with_payments(settings: Settings, peer: Peer) -> Iterator[str]:
    keys = {
        "LSX_STRIPE_KEY": "sk_test_peer",
        "LSX_STRIPE_WEBHOOK_SECRET": events.SECRET,
        "LSX_STRIPE_API_BASE": peer.url,
    }
    with api_process(settings, **keys) as (url, _):
        peer.webhook_url = f"{url}/api/webhooks/stripe"
        yield url.replace("127.0.0.1", "localhost")


@pytest_asyncio.fixture(loop_scope="session")
async def show(platform_with_payments: str) -> tuple[str, str]:
    """A live stream: its path, and who shows it."""
    async with httpx.AsyncClient(base_url=platform_with_payments, timeout=60) as client:
        creator, stream = await go_live(client)
    return f"/w/{stream}", creator.handle


@pytest_asyncio.fixture(loop_scope="session")
async def fan(chromium: Browser, platform_with_payments: str, peer: Peer) -> AsyncIterator[Arrive]:
    """Makes people with browsers of their own who have joined."""
    fans: list[Guest] = []

    async def arrive(path: str = "/", **options: object) -> Guest:
        context = await chromium.new_context(**{"viewport": {"width": 1280, "height": 1000}, **options})  # type: ignore[arg-type]
        fans.append(one := await Guest.arrive(context, platform_with_payments))
        one.other_sites.add(urlsplit(peer.url).netloc)
        await one.join(f"fan_{secrets.token_hex(4)}", path)
        return one

    yield arrive
    for one in fans:
        await one.context.close()
    problems = [problem for one in fans for problem in one.problems]
    assert not problems, problems


async def test_a_tier_is_chosen_by_keyboard_paid_and_canceled(fan: Arrive, show: tuple[str, str]) -> None:
    path, creator = show
    ada = await fan(path)
    page = ada.page
    await ada.tab_to("#subscribe")
    await page.keyboard.press("Enter")
    dialog = page.locator("#subscribe-dialog")
    await expect(dialog.get_by_role("heading")).to_have_text(f"Subscribe to {creator}")
    assert await inspect(page) == []
    await page.keyboard.press("Escape")
    await expect(page.locator("#subscribe")).to_be_focused()
    await page.keyboard.press("Enter")
    await ada.tab_to("#subscribe-dialog [name=tier]")
    await page.keyboard.press("ArrowRight")
    await expect(dialog.locator("[name=tier]:checked")).to_have_value("2")
    await dialog.get_by_role("button", name="Continue to payment").press("Enter")
    await expect(page.locator("h1")).to_contain_text(f"Subscription to {creator}, tier 2: 999 usd")
    await page.get_by_role("button", name="Pay", exact=True).click()
    await page.wait_for_url("**/wallet/subscriptions")
    mine = page.locator("#subscriptions li")
    await expect(mine).to_contain_text("Active")
    await expect(mine).to_contain_text("Renews on")
    assert await inspect(page) == []
    await ada.open(path)
    await expect(page.locator("#subscribe")).to_have_text("Subscribed")
    await page.locator("#subscribe").click()
    await expect(dialog).to_contain_text("It is renewed on")
    assert await inspect(page) == []
    await dialog.get_by_role("link", name="Manage").click()
    await mine.get_by_role("button", name="Cancel").click()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel it").click()
    await expect(mine).to_contain_text("Canceled")
    await expect(mine).to_contain_text("Lasts until")
    await ada.open(f"/u/{creator}")
    await page.locator("#subscribe").click()
    await expect(page.locator("#subscribe-dialog")).to_contain_text("is not renewed")


async def test_who_does_not_pay_finds_the_order_again(fan: Arrive, show: tuple[str, str]) -> None:
    path, creator = show
    page = (await fan(f"/u/{creator}")).page
    await page.locator("#subscribe").click()
    await page.locator("#subscribe-dialog").get_by_role("button", name="Continue to payment").click()
    await page.wait_for_url("**/pay/*")
    await page.get_by_role("link", name="Cancel").click()
    await expect(page.locator("main")).to_contain_text("nothing was charged")
    await expect(page.get_by_role("link", name="Pay it")).to_be_visible()
    assert await inspect(page) == []
    await page.goto(page.url.split("/wallet")[0] + path)
    await expect(page.locator("#subscribe")).to_have_text("Finish subscribing")
    await page.goto(page.url.split("/w/")[0] + "/wallet/subscriptions")
    await page.get_by_role("button", name="Give it up").click()
    await page.get_by_role("dialog").get_by_role("button", name="Give it up").click()
    await expect(page.locator("main")).to_contain_text("You subscribe to nobody")


async def test_subscriptions_are_given_to_others(fan: Arrive, show: tuple[str, str]) -> None:
    path, creator = show
    page = (await fan(path)).page
    await page.locator("#subscribe").click()
    await page.get_by_role("button", name="Give some to others").click()
    dialog = page.locator("#gift-subs-dialog")
    await expect(dialog.locator("[data-total]")).to_have_text("Total: $24.95 for 5 subscriptions.")
    await dialog.get_by_text("10", exact=True).click()
    await expect(dialog.locator("[data-total]")).to_have_text("Total: $49.90 for 10 subscriptions.")
    assert await inspect(page) == []
    await dialog.get_by_label("For one person").fill("nobody_of_this_name")
    await expect(dialog.locator("[data-total]")).to_have_text("Total: $4.99 for one subscription.")
    await dialog.get_by_role("button", name="Continue to payment").click()
    await expect(dialog.locator("[data-problem]")).not_to_be_empty()
    await dialog.get_by_label("For one person").fill("")
    await dialog.get_by_role("button", name="Continue to payment").click()
    await expect(page.locator("h1")).to_contain_text(f"Subscription to {creator} for others, tier 1: 4990 usd")
    await page.get_by_role("button", name="Pay", exact=True).click()
    await page.wait_for_url("**/wallet/subscriptions")
    await page.reload()
    await expect(page.get_by_role("region", name="Gifts that you gave")).to_contain_text("0 of 10")
    assert await inspect(page) == []


async def test_without_keys_nobody_is_led_to_a_payment(guest: NewGuest, http: httpx.AsyncClient) -> None:
    _, stream = await go_live(http)
    one = await guest()
    await one.join(f"fan_{secrets.token_hex(4)}", f"/w/{stream}")
    await one.page.locator("#subscribe").click()
    await expect(one.page.locator("#subscribe-dialog")).to_contain_text("Payments are off")
    await expect(one.page.get_by_role("button", name="Continue to payment")).to_have_count(0)
