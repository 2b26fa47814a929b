"""What admins decide, on their page: money back, payouts, wallets, and records that lay aside."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from redis.asyncio import Redis as AsyncRedis

from domain.economy import returns
from domain.economy import service as economy
from domain.economy.model import GiftOrder
from livestreamx.client import Account
from livestreamx.clock import now, uuid7
from livestreamx.engines.clickhouse import connect_plain
from livestreamx.engines.postgres import Pool, transaction
from livestreamx.events import ReactionSent, encode
from livestreamx.settings import Settings
from tests.browser.conftest import WIDE
from tests.browser.guests import Guest
from tests.builders import go_live, make_creator, make_user
from tests.integration.served import api_process
from tests.integration.test_dead_letters import set_aside


@pytest.fixture(scope="module")
def office(settings: Settings) -> Iterator[str]:
    """The address of the API and pages on the engines of the test."""
    with api_process(settings) as (url, _):
        yield url.replace("127.0.0.1", "localhost")


@pytest_asyncio.fixture(loop_scope="session")
async def web(office: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=office, timeout=60) as client:
        yield client


@asynccontextmanager
async def an_admin(chromium: Browser, office: str, pool: Pool, **options: object) -> AsyncIterator[Guest]:
    """An admin with a browser; what goes wrong on their pages fails the test."""
    context = await chromium.new_context(**{"viewport": WIDE, "service_workers": "block", **options})  # type: ignore[arg-type]
    admin, handle = await Guest.arrive(context, office), f"admin_{secrets.token_hex(4)}"
    await admin.join(handle)
    async with pool.connection() as db:
        await db.execute("UPDATE users SET roles = roles || 'admin'::text WHERE handle = %s", (handle,))
    await context.clear_cookies(name="__Host-access")
    page = await admin.open("/admin?show=audit")
    await expect(page.get_by_role("heading", name="Audit log", level=1)).to_be_visible()
    yield admin
    await context.close()
    assert not admin.problems, admin.problems


async def balance(one: Account) -> int:
    return int((await one.call("GET", "/api/wallet"))["tokens"])


async def choose(page: Page, name: str) -> None:
    await page.locator("#queue li").first.get_by_role("button", name=name).click()


async def test_a_gift_is_taken_back_after_a_question(
    chromium: Browser, office: str, pool: Pool, web: httpx.AsyncClient
) -> None:
    creator, stream = await go_live(web)
    fan = await make_user(web, "fan")
    await fan.call("POST", f"/api/streams/{stream}/gifts", {"code": "HEART"}, idempotency_key="once")
    assert await balance(fan) == 95
    async with an_admin(chromium, office, pool) as admin:
        page = await admin.open("/admin?show=refunds")
        await page.get_by_label("Whose, or which").fill(fan.handle)
        await page.get_by_role("button", name="Search", exact=True).click()
        row = page.locator("#queue li")
        await expect(row).to_contain_text(f"{fan.handle} gave {creator.handle} 1 × HEART for 5 tokens")
        await row.get_by_role("textbox").fill("A stolen card")
        await choose(page, "Refund")
        question = page.get_by_role("dialog", name=f"Give {fan.handle} 5 tokens back?")
        await expect(question).to_contain_text(f"{creator.handle} loses")
        await page.keyboard.press("Escape")
        assert await balance(fan) == 95
        await choose(page, "Refund")
        await question.get_by_role("button", name="Refund").click()
        await expect(row.locator(".chip")).to_have_text("refunded")
        assert await balance(fan) == 100
        await admin.open("/admin?show=audit&action=gift.refunded")
        await page.locator("#queue summary").first.click()
        await expect(page.locator("#queue li").first).to_contain_text("A stolen card")


async def test_a_payout_is_reviewed_step_by_step(
    chromium: Browser, office: str, pool: Pool, redis: AsyncRedis, web: httpx.AsyncClient
) -> None:
    creator, stream = await go_live(web)
    fan = await make_user(web, "fan")
    async with transaction(pool) as db:
        await economy.grant(db, UUID(fan.user_id), 10_000, "purchase")
    for qty in (1, 50):  # the welcome tokens go first, and earn nothing
        order = GiftOrder(
            sender=UUID(fan.user_id),
            handle=fan.handle,
            stream_id=UUID(stream),
            code="ROCKET",
            qty=qty,
            idempotency_key=str(qty),
        )
        await economy.send_gift(pool, redis, order)
    await returns.mature_earnings(pool, now() + timedelta(days=15))
    await creator.call("POST", "/api/payouts", {"amountMinor": 2500}, idempotency_key="first")
    async with an_admin(chromium, office, pool) as admin:
        page = await admin.open("/admin?show=payouts")
        row = page.locator("#queue li", has_text=creator.handle)
        await expect(row).to_contain_text("25.00 USD")
        for button, state in (("Take into review", "review"), ("Approve", "approved"), ("Reject", "rejected")):
            await row.get_by_role("textbox").fill("Looked at")
            await row.get_by_role("button", name=button).click()
            await expect(row.locator(".chip")).to_have_text(state)
        await expect(row.get_by_role("button")).to_have_count(0)
    assert (await creator.call("GET", "/api/payouts/earnings"))["available"] == 3500


async def test_a_wallet_is_locked_and_opened_again(
    chromium: Browser, office: str, pool: Pool, web: httpx.AsyncClient
) -> None:
    fan = await make_user(web, "fan")
    async with an_admin(chromium, office, pool) as admin:
        page = await admin.open(f"/admin?show=people&q={fan.handle[:-1]}")
        row = page.locator("#queue li", has_text=fan.handle)
        await row.get_by_role("textbox").fill("The bank asked")
        await row.get_by_role("button", name="Lock wallet", exact=True).click()
        await expect(row).to_contain_text("locked: The bank asked")
        await row.get_by_role("button", name="Unlock wallet").click()
        await page.get_by_role("dialog").get_by_role("button", name="Unlock wallet").click()
        await expect(row.get_by_role("button", name="Lock wallet", exact=True)).to_be_visible()
        me = await admin.page.locator("body").get_attribute("data-viewer")
        await admin.open(f"/admin?show=audit&actor={me}")
        await expect(page.locator("#queue li")).to_have_count(2)
        await expect(page.locator("#queue li").first).to_contain_text("wallet.unlocked")


async def test_a_record_that_can_be_read_now_goes_back_once(
    chromium: Browser, office: str, pool: Pool, settings: Settings
) -> None:
    event = ReactionSent(stream_id=uuid7(), user_id=uuid7(), mood="joy")
    with connect_plain(settings.clickhouse_url) as history:
        name = set_aside(history, encode(event), 910_001)
    async with an_admin(chromium, office, pool) as admin:
        page = await admin.open("/admin?show=letters")
        row = page.locator("#queue li", has_text=name)
        await row.get_by_text("The record").click()
        await expect(row.locator(".record")).to_contain_text(str(event.event_id))
        await row.get_by_role("button", name="Requeue").click()
        await expect(row.locator(".chip")).to_contain_text("requeued")
        code = await page.evaluate(
            """async (path) => {
              const token = document.cookie.match(/__Host-csrf=([^;]*)/)[1];
              const answer = await fetch(path, { method: "POST", headers: { "x-csrf-token": token } });
              return (await answer.json()).code;
            }""",
            f"/api/admin/dead-letters/{quote(name)}/requeue",
        )
        assert code == "letter_refused"
        await admin.open("/admin?show=audit&action=letter.requeued")
        await expect(page.locator("#queue li", has_text=name)).to_have_count(1)


async def test_a_feature_is_turned_off_and_on_again(
    chromium: Browser, office: str, pool: Pool, web: httpx.AsyncClient
) -> None:
    creator = await make_creator(web)
    await creator.call("POST", "/api/streams", {"title": (title := f"Tomorrow {secrets.token_hex(4)}")})
    async with an_admin(chromium, office, pool) as admin:
        page = await admin.open("/admin?show=features")
        row = page.locator("#queue li", has_text="Announced streams")
        await row.get_by_role("button", name="Turn off").click()
        await page.get_by_role("dialog").get_by_role("button", name="Turn off").click()
        await expect(row.locator(".chip")).to_have_text("off")
        await admin.open("/")
        await expect(page.get_by_role("link", name=title)).to_have_count(0)
        await admin.open("/admin?show=features")
        await row.get_by_role("button", name="Roll out").click()
        await expect(row.locator(".chip")).to_have_text("on for everybody")
        await admin.open("/")
        await expect(page.get_by_role("link", name=title)).to_be_visible()


async def test_health_names_every_engine_and_the_page_is_for_admins(
    chromium: Browser, office: str, pool: Pool, web: httpx.AsyncClient
) -> None:
    assert (await web.get("/admin", headers={"accept": "text/html"})).headers["location"].startswith("/login")
    async with an_admin(chromium, office, pool) as admin:
        page = await admin.open("/admin?show=health")
        for engine in ("postgres", "redis", "kafka", "clickhouse"):
            await expect(page.locator(".vitals li", has_text=engine).first).to_contain_text("answers")
