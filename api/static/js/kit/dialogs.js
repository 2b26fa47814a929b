// Questions in a dialog of the page: modal, closed by Escape, and the focus returns to where it was.
import { make } from "../dom.js";
import { complain, onSubmit } from "./forms.js";

/** Open a `<dialog>` whose form has `method="dialog"`; the value of the button that closed it, "" when it was dismissed. */
export function answer(dialog, focused = null) {
  dialog.returnValue = "";
  dialog.showModal();
  focused?.focus();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true }));
}

/**
 * Ask before something that cannot be taken back; whether it was confirmed.
 * @param {{ title: string, words?: string, act: string, danger?: boolean }} question  `act` is what the button says
 */
export async function confirmed({ title, words = "", act, danger = false }) {
  const dialog = make(
    "dialog",
    { ariaLabel: title },
    make(
      "form",
      { method: "dialog", className: "stack" },
      make("h2", { textContent: title }),
      make("p", { textContent: words, hidden: !words }),
      make(
        "p",
        { className: "row end" },
        make("button", { className: "button", value: "", textContent: "Cancel", autofocus: danger }),
        make("button", { className: `button ${danger ? "danger" : "primary"}`, value: "yes", textContent: act, autofocus: !danger }),
      ),
    ),
  );
  document.body.append(dialog);
  try {
    return (await answer(dialog)) === "yes";
  } finally {
    dialog.remove();
  }
}

/**
 * Open a `<dialog>` of the template whose form goes to the API; it closes once `send(elements, subject)` is through, and
 * stays with the draft when that is refused. `prepare(elements)` fills the fields.
 * @returns {(subject: any, about?: string) => void} opens it; `about` is shown in its `[data-about]`
 */
export function formDialog(id, send, prepare = () => {}) {
  const dialog = document.getElementById(id);
  const form = dialog.querySelector("form");
  let subject = null;
  onSubmit(form, async (elements) => {
    await send(elements, subject);
    dialog.close();
  });
  form.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  return (about, words = "") => {
    subject = about;
    form.reset();
    complain(form, "");
    prepare(form.elements);
    for (const place of form.querySelectorAll("[data-about]")) place.textContent = words;
    dialog.showModal();
  };
}
