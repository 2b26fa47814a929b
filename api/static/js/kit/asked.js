// What htmx asked for and did not get: said beside what asked for it, with a way to try again. What it asks for by itself, every
// few seconds, is left out: the next time mends it.
import { Refusal } from "../session.js";
import { trouble } from "./states.js";

/** Rendered as a page or not at all: the words are ours. */
const refusalOf = (xhr) =>
  new Refusal({ status: xhr.status, message: xhr.status ? "This could not be read just now" : undefined, requestId: xhr.getResponseHeader("x-request-id") ?? "" });

export function tellTroubleOfHtmx() {
  document.body.addEventListener("htmx:afterRequest", ({ detail: { elt, successful, xhr, requestConfig } }) => {
    if (!requestConfig.triggeringEvent) return;
    if (elt.nextElementSibling?.matches(".trouble")) elt.nextElementSibling.remove();
    if (successful) return;
    elt.after(trouble(refusalOf(xhr), () => (elt.matches("form") ? elt.requestSubmit() : elt.click())));
  });
}
