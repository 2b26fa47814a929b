// One panel of the dashboard: definition, chart, legend, and the same values as a table.
import { Chart, label, written } from "./chart.js";
import { clock, make } from "./dom.js";

const MOST_ROWS = 500;

export class Panel {
  #section;
  #kind;
  #chart;
  #rows = [];
  #fields;
  #x = "at";

  constructor(section) {
    this.#section = section;
    this.name = section.dataset.panel;
    this.#kind = section.dataset.kind;
    this.#fields = section.dataset.fields.split(",");
    this.#chart = new Chart(this.#find("plot"), this.#kind, (index) => this.#point(index));
    const button = section.querySelector("[data-action=table]");
    button.addEventListener("click", () => {
      const isOpen = button.getAttribute("aria-expanded") === "true";
      button.setAttribute("aria-expanded", String(!isOpen));
      section.querySelector(".twin").hidden = isOpen;
      this.#tabulate();
    });
  }

  /** `{definition, totals, series}` as the API gives it, in steps of `grain`. */
  show(panel, asOf, grain, isLive) {
    this.#find("as-of").textContent = `As of ${clock(asOf)}`;
    this.#find("export").href = `/api/studio/streams/${document.getElementById("content").dataset.stream}/export?panel=${this.name}&format=csv&grain=${grain}`;
    this.#find("definition").textContent = panel.definition;
    const settled = asOf - (isLive ? 1000 * this.#section.dataset.settles : 0);
    this.#rows = panel.series.filter((row) => Date.parse(row.at) < settled).slice(-MOST_ROWS);
    this.#x = this.#rows.length && "minute" in this.#rows[0] ? "minute" : "at";
    const hasData = this.#rows.some((row) => this.#fields.some((field) => row[field]));
    this.#state(hasData ? "ready" : "empty");
    if (!hasData) return;
    this.#chart.show(this.#rows, this.#fields, this.#x);
    this.#point(null);
    this.#tabulate();
  }

  /** Nothing could be read; what was shown before stays. */
  fail() {
    if (this.#section.dataset.state === "loading") this.#state("error");
  }

  #find(what) {
    return this.#section.querySelector(`[data-${what}]`);
  }

  #state(state) {
    this.#section.dataset.state = state;
    this.#find("empty").hidden = state !== "empty";
    if (state === "error") this.#find("plot").replaceChildren();
  }

  /** The legend tells the values under the pointer, else the newest. */
  #point(index) {
    const row = this.#rows[index ?? this.#rows.length - 1];
    if (!row) return;
    const entries = this.#fields.map((field, at) => {
      const dataset = this.#kind === "mood" ? { series: "mood", mood: field } : { series: at % 4 };
      return make("span", {}, make("i", { dataset }), label(field), make("b", { textContent: written(this.#kind, row[field]) }));
    });
    entries.unshift(make("span", { textContent: this.#where(row) }));
    this.#find("legend").replaceChildren(...entries);
  }

  #where(row) {
    return this.#x === "at" ? clock(new Date(row.at)) : `Minute ${row[this.#x]}`;
  }

  #tabulate() {
    const twin = this.#section.querySelector(".twin");
    if (twin.hidden) return;
    const columns = Object.keys(this.#rows[0] ?? {}).filter((field) => field !== "at" && field !== "minute");
    const head = make("tr", {}, make("th", { scope: "col", textContent: this.#x === "at" ? "Time" : "Minute" }));
    for (const field of columns) head.append(make("th", { scope: "col", textContent: label(field) }));
    const rows = this.#rows.map((row) =>
      make("tr", {}, make("td", { textContent: this.#where(row) }), ...columns.map((field) => make("td", { textContent: typeof row[field] === "number" ? written(this.#kind, row[field]) : row[field] }))),
    );
    twin.querySelector("thead").replaceChildren(head);
    twin.querySelector("tbody").replaceChildren(...rows);
  }
}
