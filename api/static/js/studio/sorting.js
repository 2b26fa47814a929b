// A list that is put in order by its grips: dragged with any pointer, or moved by the arrow keys.

const rowsOf = (list) => [...list.children].filter((row) => row.querySelector("[data-grip]"));

/** `onMove(row, index)` is told where a row has come to; the list is in its new order by then. */
export function sortable(list, onMove) {
  let dragged = null;
  let began = 0;

  const settle = () => {
    if (!dragged) return;
    const row = dragged;
    dragged = null;
    row.removeAttribute("data-dragged");
    const index = rowsOf(list).indexOf(row);
    if (index !== began) onMove(row, index);
  };

  list.addEventListener("pointerdown", (press) => {
    const grip = press.target.closest("[data-grip]");
    if (!grip || press.button) return;
    dragged = grip.closest("li");
    began = rowsOf(list).indexOf(dragged);
    dragged.dataset.dragged = "";
    grip.setPointerCapture(press.pointerId);
  });
  list.addEventListener("pointermove", ({ clientY }) => {
    if (!dragged) return;
    const over = rowsOf(list).find((row) => {
      const { top, bottom } = row.getBoundingClientRect();
      return row !== dragged && clientY > top && clientY < bottom;
    });
    if (!over) return;
    const { top, height } = over.getBoundingClientRect();
    if (clientY < top + height / 2) over.before(dragged);
    else over.after(dragged);
  });
  list.addEventListener("pointerup", settle);
  list.addEventListener("pointercancel", settle);

  list.addEventListener("keydown", (press) => {
    const grip = press.target.closest("[data-grip]");
    const step = { ArrowUp: -1, ArrowDown: 1 }[press.key];
    if (!grip || !step) return;
    press.preventDefault();
    const rows = rowsOf(list);
    const row = grip.closest("li");
    const index = rows.indexOf(row) + step;
    if (index < 0 || index >= rows.length) return;
    if (step < 0) rows[index].before(row);
    else rows[index].after(row);
    grip.focus();
    onMove(row, index);
  });
}
