"""What no page may do, in either theme, on a narrow screen or a wide one: shut somebody out (by the rules of axe-core,
kept for tests), scroll sideways, or wear the colours of the other theme."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Page

AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
SIZES = ((1440, 900), (360, 800))
THEMES = ("dark", "light")

LOOK = """async ({ theme, isFirst }) => {
  const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const red = () => Number(getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0]);
  const isIn = () => !theme || (red() < 60) === (theme === "dark");
  const options = { resultTypes: ["violations"], preload: false, ...(isFirst ? {} : { runOnly: ["color-contrast"] }) };
  const look = async () => {
    await painted();
    const { violations } = await axe.run(document, options);
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`));
  };
  for (const end = performance.now() + 60000; !isIn() && performance.now() < end; ) await painted();
  let barred = await look();
  for (let again = 0; barred.length && again < 2; again++) barred = await look();
  return { isInTheme: isIn(), width: document.documentElement.scrollWidth, barred };
}"""
"""Another theme arrives a moment after it was asked for, and what is drawn meanwhile may be half in the old one:
only what stays counts."""


@cache
def axe() -> str:
    """The rules, as a script that defines `axe`."""
    return AXE.read_text()


async def inspect(page: Page, themes: Sequence[str | None] = THEMES) -> list[str]:
    """What is wrong with the page that is open, nothing when all is well; `None` is the theme of one that has none."""
    await page.evaluate(axe())
    found: list[str] = []
    for width, height in SIZES:
        await page.set_viewport_size({"width": width, "height": height})
        for theme in themes:
            await page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
            told: dict[str, Any] = await page.evaluate(LOOK, {"theme": theme, "isFirst": theme == themes[0]})
            faults = list(told["barred"])
            if told["width"] > width:
                faults.append(f"is {told['width']} px wide")
            if not told["isInTheme"]:
                faults.append("has the colours of another theme")
            found += [f"{page.url} at {width} px, {theme}: {fault}" for fault in faults]
    return found
