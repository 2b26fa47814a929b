// The live charts of one stream: asks the analytics API every few seconds and fills the panels.
import { clock, make } from "./dom.js";
import { bindMoves } from "./moves.js";
import { Panel } from "./panel.js";
import { call } from "./session.js";

const POLL_MS = 4_000;
const POLL_ENDED_MS = 30_000;
const STALE_MS = 30_000;

const page = document.getElementById("content");
const trouble = document.getElementById("trouble");
const freshness = document.getElementById("freshness");
const panels = [...document.querySelectorAll("[data-panel]")].map((section) => new Panel(section));
const names = panels.map((panel) => panel.name).join();
const isLive = () => page.dataset.status === "live";
let asOf = 0;
let timer = 0;

/** Steps that give a chart some dozens to some hundreds of points. */
function grain() {
  const { started, ended } = page.dataset;
  const minutes = ((ended ? Date.parse(ended) : Date.now()) - Date.parse(started)) / 60_000;
  if (!started || minutes < 20) return "10s";
  return minutes < 24 * 60 ? "1m" : "1h";
}

const NUMBER = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const PERCENT = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });

function writeTotal(key, value) {
  if (value == null) return "–";
  if (key === "rate") return PERCENT.format(value);
  if (key !== "avgWatchMs") return NUMBER.format(value);
  const seconds = Math.round(value / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function showTotals(answered) {
  for (const place of document.querySelectorAll("[data-total]")) {
    const [panel, key] = place.dataset.total.split(".");
    place.textContent = writeTotal(key, answered[panel]?.totals?.[key]);
  }
}

/** How old the numbers are; amber when a live stream's are older than half a minute. */
function showFreshness() {
  if (!asOf) return;
  const seconds = Math.max(0, Math.round((Date.now() - asOf) / 1000));
  const isStale = isLive() && seconds * 1000 > STALE_MS;
  freshness.className = `chip ${isStale ? "stale" : "fresh"}`;
  freshness.lastElementChild.textContent = isLive() ? `As of ${clock(asOf)}, ${seconds} s ago` : `Final, as of ${clock(asOf)}`;
}

function showTrouble(refusal) {
  trouble.hidden = false;
  trouble.replaceChildren(
    make("span", { textContent: `The numbers cannot be read: ${refusal.message}.${refusal.requestId ? ` Request ${refusal.requestId}.` : ""}` }),
    make("button", { type: "button", className: "button", textContent: "Try again", onclick: load }),
  );
  for (const panel of panels) panel.fail();
}

async function load() {
  clearTimeout(timer);
  try {
    const steps = grain();
    const answer = await call("GET", `/api/studio/streams/${page.dataset.stream}/analytics?panels=${names}&grain=${steps}`);
    asOf = Date.parse(answer.asOf);
    trouble.hidden = true;
    for (const panel of panels) panel.show(answer.panels[panel.name], asOf, steps, isLive());
    showTotals(answer.panels);
    showFreshness();
  } catch (refusal) {
    showTrouble(refusal);
  }
  timer = setTimeout(load, isLive() ? POLL_MS : POLL_ENDED_MS);
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") load();
  else clearTimeout(timer);
});
addEventListener("themechange", load);
addEventListener("online", load);
setInterval(showFreshness, 1_000);
bindMoves();
load();
