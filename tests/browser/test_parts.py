"""The parts that pages are made of, each in its states, and by keyboard."""

import asyncio

from playwright.async_api import Route, expect

from tests.browser.guests import NewGuest


async def test_a_question_is_answered_by_keyboard_and_gives_the_focus_back(guest: NewGuest) -> None:
    page = await (await guest()).open("/reference/parts")
    asking = page.locator("[data-try=confirm]")
    await asking.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="Delete it?")).to_be_visible()
    await expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator(".toast")).to_have_text("Kept.")
    await expect(asking).to_be_focused()
    await expect(page.locator("dialog")).to_have_count(0)
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Delete", exact=True).click()
    await expect(page.locator(".toast").last).to_have_text("Deleted.")


async def test_a_form_says_what_is_wrong_and_when_to_try_again(guest: NewGuest) -> None:
    page = await (await guest()).open("/reference/parts")
    name, save = page.get_by_label("Name"), page.locator("#a-form button")
    await save.click()
    await expect(page.get_by_role("alert").filter(has_text="Give it a name.")).to_be_visible()
    await expect(name).to_be_focused()
    await expect(name).to_have_attribute("aria-invalid", "true")
    await name.fill("slow")
    await save.click()
    await expect(save).to_be_disabled()
    await expect(save).to_contain_text("s)")
    await expect(save).to_have_text("Save")
    await expect(name).to_have_value("slow")
    await name.fill("fine")
    await save.click()
    await expect(page.locator(".toast")).to_have_text("Saved fine.")
    await expect(page.locator("#a-form [data-problem]")).to_be_hidden()


async def test_a_list_is_steered_by_keys_and_what_was_done_can_be_undone(guest: NewGuest) -> None:
    page = await (await guest()).open("/reference/parts")
    rows = page.locator("#a-list li")
    await rows.first.focus()
    await page.keyboard.press("ArrowDown")
    await expect(rows.nth(1)).to_be_focused()
    await page.keyboard.press("d")
    await expect(rows).to_have_count(2)
    await expect(rows.nth(1)).to_be_focused()
    await page.get_by_role("button", name="Undo").click()
    await expect(rows).to_have_count(3)
    await expect(rows.nth(1)).to_contain_text("The second one")
    await expect(page.locator(".toast")).to_have_count(0)


async def test_parts_fit_a_narrow_screen_when_unfolded_and_show_one_state_each(guest: NewGuest) -> None:
    reader = await guest(viewport={"width": 360, "height": 800})
    for path in ("/reference", "/reference/parts"):
        page = await reader.open(path)
        await reader.measure("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        assert await reader.measure("document.documentElement.scrollWidth") <= 360, path
    states = await reader.measure(
        """[...document.querySelectorAll("#states > section")].map((part) =>
          [...part.querySelectorAll(":scope > [data-when]")]
            .filter((piece) => piece.checkVisibility())
            .map((piece) => piece.dataset.when)
            .join())"""
    )
    assert states == ["loading", "empty", "error", "ready"]
    await expect(page.get_by_role("alert")).to_contain_text("The platform cannot be reached")


async def test_what_is_pressed_before_the_scripts_have_run_is_done_when_they_have(guest: NewGuest) -> None:
    visitor = await guest()
    page, let_go = visitor.page, asyncio.Event()

    async def slow(route: Route) -> None:
        await let_go.wait()
        await route.continue_()

    await page.route("**/js/parts.js*", slow)
    await page.goto(f"{visitor.server}/reference/parts", wait_until="commit")
    await page.get_by_label("Name").fill("early")
    await page.locator("#a-form button").click(no_wait_after=True)
    await page.locator("[data-try=confirm]").click(no_wait_after=True)
    let_go.set()
    await expect(page.locator(".toast")).to_have_text("Saved early.")
    await expect(page.get_by_role("dialog", name="Delete it?")).to_be_visible()
