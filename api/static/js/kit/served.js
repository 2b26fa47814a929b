// A list that the server draws (macro `queue`): kept fresh, extended by More, its rows acted upon by buttons and keys.
import { busy, localTimes, make, toast } from "../dom.js";
import { call, restore } from "../session.js";
import { confirmed } from "./dialogs.js";
import { complain } from "./forms.js";
import { neighbour, steered, undoable } from "./lists.js";

const typing = (target) => target.closest?.("input, textarea, select, dialog");

/** The values of a form as JSON: switches as booleans, numbers as numbers. */
export function valuesOf(form) {
  const fields = [...form.elements].filter((field) => field.name);
  const read = (field) => (field.type === "checkbox" ? field.checked : field.type === "number" ? Number(field.value) : field.value.trim());
  return Object.fromEntries(fields.map((field) => [field.name, read(field)]));
}

export class ServedList {
  #list = document.getElementById("queue");
  #sources = new WeakMap();

  constructor() {
    for (const row of this.#list.children) this.#sources.set(row, row.outerHTML);
    this.#list.addEventListener("click", (press) => this.#click(press));
    this.#list.addEventListener("submit", (submitted) => this.#submit(submitted));
    document.getElementById("queue-more").addEventListener("click", (press) => this.#more(press));
    const keys = new Set([...document.querySelectorAll("[data-press]")].map((button) => button.dataset.press));
    steered(this.#list, this.#keys(keys));
    addEventListener("keydown", (press) => this.#reach(press));
    this.#enter();
    const { every, later } = this.#list.dataset;
    if (every && later === undefined) setInterval(() => document.visibilityState === "visible" && navigator.onLine && this.refresh(), every * 1000);
  }

  /** Rows of later refreshes bring the same keys, so all letters are listened to. */
  #keys(keys) {
    const press = (key) => (row) => row.querySelector(`[data-press="${key}"]`)?.click();
    return Object.fromEntries([..."abdelrx", ...keys].map((key) => [key, press(key)]));
  }

  /** J and K come to the list from wherever one is; U takes the latest act back. */
  #reach(press) {
    if (typing(press.target) || press.ctrlKey || press.metaKey || press.altKey) return;
    if (press.key === "u") [...document.querySelectorAll("#toasts .button")].at(-1)?.click();
    else if ("jk".includes(press.key) && !press.target.closest("[data-key]")) this.#visible()[0]?.focus();
    else return;
    press.preventDefault();
  }

  #visible() {
    return [...this.#list.children].filter((row) => !row.hidden);
  }

  /** Tab reaches the first row that is there. */
  #enter() {
    const rows = this.#visible();
    rows.forEach((row, at) => (row.tabIndex = at ? -1 : 0));
    this.#list.hidden = rows.length === 0;
    document.getElementById("queue-clear").hidden = rows.length > 0;
  }

  async #click(press) {
    const button = press.target.closest("button[data-call]");
    if (!button || button.form) return;
    const row = button.closest("[data-key]");
    const { body, undo } = button.dataset;
    const data = body ? JSON.parse(body) : undefined;
    if (undo) return this.#later(row, button, data);
    if (await this.#isMeant(button)) await busy(button, () => this.#send(row, button, data));
  }

  /** The row goes at once, the request in ten seconds. */
  #later(row, button, data) {
    const next = neighbour(row);
    row.hidden = true;
    this.#enter();
    next?.focus();
    undoable(
      button.dataset.undo,
      () => this.#send(row, button, data),
      () => {
        row.hidden = false;
        this.#enter();
        row.focus();
      },
    );
  }

  async #submit(submitted) {
    submitted.preventDefault();
    const form = submitted.target;
    const button = submitted.submitter ?? form.querySelector("[data-call]");
    complain(form, "");
    const data = { ...valuesOf(form), ...JSON.parse(button.dataset.body ?? "{}") };
    if (await this.#isMeant(button)) await busy(button, () => this.#send(form.closest("[data-key]"), button, data, form));
  }

