// The mood of the room: the tint of the page, the wheel and who may turn it.
import { toast } from "./dom.js";

const STEPS = 20;
const RESTS_MS = 1_000;

export class MoodPanel {
  #page = document.getElementById("content");
  #buttons = [...document.querySelectorAll("[data-react]")];
  #name = document.getElementById("mood-name");
  #reactors = document.getElementById("mood-reactors");
  #picture = document.querySelector(".now-icon use");

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
  }

  show({ mood, shares, reactors }) {
    this.#page.dataset.mood = mood;
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
