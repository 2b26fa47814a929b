// Badges: small medals beside names, and the celebration of what one has just earned.
import { icon, make } from "./dom.js";

const SHOWN_MS = 6_000;
const BESIDE_NAMES = 2;
const book = JSON.parse(document.getElementById("content").dataset.badges || "{}");

function medal(code) {
  const [name, picture, metal] = book[code] ?? [code.replaceAll("_", " "), "trophy", "bronze"];
  return make("span", { className: "medal", title: name, dataset: { metal } }, icon(picture), make("span", { className: "sr-only", textContent: name }));
}

/** The latest badges of somebody, for the place before their name. */
export function medals(codes = []) {
  return codes.slice(-BESIDE_NAMES).map(medal);
}

/** One's own levels and badges, one after the other. */
export class Celebrations {
  #place = document.getElementById("celebrations");
  #waiting = [];

  level(level) {
    this.#add(() => [make("span", { className: "rank", textContent: level }), this.#words(`Level ${level}!`, `${10 * level} bonus tokens are yours.`)]);
  }

  badge({ badge, name }) {
    this.#add(() => [medal(badge), this.#words(name, "You earned a badge.")]);
  }

  #words(lead, more) {
    return make("span", { className: "words" }, make("b", { textContent: lead }), make("small", { textContent: more }));
  }

  #add(parts) {
    this.#waiting.push(parts);
    if (this.#waiting.length === 1) this.#next();
  }

  #next() {
    const shown = make("p", { className: "celebration" }, ...this.#waiting[0]());
    this.#place.replaceChildren(shown);
    setTimeout(() => {
      shown.remove();
      this.#waiting.shift();
      if (this.#waiting.length) this.#next();
    }, SHOWN_MS);
  }
}
