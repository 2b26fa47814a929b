"""Clips in a show: brought and put in order in the studio, and seen sliding over the stage by everybody, in step."""

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from playwright.async_api import Page, expect

from livestreamx.clock import now
from livestreamx.frames import SegmentOver, SegmentStart
from livestreamx.stack.platform import Platform
from tests.browser.busy_channel import bring
from tests.browser.creators import make_creator, sit_down_as
from tests.browser.guests import NewGuest
from tests.browser.inspection import axe, inspect
from tests.browser.rooms import tell
from tests.builders import eventually
from tests.integration.clips import LONG_SECONDS, MEDIA

PLAYS = "() => { const v = document.querySelector('#segment video'); return !v.paused && v.readyState > 1 }"
WHERE = "document.querySelector('#segment video').currentTime"


def start_of(clip: dict[str, Any], ago: float, **changed: Any) -> SegmentStart:
    """A clip that began so many seconds ago."""
    fields = {
        "segmentId": uuid4(),
        "participant": None,
        "durationS": clip["durationS"],
        "vodId": UUID(clip["id"]),
        "title": clip["title"],
        "url": clip["url"],
        "startedAt": now() - timedelta(seconds=ago),
    }
    return SegmentStart(**(fields | changed))


async def test_a_clip_slides_over_the_stage_where_the_others_are(
    guest: NewGuest, http: httpx.AsyncClient, platform: Platform
) -> None:
    creator = await make_creator(http)
    stream, clip = await creator.go_live("A show with clips"), await bring(http, creator)
    fan = await guest(viewport={"width": 360, "height": 800}, reduced_motion="reduce")
    page = await fan.watch(stream)
    box = page.locator("#segment")
    await expect(box).to_be_hidden()
    start = start_of(clip, LONG_SECONDS / 2)
    tell(platform, stream, [("segment:start", start)])
    await expect(box).to_be_visible()
    await expect(box).to_contain_text("How we met")
    await expect(page.locator("#stage-note")).to_be_hidden()
    await page.wait_for_function(PLAYS)
    assert LONG_SECONDS / 2 <= await fan.measure(WHERE) < LONG_SECONDS
    assert await fan.measure("document.querySelector('#segment video').muted")
    await box.get_by_role("button", name="Turn the sound on").click()
    assert not await fan.measure("document.querySelector('#segment video').muted")
    await expect(page.locator("#segment-words")).to_have_text("Now a clip: How we met")
    assert await fan.measure("document.documentElement.scrollWidth") <= 360
    other = SegmentOver(segmentId=uuid4(), outcome="played", reason="")
    broken = start_of(clip, 0, url="/vods/gone.webm", title="Gone")
    tell(platform, stream, [("segment:end", other)])
    assert await box.is_visible()
    tell(platform, stream, [("segment:end", SegmentOver(segmentId=start.segmentId, outcome="played", reason=""))])
    await expect(box).to_be_hidden()
    await expect(page.locator("#stage-note")).to_be_visible()
    tell(platform, stream, [("segment:start", broken)])
    await expect(page.locator("#segment-words")).to_contain_text("cannot be played here")
    await expect(box).to_be_hidden()
    by_media = start_of(clip, 0, participant="segment:x", title="From the media server")
    tell(platform, stream, [("segment:start", by_media)])
    await expect(box).to_contain_text("From the media server")
    assert await page.locator("#segment video").get_attribute("src") is None


async def test_a_clip_is_found_and_played_where_it_is_found(guest: NewGuest, http: httpx.AsyncClient) -> None:
    word = f"zoetrope{secrets.token_hex(3)}"
    clip = await bring(http, await make_creator(http), f"The {word} I built")
    ada = await guest(viewport={"width": 360, "height": 800})
    page = await ada.open("/search")
    shown = page.get_by_role("region", name="Clips")

    async def look_again() -> int:
        await page.goto(f"{ada.server}/search?q={word}&type=vods")
        return int(await shown.count())

    await eventually(look_again, bool)  # the index of clips is made anew every few seconds
    await expect(shown).to_contain_text(f"The {word} I built")
    video = shown.locator("video")
    assert await video.get_attribute("src") == clip["url"]
    await video.evaluate("async (video) => { video.muted = true; await video.play() }")
    assert await ada.measure("document.documentElement.scrollWidth") <= 360
    assert await inspect(page, ("light",)) == []
    await shown.get_by_role("link", name=f"The {word} I built").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"The {word} I built")
    assert page.url == ada.server + clip["pageUrl"]


async def test_streaming_software_shows_the_clip_that_is_on_air(
    guest: NewGuest, http: httpx.AsyncClient, platform: Platform
) -> None:
    creator = await make_creator(http)
    key = (await creator.call("POST", "/api/me/overlay-key"))["key"]
    stream, clip = await creator.go_live("A show with clips"), await bring(http, creator)
    air = await guest()
    page = await air.open(f"/o/{key}")
    box = page.locator("#segment")
    await expect(page.locator("#content")).to_have_attribute("data-connection", "open")
    await expect(box).to_be_hidden()
    start = start_of(clip, LONG_SECONDS / 2)
    tell(platform, stream, [("segment:start", start)])
    await expect(box).to_contain_text("How we met")
    await page.wait_for_function(PLAYS)
    assert LONG_SECONDS / 2 <= await air.measure(WHERE) < LONG_SECONDS
    tell(platform, stream, [("segment:end", SegmentOver(segmentId=start.segmentId, outcome="played", reason=""))])
    await expect(box).to_be_hidden()


