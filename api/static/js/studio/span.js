// Which time is shown, in which steps: the form above the charts, kept in the page's address.
import { complain } from "../kit/forms.js";

export const STEP_MS = { "10s": 10_000, "1m": 60_000, "1h": 3_600_000, "1d": 86_400_000 };
const MOST_POINTS = 20_000;

/** Steps that give a chart some dozens to some hundreds of points. */
export function fittingGrain(ms) {
  if (ms < 10 * 60_000) return "10s";
  if (ms < 24 * 3_600_000) return "1m";
  return ms < 14 * 86_400_000 ? "1h" : "1d";
}

const local = (ms) => new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

export class SpanForm {
  #form;
  #whole;

  /** `whole()` gives `[from, to]` in ms of all there is; seconds of a range count from its end. */
  constructor(form, whole, onChange) {
    this.#form = form;
    this.#whole = whole;
    this.#recall();
    form.addEventListener("submit", (submitted) => submitted.preventDefault());
    form.addEventListener("change", (changed) => {
      if (changed.target.name === "range" && changed.target.value === "own") this.#propose();
      this.#reveal();
      this.#remember();
      onChange();
    });
  }

  get compares() {
    return this.#form.elements.compare?.checked ?? false;
  }

  /** `{from, to, grain, isWhole}`; null while the form says something impossible, which it then tells. */
  read() {
    const { range, from, to, grain } = this.#form.elements;
    const [first, last] = this.#whole();
    let [since, until] = [first, last];
    if (range.value === "own") [since, until] = [Date.parse(from.value), Date.parse(to.value)];
    else if (range.value) since = last - Number(range.value) * 1000;
    if (!(since < until)) return this.#refuse("The time ends before it begins.", "to");
    const steps = grain.value || fittingGrain(until - since);
    if ((until - since) / STEP_MS[steps] > MOST_POINTS) return this.#refuse("That is too long for such short steps.", "grain");
    complain(this.#form, "");
    return { from: since, to: until, grain: steps, isWhole: !range.value };
  }

  #refuse(message, field) {
    complain(this.#form, message, field);
    return null;
  }

  #reveal() {
    for (const field of this.#form.querySelectorAll(".own")) field.hidden = this.#form.elements.range.value !== "own";
  }

  #propose() {
    const { from, to } = this.#form.elements;
    const [first, last] = this.#whole();
    if (!from.value) from.value = local(first);
    if (!to.value) to.value = local(last);
  }

  #remember() {
    const kept = new URLSearchParams();
    for (const { name, type, value, checked, parentElement } of this.#form.elements) {
      if (name && type === "checkbox" && !checked) kept.set(name, "off");
      else if (name && type !== "checkbox" && value && !parentElement.hidden) kept.set(name, value);
    }
    history.replaceState(null, "", kept.size ? `?${kept}` : location.pathname);
  }

  #recall() {
    for (const [name, value] of new URLSearchParams(location.search)) {
      const control = this.#form.elements[name];
      if (control?.type === "checkbox") control.checked = value !== "off";
      else if (control) control.value = value;
      if (control?.tagName === "SELECT" && control.selectedIndex < 0) control.selectedIndex = 0;
    }
    this.#reveal();
  }
}
