// The gift tray: sends each press once, keeps the balance, asks before large sums.
import { busy, make, showBalance } from "./dom.js";
import { answer } from "./kit/dialogs.js";
import { requestKey } from "../vendor/livestreamx/livestreamx.js";

const CONFIRM_TOKENS = 500;
const COMBO_MS = 6_000;
const REASONS = {
  insufficient_tokens: "That is more than you have.",
  not_live: "The stream is not live.",
  wallet_locked: "Your wallet is locked.",
  self_gift: "You cannot send gifts to yourself.",
  command_queue_full: "Many gifts wait for their turn. Nothing was charged; try again in a moment.",
  rate_limited: "That was fast. Wait a moment.",
  not_connected: "Not connected. Nothing was charged; try again in a moment.",
  connection_lost: "The connection stayed broken. Look at your balance before you try once more.",
  timeout: "No answer came. Look at your balance before you try once more.",
};

export class GiftTray {
  #buttons = [...document.querySelectorAll(".gift")];
  #says = document.getElementById("gift-says");
  #balance = null;
  #combo = { code: "", id: "", at: 0 };
  #room;

  constructor(room) {
    this.#room = room;
    const shown = document.querySelector(".gifts [data-balance]");
    if (shown) this.balance = Number(shown.textContent);
    for (const button of this.#buttons) button.addEventListener("click", () => this.#press(button));
    for (const choice of document.querySelectorAll("[name=qty]")) choice.addEventListener("change", () => this.#price());
  }

  set balance(tokens) {
    this.#balance = tokens;
    showBalance(tokens);
    this.#price();
  }

  open(isOpen) {
    if (this.#balance === null || document.querySelector("[data-owner]")) return;
    for (const button of this.#buttons) button.disabled = !isOpen;
  }

  get #quantity() {
    return Number(document.querySelector("[name=qty]:checked")?.value ?? 1);
  }

  #price() {
    for (const button of this.#buttons) {
      button.classList.toggle("poor", this.#balance !== null && Number(button.dataset.cost) * this.#quantity > this.#balance);
    }
  }

  #press(button) {
    const { code, name, cost } = button.dataset;
    const qty = this.#quantity;
    busy(button, async () => {
      const args = button.dataset.asks ? await this.#asked(button.dataset.asks) : undefined;
      if (args === null) return;
      if (cost * qty >= CONFIRM_TOKENS && !(await this.#confirmed(name, qty, cost * qty))) return;
      try {
        const { balance } = await this.#room.sendGift({ code, qty, comboId: this.#comboOf(code), args });
        this.balance = balance;
        this.#say(`${name}${qty > 1 ? ` × ${qty}` : ""} sent. Thank you!`);
      } catch (refusal) {
        this.#refuse(refusal);
      }
    });
  }

  #comboOf(code) {
    const now = Date.now();
    const goesOn = this.#combo.code === code && now - this.#combo.at < COMBO_MS;
    this.#combo = { code, id: goesOn ? this.#combo.id : requestKey(), at: now };
    return this.#combo.id;
  }

  /** What a gift that acts should do, or null when the sender thought better of it. */
  async #asked(name) {
    const dialog = document.getElementById("gift-args");
    for (const label of dialog.querySelectorAll("[data-asked]")) label.hidden = label.dataset.asked !== name;
    const input = dialog.querySelector(`[name=${name}]`);
    return (await answer(dialog, input)) === "send" ? { [name]: input.value } : null;
  }

  async #confirmed(name, qty, tokens) {
    const dialog = document.getElementById("gift-confirm");
    document.getElementById("gift-confirm-words").textContent = `${name}${qty > 1 ? ` × ${qty}` : ""} costs ${tokens} tokens. You have ${this.#balance}.`;
    return (await answer(dialog)) === "send";
  }

  #say(text, kind = "") {
    this.#says.className = `small ${kind}`;
    this.#says.textContent = text;
  }

  #refuse({ code, message }) {
    this.#say(`${REASONS[code] ?? message} `, "bad");
    if (code === "insufficient_tokens") this.#says.append(make("a", { href: "/wallet", textContent: "Get tokens" }));
  }
}

/** The picture of a gift, as the tray shows it. */
export function pictureOf(code) {
  const use = document.querySelector(`.gift[data-code="${CSS.escape(code)}"] use`);
  return use?.getAttribute("href").split("#")[1] ?? "gift";
}
