// Lists that change: rows kept by key, one in focus at a time, acted on by single keys, with a while to undo.
import { make } from "../dom.js";

/** Make the list's rows those of `items`, in their order; a row that stays keeps its element, and so its focus. */
export function keyed(list, items, keyOf, draw) {
  const known = new Map([...list.children].map((row) => [row.dataset.key, row]));
  const rows = items.map((item) => {
    const key = String(keyOf(item));
    const row = draw(item, known.get(key) ?? null);
    row.dataset.key = key;
    return row;
  });
  for (const row of list.children) if (!rows.includes(row)) row.remove();
  rows.forEach((row, at) => list.children[at] !== row && list.insertBefore(row, list.children[at] ?? null));
}

/**
 * Arrow keys (or j and k) move between the rows; a key of `acts` acts on the row in focus: `{ d: (row) => ... }`.
 * Nothing happens while somebody types.
 */
export function steered(list, acts = {}) {
  const steps = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };
  list.addEventListener("keydown", (press) => {
    const row = press.target.closest("[data-key]");
    if (!row || press.target.matches("input, textarea, select") || press.ctrlKey || press.metaKey || press.altKey) return;
    const rows = [...list.children].filter((one) => !one.hidden);
    if (press.key in steps) rows[rows.indexOf(row) + steps[press.key]]?.focus();
    else if (press.key in acts) acts[press.key](row);
    else return;
    press.preventDefault();
  });
}

/** The row that gets the focus when this one goes: the next that is shown, else the one before. */
export function neighbour(row) {
  const rows = [...row.parentElement.children].filter((one) => one === row || !one.hidden);
  const at = rows.indexOf(row);
  return rows[at + 1] ?? rows[at - 1] ?? null;
}

const UNDO_MS = 10_000;

/**
 * Do something that may be undone: it happens after ten seconds, or when the page is left, unless Undo is pressed.
 * `undone` puts back what was shown.
 */
export function undoable(words, act, undone) {
  const button = make("button", { type: "button", className: "button quiet", textContent: "Undo" });
  const shown = make("p", { className: "toast" }, make("span", { textContent: words }), button);
  const settle = (work) => {
    clearTimeout(timer);
    removeEventListener("pagehide", finish);
    shown.remove();
    work();
  };
  const finish = () => settle(act);
  const timer = setTimeout(finish, UNDO_MS);
  addEventListener("pagehide", finish);
  button.addEventListener("click", () => settle(undone));
  document.getElementById("toasts").append(shown);
}

/** Tell what was done, and for ten seconds how to take it back. */
export function offerUndo(words, undo) {
  const button = make("button", { type: "button", className: "button quiet", textContent: "Undo" });
  const shown = make("p", { className: "toast" }, make("span", { textContent: words }), button);
  const timer = setTimeout(() => shown.remove(), UNDO_MS);
  button.addEventListener("click", () => {
    clearTimeout(timer);
    shown.remove();
    undo();
  });
  document.getElementById("toasts").append(shown);
}
