"""A person's page and what they settle about it: words, colours, a picture of their own, sessions, limits."""

import secrets
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
from playwright.async_api import expect

from livestreamx.clock import now, uuid7
from livestreamx.engines.clickhouse import connect_plain
from livestreamx.engines.postgres import make_pool
from livestreamx.stack.platform import Platform
from tests.browser.guests import NewGuest
from tests.builders import go_live

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360f8cf50000003840181d6d8a2d50000000049454e44ae426082"
)


async def test_a_profile_is_edited_and_its_picture_is_used_everywhere(
    guest: NewGuest, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    _, stream = await go_live(http)
    ada = await guest()
    handle = f"ada_{secrets.token_hex(4)}"
    await ada.join(handle, "/me")
    page = ada.page
    await page.get_by_label("About you").fill("Cozy games on Sundays")
    await page.get_by_text("Ocean").click()
    await page.get_by_label("Website").fill("http://example.org")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#profile [data-problem]")).to_contain_text("begins with https://")
    await page.get_by_label("Website").fill("https://example.org/me")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#profile [data-says]")).to_have_text("Saved.")

    wrong, right = tmp_path / "page.png", tmp_path / "me.png"
    wrong.write_bytes(b"<script>alert(1)</script>")
    right.write_bytes(PIXEL)
    await page.get_by_label("Choose a file").set_input_files(wrong)
    await expect(page.locator("#upload [data-problem]")).to_contain_text("Only PNG, WebP, GIF and MP3")
    await page.get_by_label("Choose a file").set_input_files(right)
    await expect(page.locator("#files li")).to_contain_text("me.png")
    await expect(page.locator("#own-picture")).to_have_attribute(
        "src", picture := str(await page.locator("#files img").get_attribute("src"))
    )
    answer = await ada.context.request.get(f"{ada.server}/avatars/{handle}.svg")
    assert answer.url.endswith(picture)
    assert await answer.body() == PIXEL

    await ada.open(f"/u/{handle}")
    await expect(page.locator("#content")).to_have_attribute("data-palette", "ocean")
    await expect(page.get_by_text("Cozy games on Sundays")).to_be_visible()
    await expect(page.get_by_role("link", name="Website")).to_have_attribute("href", "https://example.org/me")
    await expect(page.get_by_role("progressbar", name="Progress to level 2")).to_be_visible()
    await expect(page.locator("#badges-title + p")).to_contain_text("None yet")
    await ada.watch(stream)


async def test_badges_and_seasons_are_shown_with_names_and_dates(guest: NewGuest, platform: Platform) -> None:
    ada = await guest(viewport={"width": 360, "height": 800})
    handle = f"ada_{secrets.token_hex(4)}"
    await ada.join(handle)
    async with make_pool(platform.settings.postgres_url) as pool, pool.connection() as db:
        await db.execute("SELECT award_badge(id, 'streak_7', NULL) FROM users WHERE handle = %s", (handle,))
        await db.execute("INSERT INTO seasons VALUES ('s3', '2024-10-01') ON CONFLICT DO NOTHING")
        await db.execute(
            "INSERT INTO season_results SELECT 's3', 'xp', 7, id, 4200 FROM users WHERE handle = %s", (handle,)
        )
    page = await ada.open(f"/u/{handle}")
    badge = page.locator(".medals li")
    await expect(badge).to_contain_text("Seven in a row")
    await expect(badge).to_contain_text("Came on 7 days in a row")
    await expect(page.locator(".seasons li")).to_contain_text("season 3, Oct 2024")
    assert await ada.measure("document.documentElement.scrollWidth") <= 360


async def test_other_sessions_are_signed_out(guest: NewGuest) -> None:
    ada = await guest()
    handle = f"ada_{secrets.token_hex(4)}"
    await ada.join(handle)
    elsewhere = await guest()
    page = await elsewhere.open("/login?next=/me")
    await page.get_by_label("Handle").fill(handle)
    await page.get_by_label("Password").fill("correct horse battery")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.locator("#sessions li")).to_have_count(2)
    await expect(page.locator("#sessions li").first).to_contain_text("Chrome on Linux")
    await page.locator("#sessions").get_by_role("button", name="Sign out").click()
    await expect(page.locator("#sessions li")).to_have_count(1)
    await page.get_by_text("Dark", exact=True).click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


async def test_what_was_watched_is_shown_deleted_and_kept_out_of_recommendations(
    guest: NewGuest, http: httpx.AsyncClient, platform: Platform
) -> None:
    creator, stream = await go_live(http, "Blitz to 2200")
    ada = await guest()
    await ada.join(f"ada_{secrets.token_hex(4)}", "/me")
    page, watched = ada.page, ada.page.locator("#watched")
    await expect(watched).to_contain_text("Nothing is known")
    me = (await (await ada.context.request.get(f"{ada.server}/api/me")).json())["id"]
    columns = ["stream_id", "occurred_at", "event_id", "kind", "creator_id", "user_id", "session_id"]
    signs = [
        [UUID(stream), now() - timedelta(seconds=back), uuid7(), "heartbeat", UUID(creator.user_id), UUID(me), "one"]
        for back in (90, 75, 60)
    ]
    with connect_plain(platform.settings.clickhouse_url) as history:
        history.insert("presence", signs, column_names=columns)
    await page.reload()
    await expect(watched.get_by_role("link", name="Blitz to 2200")).to_have_attribute("href", f"/w/{stream}")
    await expect(watched).to_contain_text(f"{creator.handle}, 1 min")
    await page.get_by_role("button", name="Delete what I watched").click()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    await expect(watched.locator("li")).to_have_count(1)
    await page.get_by_role("button", name="Delete what I watched").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(watched).to_contain_text("Nothing is known")

    picks = page.get_by_role("switch", name="Let what I watch make recommendations")
    await picks.click()
    await page.keyboard.press("Escape")
    await expect(picks).to_be_checked()
    await picks.click()
    await page.get_by_role("dialog").get_by_role("button", name="Turn off").click()
    await expect(page.locator(".toast").last).to_contain_text("Nothing you watch is kept")
    await page.reload()
    await expect(picks).not_to_be_checked()
    answer = await ada.context.request.get(f"{ada.server}/api/me/recommendations")
    assert (await answer.json())["optOut"] is True
