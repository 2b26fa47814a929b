// One panel of a dashboard: definition, freshness, downloads, chart or list, legend, and the same values as a table.
import { Chart } from "./chart.js";
import { clock, make } from "./dom.js";
import { breakDown, holds, LISTINGS } from "./studio/lists.js";
import { place, tabulate } from "./studio/twin.js";
import { cell, label, put } from "./studio/words.js";

export class Panel {
  #section;
  #kind;
  #chart = null;
  #rows = [];
  #fields;
  #stepMs = 60_000;
  #marks = [];
  #before = null;
  #asOf = 0;

  constructor(section) {
    this.#section = section;
    this.name = section.dataset.panel;
    this.#kind = section.dataset.kind;
    this.#fields = section.dataset.fields.split(",");
    if (!(this.#kind in LISTINGS)) this.#chart = new Chart(this.#find("plot"), this.#kind, (index) => this.#point(index));
    const button = section.querySelector("[data-action=table]");
    button?.addEventListener("click", () => {
      const isOpen = button.getAttribute("aria-expanded") === "true";
      button.setAttribute("aria-expanded", String(!isOpen));
      section.querySelector(".twin").hidden = isOpen;
      this.#tabulate();
    });
  }

  /**
   * `{definition, totals, series}` as the API gives it. `before` is that of the time to compare with, or null;
   * `query` are the parameters of the answer, for downloads.
   */
  show({ definition, totals, series }, { asOf, isLive, stepMs, marks, before, api, query }) {
    this.#stepMs = stepMs;
    this.#marks = marks;
    this.#asOf = asOf;
    for (const link of this.#section.querySelectorAll("[data-export]")) link.href = `${api}/export?panels=${this.name}&format=${link.dataset.export}&${query}`;
    put(this.#find("definition"), definition);
    const settled = asOf - (isLive ? 1000 * this.#section.dataset.settles : 0);
    this.#rows = this.#chart ? series.filter((row) => Date.parse(row.at) < settled) : series;
    const hasData = this.#chart ? this.#rows.some((row) => this.#fields.some((field) => row[field])) : holds(this.#kind, series, totals);
    const earlier = before?.series.map((row) => row[this.#fields[0]]) ?? [];
    this.#before = this.#kind !== "mood" && earlier.some(Boolean) ? earlier : null;
    this.#state(hasData ? "ready" : "empty");
    if (!hasData) return;
    if (this.#chart) this.#draw();
    else LISTINGS[this.#kind](this.#find("listing"), this.#rows, totals);
    if (this.#find("breakdown")) breakDown(this.#find("breakdown"), totals);
    this.#tabulate();
  }

  /** Say how old its numbers are; `isStale` turns them amber. */
  age(isStale) {
    if (!this.#asOf) return;
    const chip = this.#find("as-of");
    chip.className = `chip ${isStale ? "stale" : ""}`;
    put(chip, isStale ? `${Math.round((Date.now() - this.#asOf) / 1000)} s old` : `As of ${clock(this.#asOf)}`);
  }

  /** Other marks on the same chart. */
  mark(marks) {
    this.#marks = marks;
    if (this.#chart && this.#section.dataset.state === "ready") this.#chart.mark(marks);
  }

  /** Nothing could be read; what was shown before stays. */
  fail() {
    if (this.#section.dataset.state === "loading") this.#state("error");
  }

  #find(what) {
    return this.#section.querySelector(`[data-${what}]`);
  }

  get #x() {
    return this.#rows.length && "minute" in this.#rows[0] ? "minute" : "at";
  }

  #draw() {
    this.#chart.show(this.#rows, this.#fields, this.#x, { before: this.#before, marks: this.#marks });
    this.#point(null);
  }

  #state(state) {
    this.#section.dataset.state = state;
    this.#find("empty").hidden = state !== "empty";
    if (state === "error") (this.#find("plot") ?? this.#find("listing")).replaceChildren();
  }

  /** The legend tells the values under the pointer, else the newest, and what happened then. */
  #point(index) {
    const at = index ?? this.#rows.length - 1;
    const row = this.#rows[at];
    if (!row) return;
    const entries = this.#fields.map((field, nth) => {
      const dataset = this.#kind === "mood" ? { series: "mood", mood: field } : { series: nth % 4 };
      return make("span", {}, make("i", { dataset }), label(field), make("b", { textContent: cell(this.#kind === "mood" ? "share" : field, row[field]) }));
    });
    entries.unshift(make("span", { textContent: place(row, this.#stepMs) }));
    if (this.#before) entries.push(make("span", {}, make("i", { className: "before" }), "Before", make("b", { textContent: cell(this.#fields[0], this.#before[at]) })));
    const [from, to] = [Date.parse(row.at), Date.parse(row.at) + this.#stepMs];
    if (index !== null && this.#x === "at") {
      for (const { kind, at: when, words } of this.#marks) if (when >= from && when < to) entries.push(make("span", { className: "happening" }, make("i", { dataset: { mark: kind } }), words));
    }
    this.#find("legend").replaceChildren(...entries);
  }

  #tabulate() {
    const twin = this.#section.querySelector(".twin");
    if (!twin || twin.hidden) return;
    const rows = this.#before ? this.#rows.map((row, at) => ({ ...row, before: this.#before[at] ?? null })) : this.#rows;
    tabulate(twin, rows, this.#stepMs);
  }
}
