// The list of what is ready: while a new stream is written, what its form holds counts at once.
import { put } from "./words.js";

export function bindChecklist(list, form) {
  const count = () => {
    for (const row of list.querySelectorAll("[data-field]")) {
      const isDone = Boolean(form.elements[row.dataset.field].value.trim());
      row.dataset.done = isDone || "";
      put(row.querySelector("[data-state]"), isDone ? "Done: " : "To do: ");
    }
    const rows = [...list.children];
    const done = rows.filter(({ dataset }) => dataset.done).length;
    document.getElementById("ready").value = done;
    put(document.getElementById("ready-words"), `${done} of ${rows.length}`);
  };
  form.addEventListener("input", count);
  list.addEventListener("click", (press) => {
    const field = press.target.closest("[data-field]")?.dataset.field;
    if (!field) return;
    press.preventDefault();
    form.elements[field].focus();
  });
  count();
}
