// Forms that go to the API: busy while they are sent, refusals where they belong, and a draft that is never lost.
import { busy } from "../dom.js";

/** Say what is wrong in the form's `[data-problem]`, at a field when one is named; "" takes it back. */
export function complain(form, message, field = "") {
  const place = form.querySelector("[data-problem]");
  place.textContent = message;
  place.hidden = !message;
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  const input = field && form.elements[field];
  if (!input) return;
  input.setAttribute("aria-invalid", "true");
  input.focus();
}

const waiting = new WeakMap();

/** Count down in the button until it may be pressed again. */
function rest(button, ms) {
  const words = waiting.get(button)?.words ?? button.textContent;
  const until = Date.now() + ms;
  clearInterval(waiting.get(button)?.timer);
  const tick = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    button.disabled = left > 0;
    button.textContent = left > 0 ? `${words} (${left} s)` : words;
    if (left <= 0) {
      clearInterval(timer);
      waiting.delete(button);
    }
  };
  const timer = setInterval(tick, 250);
  waiting.set(button, { words, timer });
  tick();
}

/**
 * Send a form by `send(elements, submitter)`. What it throws is shown: `fields` maps a refusal's code to the field it is
 * about, a refusal of the whole body (`errors`) names its own, and one that says when to try again counts down.
 * @param {HTMLFormElement} form
 * @param {(elements: HTMLFormControlsCollection, submitter: HTMLButtonElement) => Promise<unknown>} send
 */
export function onSubmit(form, send, fields = {}) {
  form.addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    const button = submitted.submitter ?? form.querySelector("button:not([type=button])");
    if (waiting.has(button)) return;
    complain(form, "");
    busy(button, async () => {
      try {
        await send(form.elements, button);
      } catch (refusal) {
        complain(form, refusal.message, fields[refusal.code] ?? "");
        if (refusal.retryAfterMs) rest(button, refusal.retryAfterMs);
      }
    });
  });
}
