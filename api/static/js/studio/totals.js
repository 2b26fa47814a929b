// Numbers with their names, and how they differ from the stream or the time before.
import { put, written } from "./words.js";

const UNJUDGED = ["anonymous", "bonus", "transitions", "dominant"];
const WORSE = ["unfollowed"];
const PERCENT = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0, signDisplay: "exceptZero" });

/** How much more (`+12 %`); "" where there was nothing before, or nothing changed. */
function difference(way, is, was) {
  if (typeof is !== "number" || !was || is === was) return "";
  if (way === "percent") return `${is > was ? "+" : "−"}${Math.round(Math.abs(is - was) * 100)} points`;
  return PERCENT.format((is - was) / Math.abs(was));
}

/** Fill every `[data-total]` of the page whose panel is known; `before` holds the panels to compare with. */
export function showTotals(panels, before) {
  for (const place of document.querySelectorAll("[data-total]")) {
    const [panel, key] = place.dataset.total.split(".");
    if (!panels[panel]) continue;
    const { way } = place.dataset;
    const [is, was] = [panels[panel].totals[key], before[panel]?.totals[key]];
    put(place, written(way, is));
    showDelta(place.parentElement.querySelector("[data-delta]"), key, difference(way, is, was), is > was, was == null ? "" : `Before: ${written(way, was)}`);
  }
}

function showDelta(place, key, text, isMore, title) {
  place.hidden = !text;
  if (!text) return;
  const isGood = isMore !== WORSE.includes(key);
  place.className = `delta ${UNJUDGED.includes(key) ? "" : isGood ? "up" : "down"}`;
  place.title = title;
  put(place, `${isMore ? "▲" : "▼"} ${text}`);
}
