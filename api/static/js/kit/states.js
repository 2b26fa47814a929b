// A part of a page that loads: skeleton, content, nothing there, or what went wrong and a way to try again.
import { icon, make } from "../dom.js";

/**
 * Show one of `[data-when=loading|ready|empty|error]` inside the part, whose `data-state` says which.
 * @param {HTMLElement} part
 */
export function showState(part, state) {
  part.dataset.state = state;
  part.setAttribute("aria-busy", String(state === "loading"));
  for (const piece of part.querySelectorAll(":scope > [data-when]")) piece.hidden = piece.dataset.when !== state;
}

/** What went wrong, with the request's id for whoever asks us about it, and a button that tries again. */
export function trouble(refusal, retry) {
  const again = make("button", { type: "button", className: "button", textContent: "Try again" });
  again.addEventListener("click", retry);
  const words = make("p", { textContent: refusal.message });
  const request = make("p", { className: "small muted", hidden: !refusal.requestId }, "Request ", make("code", { textContent: refusal.requestId ?? "" }));
  return make("div", { className: "trouble", role: "alert" }, icon("warn"), words, request, again);
}

/**
 * Fill a part by `load()`, which says whether there is anything to show; tried again on request, and by itself once the
 * browser is back online.
 */
export async function fill(part, load) {
  showState(part, "loading");
  try {
    showState(part, (await load()) ? "ready" : "empty");
  } catch (refusal) {
    const again = () => {
      removeEventListener("online", again);
      fill(part, load);
    };
    addEventListener("online", again);
    part.querySelector(":scope > [data-when=error]").replaceChildren(trouble(refusal, again));
    showState(part, "error");
  }
}