async def test_a_creator_brings_a_clip_and_deletes_it(guest: NewGuest, http: httpx.AsyncClient) -> None:
    creator = await make_creator(http)
    stream = (await creator.call("POST", "/api/streams", {"title": "A show with an intro"}))["id"]
    ada = await sit_down_as(guest, creator, viewport={"width": 360, "height": 800})
    page = await ada.open(f"/studio/{stream}")
    form, library = page.locator("#clip-upload"), page.locator("#clip-library")
    await expect(library).to_contain_text("No clips yet")
    await expect(page.locator("#clip-queue")).to_contain_text("as soon as you are live")
    await form.get_by_role("button", name="Upload").click()
    await expect(form.locator("[data-problem]")).to_have_text("Choose an MP4 or WebM file.")
    await form.get_by_label("File").set_input_files(MEDIA / "sound.webm")
    await form.get_by_role("button", name="Upload").click()
    await expect(form.locator("[data-problem]")).to_contain_text("no picture")
    await form.get_by_label("File").set_input_files(MEDIA / "long.webm")
    await form.get_by_label("Title").fill("Intro")
    await form.get_by_role("button", name="Upload").click()
    await expect(library.get_by_role("link")).to_have_text(["Intro"])
    await library.get_by_role("button", name="Add to queue: Intro").click()
    await expect(page.locator("#clip-queue li")).to_contain_text("Intro")
    await library.get_by_role("button", name="Delete: Intro").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.locator("#toasts")).to_contain_text("waits in a show")
    await page.get_by_role("button", name="Remove: Intro").click()
    await expect(page.locator("#clip-queue")).to_contain_text("Nothing waits")
    await library.get_by_role("button", name="At a time: Intro").click()
    when = page.get_by_role("dialog", name="When it plays")
    await when.get_by_label("Time").fill("")
    await when.get_by_role("button", name="Put it there").click()
    await expect(when.locator("[data-problem]")).to_have_text("Choose a time.")
    await when.get_by_label("Time").fill("2031-05-06T20:15")
    assert await inspect(page, ("dark",)) == []
    await when.get_by_role("button", name="Put it there").click()
    await expect(page.locator("#clip-queue li")).to_contain_text("2031")
    await page.get_by_role("button", name="At a time: Intro").first.click()
    await when.get_by_label("Time").fill("2032-05-06T20:15")
    await when.get_by_role("button", name="Put it there").click()
    await expect(page.locator("#clip-queue li")).to_contain_text("2032")
    queue = await creator.call("GET", f"/api/streams/{stream}/segments")
    assert [one["playsAt"][:16] for one in queue["items"]] == ["2032-05-06T20:15"]
    await page.get_by_role("button", name="Remove: Intro").click()
    await expect(page.locator("#clip-queue")).to_contain_text("Nothing waits")
    await library.get_by_role("button", name="Delete: Intro").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(library).to_contain_text("No clips yet")
    assert await ada.measure("document.documentElement.scrollWidth") <= 360


async def below(page: Page, title: str) -> tuple[float, float]:
    """A point in the lower half of a waiting clip's row."""
    box = await page.locator("#clip-queue li", has_text=title).bounding_box()
    assert box is not None
    return box["x"] + 20, box["y"] + box["height"] * 0.9


async def test_a_creator_runs_the_queue(guest: NewGuest, http: httpx.AsyncClient) -> None:
    creator = await make_creator(http)
    stream = await creator.go_live("A show with a queue")
    for title in ("Intro", "Trailer", "Best of"):
        await bring(http, creator, title)
    ada = await sit_down_as(guest, creator)
    page = await ada.open(f"/studio/{stream}")
    library, waiting = page.locator("#clip-library"), page.locator("#clip-queue li b")
    on_air = page.locator("#clip-on-air")
    await library.get_by_role("button", name="Play now: Intro").click()
    await expect(on_air).to_contain_text("Intro")
    for title in ("Trailer", "Best of"):
        await library.get_by_role("button", name=f"Add to queue: {title}").click()
        await expect(page.locator("#clip-queue")).to_contain_text(title)
    await expect(waiting).to_have_text(["Trailer", "Best of"])
    grip = page.locator("#clip-queue li", has_text="Best of").locator("[data-grip]")
    async with page.expect_response(lambda answer: answer.request.method == "PATCH") as moved:
        await grip.press("ArrowUp")
    assert (await moved.value).ok
    await expect(waiting).to_have_text(["Best of", "Trailer"])
    async with page.expect_response(lambda answer: answer.request.method == "PATCH") as moved:
        await grip.hover()
        await page.mouse.down()
        await page.mouse.move(*await below(page, "Trailer"), steps=4)
        await page.mouse.up()
    assert (await moved.value).ok
    await expect(waiting).to_have_text(["Trailer", "Best of"])
    await page.evaluate(axe())
    broken = await page.evaluate("async () => (await axe.run('#clips')).violations.map(({ id }) => id)")
    assert broken == []

    await on_air.get_by_role("button", name="Skip").click()
    await expect(on_air).to_contain_text("Trailer")
    await page.get_by_role("button", name="Remove: Best of").click()
    await expect(page.locator("#clip-queue")).to_contain_text("Nothing waits")
    show = await (await ada.beside()).watch(stream)
    await expect(show.locator("#segment")).to_contain_text("Trailer")
    await show.wait_for_function(PLAYS)
    await show.get_by_text("Run the show").click()
    await show.get_by_role("button", name="Skip the clip").click()
    await expect(show.locator("#host-says")).to_have_text("The clip was skipped.")
    await expect(show.locator("#segment")).to_be_hidden()
    await expect(on_air).to_be_hidden()
    await expect(page.locator("#marks label", has_text="Clips").locator("[data-count]")).to_have_text("2")
    await page.locator("#panel-segments").scroll_into_view_if_needed()
    await expect(page.locator("#panel-segments li")).to_have_count(2)
    await expect(page.locator("#panel-segments li").first).to_contain_text("skipped")
