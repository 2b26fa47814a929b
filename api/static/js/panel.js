// One panel of the dashboard: definition, chart, legend, and the same values as a table.
import { Chart, label, MOODS, written } from "./chart.js";
import { clock, make } from "./dom.js";

const MOST_ROWS = 500;

export class Panel {
  #section;
  #kind;
  #chart;
  #rows = [];
  #fields = [];
  #x = "at";

  constructor(section) {
    this.#section = section;
    this.name = section.dataset.panel;
    this.#kind = section.dataset.kind;
    this.#chart = new Chart(this.#find("plot"), this.#kind, (index) => this.#point(index));
    const button = section.querySelector("[data-action=table]");
    button.addEventListener("click", () => {
      const isOpen = button.getAttribute("aria-expanded") === "true";
      button.setAttribute("aria-expanded", String(!isOpen));
      section.querySelector(".twin").hidden = isOpen;
      this.#tabulate();
    });
  }

  /** `{definition, totals, series}` as the API gives it. */
  show(panel) {
    this.#find("definition").textContent = panel.definition;
    this.#rows = panel.series.slice(-MOST_ROWS);
    this.#x = this.#rows.length && "minute" in this.#rows[0] ? "minute" : "at";
    this.#fields = this.#choose();
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

  #choose() {
    const numbers = (row) => Object.keys(row).filter((field) => typeof row[field] === "number" && field !== this.#x);
    const found = [...new Set(this.#rows.flatMap(numbers))];
    return this.#kind === "mood" ? MOODS.filter((mood) => found.includes(mood)) : found;
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
    const head = make("tr", {}, make("th", { scope: "col", textContent: this.#x === "at" ? "Time" : "Minute" }));
    for (const field of this.#fields) head.append(make("th", { scope: "col", textContent: label(field) }));
    const rows = this.#rows.map((row) =>
      make("tr", {}, make("td", { textContent: this.#where(row) }), ...this.#fields.map((field) => make("td", { textContent: written(this.#kind, row[field]) }))),
    );
    twin.querySelector("thead").replaceChildren(head);
    twin.querySelector("tbody").replaceChildren(...rows);
  }
}
