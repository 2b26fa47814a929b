// What flies over the stage: one alert at a time from a short queue, and drops around it.
import { icon, make } from "./dom.js";

const MOST_WAITING = 20;
const STALE_MS = 60_000;
const SHORT_MS = 1_200;
const LEAVING_MS = 320;
const DROPS = { common: 8, rare: 14, epic: 20, legendary: 28 };
const WAYS = { "gift-confetti": "fall", "gift-crown": "fall", "gift-rocket": "fly" };

export class Overlays {
  #layer = document.getElementById("overlays");
  #words = document.getElementById("overlay-words");
  #queue = [];
  #playing = false;
  #longest;
  #still = matchMedia("(prefers-reduced-motion: reduce)");

  /** `longest`: how long one alert may last (ms). */
  constructor({ longest = 5_000 } = {}) {
    this.#longest = longest;
  }

  /** Queue an alert: `{actor, text, picture, rarity, comboCount, durationMs, kind}`; `begin` is called once it shows. */
  play(alert) {
    if (this.#queue.length >= MOST_WAITING) this.#queue.shift();
    this.#queue.push({ ...alert, at: Date.now() });
    if (!this.#playing) this.#next();
  }

  #next() {
    let alert;
    do alert = this.#queue.shift();
    while (alert && Date.now() - alert.at > STALE_MS);
    this.#playing = Boolean(alert);
    if (!alert) return;
    const shown = make(
      "div",
      { className: "alert", dataset: { rarity: alert.rarity, kind: alert.kind ?? "gift" } },
      icon(alert.picture, `icon ${alert.picture}`),
      make("div", {}, make("b", { textContent: alert.actor }), make("span", { textContent: alert.text })),
    );
    if (alert.comboCount > 1) shown.append(make("span", { className: "combo", textContent: `× ${alert.comboCount}` }));
    this.#layer.append(shown);
    this.#words.textContent = `${alert.actor} ${alert.text}`;
    alert.begin?.();
    if (!this.#still.matches) this.#scatter(alert);
    const lasts = this.#queue.length > 3 ? SHORT_MS : Math.min(alert.durationMs || 3_000, this.#longest);
    setTimeout(() => shown.classList.add("leaving"), lasts);
    setTimeout(() => {
      shown.remove();
      this.#next();
    }, lasts + LEAVING_MS);
  }

  /** A few drops of a picture, when motion is welcome. */
  drift(picture) {
    if (!this.#still.matches) this.#scatter({ picture, rarity: "common" }, 3);
  }

  #scatter({ picture, rarity }, some = 0) {
    const way = WAYS[picture] ?? "";
    const count = some || (way === "fly" ? 3 : DROPS[rarity] ?? DROPS.common);
    for (let drop = 0; drop < count; drop++) {
      const shown = icon(picture, `icon drop ${way} ${picture}`);
      shown.dataset.rarity = rarity;
      shown.style.left = `${way === "fly" ? 5 + drop * 22 : Math.random() * 96}%`;
      shown.style.animationDelay = `${Math.random() * 900}ms`;
      shown.style.setProperty("--sway", `${Math.random() * 8 - 4}rem`);
      shown.addEventListener("animationend", () => shown.remove());
      this.#layer.append(shown);
    }
  }
}
