"""Joining, signing in and out, and a session that outlives its access token."""

import secrets

import httpx
from playwright.async_api import expect

from tests.browser.guests import PASSWORD, NewGuest
from tests.builders import make_user


async def test_a_newcomer_joins_and_sees_the_welcome_tokens(guest: NewGuest) -> None:
    ada = await guest()
    handle = f"ada_{secrets.token_hex(4)}"
    await ada.join(handle, "/wallet")
    await expect(ada.page.locator(".topbar .me")).to_contain_text(handle)
    await expect(ada.page.locator(".whole [data-balance]")).to_have_text("100")
    await expect(ada.page.locator(".history tbody tr")).to_contain_text("Welcome gift")


async def test_a_wrong_password_is_told_at_the_form(guest: NewGuest, http: httpx.AsyncClient) -> None:
    known = await make_user(http)
    ada = await guest()
    page = await ada.open("/login")
    await page.get_by_label("Handle").fill(known.handle)
    await page.get_by_label("Password").fill("not the password")
    await page.locator("form button").click()
    await expect(page.get_by_role("alert")).not_to_be_empty()
    await expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
    await expect(page).to_have_url(f"{ada.server}/login")
    assert not [cookie for cookie in await ada.context.cookies() if cookie["name"].startswith("__Host-")]


async def test_what_the_form_can_see_is_told_without_asking(guest: NewGuest) -> None:
    ada = await guest()
    page = await ada.open("/register")
    await page.get_by_label("Handle").fill("no spaces!")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Create account").click()
    await expect(page.get_by_role("alert")).to_contain_text("3 to 20")


async def test_a_session_outlives_its_access_token(guest: NewGuest) -> None:
    ada = await guest()
    handle = f"ada_{secrets.token_hex(4)}"
    await ada.join(handle)
    await ada.context.clear_cookies(name="__Host-access")
    await ada.open("/")
    await expect(ada.page.locator(".topbar .me")).to_contain_text(handle)


async def test_signing_out_ends_the_session(guest: NewGuest) -> None:
    ada = await guest()
    await ada.join(f"ada_{secrets.token_hex(4)}", "/wallet")
    await ada.page.get_by_role("button", name="Sign out").click()
    await expect(ada.page.get_by_role("link", name="Sign in")).to_be_visible()
    page = await ada.open("/wallet")
    await expect(page).to_have_url(f"{ada.server}/login?next=/wallet")


async def test_nobody_is_sent_to_another_site_after_signing_in(guest: NewGuest) -> None:
    ada = await guest()
    await ada.open("/login?next=//elsewhere.example/")
    assert await ada.page.locator("#account").get_attribute("data-next") == "/"


async def test_a_topup_shows_at_once_and_in_the_history(guest: NewGuest) -> None:
    ada = await guest()
    await ada.join(f"ada_{secrets.token_hex(4)}", "/wallet")
    await ada.page.get_by_label("Bonus tokens to add").fill("250")
    await ada.page.get_by_role("button", name="Top up").click()
    await expect(ada.page.locator(".whole [data-balance]")).to_have_text("350")
    await ada.page.reload()
    await expect(ada.page.locator(".history tbody tr").first).to_contain_text("+250")
