// The mood of the room: the light of the page by the creator's map, the wheel and who may turn it.
import { toast } from "./dom.js";

const STEPS = 20;
const RESTS_MS = 1_000;
const LEAST_DWELL_S = 10;

export class MoodPanel {
  #page = document.getElementById("content");
  #buttons = [...document.querySelectorAll("[data-react]")];
  #name = document.getElementById("mood-name");
  #reactors = document.getElementById("mood-reactors");
  #picture = document.querySelector(".now-icon use");
  #map = JSON.parse(this.#page.dataset.looks || "{}");
  #dressedAt = -Infinity;
  #next = "";
  #timer = 0;

  /** `ask(event, data)` sends a frame and resolves with its ack. */
  constructor(ask) {
    for (const button of this.#buttons) button.addEventListener("click", () => this.#react(button, ask));
    const tint = document.getElementById("tint");
    const show = (isOn) => {
      this.#page.dataset.tint = isOn ? "on" : "off";
      tint.setAttribute("aria-pressed", String(isOn));
    };
    show(localStorage.getItem("tint") !== "off");
    tint.hidden = false;
    tint.addEventListener("click", () => {
      const isOn = this.#page.dataset.tint === "off";
      localStorage.setItem("tint", isOn ? "on" : "off");
      show(isOn);
    });
    this.#wear(this.#page.dataset.mood);
  }

  show({ mood, shares, reactors }) {
    this.#dress(mood);
    this.#name.textContent = mood;
    this.#reactors.textContent = reactors ? `${reactors} reacting` : "";
    this.#picture.setAttribute("href", `${document.body.dataset.icons}#${mood}`);
    for (const bar of document.querySelectorAll("[data-share]")) {
      const share = shares[bar.dataset.share] ?? 0;
      bar.dataset.level = Math.round(share * STEPS);
      bar.firstElementChild.textContent = `${Math.round(share * 100)} %`;
    }
  }

  open(isOpen) {
    if (!document.body.dataset.viewer) return;
    for (const button of this.#buttons) button.disabled = !isOpen;
  }

  /** A look stays as long as its creator wants, and at least ten seconds. */
  #dress(mood) {
    this.#next = mood;
    const dwell = Math.max(LEAST_DWELL_S, this.#map.dwellSeconds ?? 0) * 1_000;
    clearTimeout(this.#timer);
    const change = () => {
      if (this.#page.dataset.mood === this.#next) return;
      this.#dressedAt = Date.now();
      this.#wear(this.#next);
    };
    this.#timer = setTimeout(change, Math.max(0, this.#dressedAt + dwell - Date.now()));
  }

  #wear(mood) {
    const { style, dataset } = this.#page;
    const look = this.#map.looks?.[mood];
    dataset.mood = mood;
    dataset.effect = look?.effect ?? "none";
    document.querySelector("[data-scene]").dataset.moodOverlay = look && look.overlay !== "none" ? look.overlay : "";
    const worn = { "--look-glow": look?.glow, "--look-surface": look?.surface, "--look-text": look?.text, "--beat": look && `${1 / look.hertz}s` };
    for (const [name, value] of Object.entries(worn)) {
      if (value) style.setProperty(name, value);
      else style.removeProperty(name);
    }
    dataset.look = look ? "own" : "plain";
  }

  async #react(button, ask) {
    if (button.classList.contains("sent")) return;
    button.classList.add("sent");
    setTimeout(() => button.classList.remove("sent"), RESTS_MS);
    try {
      await ask("mood:react", { mood: button.dataset.react });
    } catch ({ code, message }) {
      if (code !== "rate_limited") toast(message, "bad");
    }
  }
}
