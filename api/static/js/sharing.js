// Sharing a page or a moment, and the banner of a moment that has just stood out.
import { make, toast } from "./dom.js";

const SHOWN_MS = 30_000;

/** Copy words; `name` says what they are. */
export async function copy(words, name) {
  try {
    await navigator.clipboard.writeText(words);
    toast(`${name} was copied.`);
  } catch {
    toast(`${name} could not be copied.`, "bad");
  }
}

/** Hand a link to the device's share sheet, or copy it where there is none. */
export async function share(title, url) {
  if (!navigator.share) return copy(url, "The address");
  try {
    await navigator.share({ title, url });
  } catch (error) {
    if (error.name !== "AbortError") toast("The address could not be shared.", "bad");
  }
}

/** Let a button share what its `data-url` names, or this page. */
export function shares(button) {
  button.hidden = false;
  button.addEventListener("click", () => share(button.dataset.title ?? document.title, new URL(button.dataset.url ?? location.href, location.href).href));
}

const counted = (number, name) => (number ? [`${number} ${name}${number === 1 ? "" : "s"}`] : []);

/** What `moment:detected` brings: what it was, and the way to share it. */
export class MomentBanner {
  #banner = document.getElementById("moment");
  #timer = 0;

  show({ momentId, messages, reactions, tokens }, stream) {
    clearTimeout(this.#timer);
    const address = `/w/${stream}/moments/${momentId}`;
    const words = [...counted(messages, "message"), ...counted(reactions, "reaction"), ...counted(tokens, "token")].join(", ");
    const button = make("button", { type: "button", className: "button primary small", textContent: "Share this moment", dataset: { url: address, title: "A moment on LiveStreamX" } });
    const close = make("button", { type: "button", className: "button quiet small", textContent: "Close" });
    shares(button);
    close.addEventListener("click", () => (this.#banner.hidden = true));
    this.#banner.replaceChildren(
      make("span", { className: "words" }, make("b", { textContent: "What a moment!" }), make("span", { textContent: ` ${words} in ten seconds` })),
      make("a", { className: "button small", href: address, textContent: "Look at it" }),
      button,
      close,
    );
    this.#banner.hidden = false;
    this.#timer = setTimeout(() => (this.#banner.hidden = true), SHOWN_MS);
  }
}
