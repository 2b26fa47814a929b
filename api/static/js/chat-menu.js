// The menu of a chat line: a popover with roving focus, opened by a line's button, closed by Escape, which gives the focus back.
import { make } from "./dom.js";

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

export class Menu {
  #menu = document.getElementById("chat-menu");
  #opener = null;

  constructor() {
    this.#menu.addEventListener("keydown", (press) => this.#move(press));
    this.#menu.addEventListener("toggle", ({ newState }) => newState === "closed" && this.#closed());
  }

  /** Open at the button. @param {{ words: string, act: () => void, danger?: boolean }[]} entries */
  open(button, title, entries) {
    this.#opener = button;
    button.setAttribute("aria-expanded", "true");
    this.#menu.setAttribute("aria-label", title);
    this.#menu.replaceChildren(...entries.map((entry) => this.#item(entry)));
    this.#menu.showPopover();
    const at = button.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.#menu;
    this.#menu.style.left = `${Math.max(8, Math.min(at.right - width, innerWidth - width - 8))}px`;
    this.#menu.style.top = `${at.bottom + height + 8 > innerHeight ? Math.max(8, at.top - height - 4) : at.bottom + 4}px`;
    this.#menu.firstElementChild.focus();
  }

  #item({ words, act, danger = false }) {
    const item = make("button", { type: "button", role: "menuitem", tabIndex: -1, className: danger ? "danger" : "", textContent: words });
    item.addEventListener("click", () => {
      this.#menu.hidePopover();
      act();
    });
    return item;
  }

  #closed() {
    this.#opener?.removeAttribute("aria-expanded");
    if (this.#menu.contains(document.activeElement) || document.activeElement === document.body) this.#opener?.focus();
  }

  #move(press) {
    const items = [...this.#menu.children];
    const at = items.indexOf(document.activeElement);
    if (press.key in STEPS) items.at((at + STEPS[press.key]) % items.length).focus();
    else if (press.key === "Home") items[0].focus();
    else if (press.key === "End") items.at(-1).focus();
    else if (press.key === "Tab") this.#menu.hidePopover();
    else return;
    press.preventDefault();
  }
}
