// The table beside a chart: the same values, for eyes and screen readers that prefer them.
import { clock, make } from "../dom.js";
import { keyed } from "../kit/lists.js";
import { cell, label, put } from "./words.js";

const MOST_ROWS = 500;
const DAY_MS = 86_400_000;
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });
const BOTH = new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "short" });
const EXACT = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** What a row is about: its time in steps of `stepMs`, or minutes after joining, or the step of the funnel. */
export function place(row, stepMs) {
  if ("minute" in row) return `Minute ${row.minute}`;
  if ("step" in row) return label(row.step);
  const at = Date.parse(row.at);
  if (stepMs >= DAY_MS) return DATE.format(at);
  if (stepMs > 60_000) return BOTH.format(at);
  return stepMs < 60_000 ? EXACT.format(at) : clock(at);
}

const isAbout = (field) => ["at", "minute", "step", "streamId", "momentId", "userId"].includes(field);

/** Fill the table of `twin` with rows; those that stay keep their elements, and what changed is put in place. */
export function tabulate(twin, rows, stepMs) {
  const shown = rows.slice(-MOST_ROWS);
  const columns = Object.keys(shown[0] ?? {}).filter((field) => !isAbout(field));
  const cut = twin.querySelector("[data-cut]");
  cut.hidden = shown.length === rows.length;
  cut.textContent = `The last ${shown.length} of ${rows.length} rows. A download has all of them.`;
  const titles = [shown[0] && "minute" in shown[0] ? "Minute" : shown[0] && "step" in shown[0] ? "Step" : "Time", ...columns.map(label)];
  const head = twin.querySelector("thead");
  if (head.textContent !== titles.join("")) head.replaceChildren(make("tr", {}, ...titles.map((title) => make("th", { scope: "col", textContent: title }))));
  keyed(twin.querySelector("tbody"), shown, (row) => row.minute ?? row.step ?? row.at, (row, known) => {
    const texts = [place(row, stepMs), ...columns.map((field) => String(cell(field, row[field])))];
    if (known?.children.length !== texts.length) return make("tr", {}, make("th", { scope: "row", textContent: texts[0] }), ...texts.slice(1).map((text) => make("td", { textContent: text })));
    texts.forEach((text, at) => put(known.children[at], text));
    return known;
  });
}