  async #isMeant({ dataset: { ask, words = "" }, textContent }) {
    return !ask || confirmed({ title: ask, words, act: textContent, danger: true });
  }

  async #send(row, button, data, form = null) {
    const [method, path] = button.dataset.call.split(" ");
    try {
      await call(method, path, data);
    } catch (refusal) {
      row.hidden = false;
      this.#enter();
      if (form && refusal.status !== 409) complain(form, refusal.message);
      else this.#refuse(row, refusal);
      return;
    }
    if (button.dataset.done) toast(button.dataset.done);
    if (button.dataset.stays !== undefined) {
      row.focus();
      return this.refresh(row);
    }
    const next = row.contains(document.activeElement) ? neighbour(row) : null;
    row.remove();
    this.#enter();
    next?.focus();
  }

  /** What was refused is said at the row; one that somebody else dealt with can only be put away. */
  #refuse(row, refusal) {
    row.querySelector(".refused")?.remove();
    const words = make("p", { className: "refused problem-line", role: "alert", textContent: refusal.message });
    row.append(words);
    if (refusal.status !== 409 && refusal.status !== 404) return;
    row.classList.add("stale");
    row.querySelector(".acts, form")?.remove();
    const gone = make("button", { type: "button", className: "button", textContent: "Put away" });
    gone.addEventListener("click", () => {
      const next = neighbour(row);
      row.remove();
      this.#enter();
      next?.focus();
    });
    row.append(gone);
  }

  /** Ask the server for the page again and take over what changed; what one works on is left alone, but for `changed`. */
  async refresh(changed = null) {
    const fresh = await this.#fetch(location.href);
    if (!fresh) return;
    const rows = new Map([...fresh.querySelectorAll("#queue > [data-key]")].map((row) => [row.dataset.key, row]));
    const isWhole = fresh.getElementById("queue-more").hidden;
    const last = [...rows.keys()].at(-1) ?? "";
    for (const row of [...this.#list.children]) {
      const own = row.dataset.key;
      const isInWork = row !== changed && (row.hidden || row.classList.contains("stale") || row.contains(document.activeElement));
      if (!rows.has(own) && (isWhole || own > last) && !isInWork) row.remove();
      else if (rows.has(own) && rows.get(own).outerHTML !== this.#sources.get(row) && !isInWork) row.replaceWith(this.#adopt(rows.get(own)));
      rows.delete(own);
    }
    for (const row of [...rows.values()].reverse()) this.#insert(this.#adopt(row));
    localTimes(this.#list);
    this.#enter();
    if (changed) this.#list.querySelector(`[data-key="${CSS.escape(changed.dataset.key)}"]`)?.focus();
  }

  #adopt(row) {
    const own = document.importNode(row, true);
    this.#sources.set(own, row.outerHTML);
    return own;
  }

  /** Newest first: keys rise with time. */
  #insert(row) {
    const older = [...this.#list.children].find((one) => one.dataset.key < row.dataset.key);
    this.#list.insertBefore(row, older ?? null);
  }

  async #more(press) {
    const link = press.target.closest("a");
    if (!link) return;
    press.preventDefault();
    await busy(link, async () => {
      const later = await this.#fetch(link.href);
      if (!later) return toast("The next rows could not be read. Try again.", "bad");
      const rows = [...later.querySelectorAll("#queue > [data-key]")].map((row) => this.#adopt(row));
      this.#list.append(...rows);
      localTimes(this.#list);
      document.getElementById("queue-more").replaceWith(document.importNode(later.getElementById("queue-more"), true));
      document.getElementById("queue-more").addEventListener("click", (again) => this.#more(again));
      rows[0]?.focus();
    });
  }

  /** A page of this site as a document; null when it cannot be had now, which the next time mends. */
  async #fetch(address) {
    try {
      const answer = await fetch(address, { headers: { accept: "text/html" } });
      if (answer.redirected) await restore();
      const page = answer.ok && !answer.redirected ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
      return page?.getElementById("queue") ? page : null;
    } catch {
      return null;
    }
  }
}
