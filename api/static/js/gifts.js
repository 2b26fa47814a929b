// The gift tray: a tap sends what is chosen, a long press counts up, another tap in time goes on with the combo.
import { busy, make, showBalance } from "./dom.js";
import { answer } from "./kit/dialogs.js";
import { requestKey } from "../vendor/livestreamx/livestreamx.js";

const CONFIRM_TOKENS = 500;
const COMBO_MS = 3_000;
const MOST = 99;
const HOLD_MS = 450;
const RISE_MS = 180;
const LONG_MS = 3_600_000;
const REASONS = {
  insufficient_tokens: "That is more than you have.",
  not_live: "The stream is not live.",
  self_gift: "You cannot send gifts to yourself.",
  self_excluded: "You excluded yourself from spending.",
  velocity_limit: "A new account gives only so many tokens an hour.",
  blocked_term: "This channel does not have these words read out. Nothing was charged.",
  command_cooling: "That has just played, or others wait for their turn. Nothing was charged.",
  command_queue_full: "Many gifts wait for their turn. Nothing was charged; try again in a moment.",
  rate_limited: "That was fast.",
  not_connected: "Not connected. Nothing was charged; try again in a moment.",
  connection_lost: "The connection stayed broken. Look at your balance before you try once more.",
  timeout: "No answer came. Look at your balance before you try once more.",
};
const WAYS = {
  insufficient_tokens: ["/wallet", "Get tokens"],
  wallet_locked: ["/wallet", "See why"],
  spend_limit: ["/wallet#limits", "Your limits"],
  self_excluded: ["/wallet#limits", "Your limits"],
};
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export class GiftTray {
  #buttons = [...document.querySelectorAll(".gift")];
  #says = document.getElementById("gift-says");
  #balance = null;
  #combo = { code: "", id: "", at: 0, count: 0 };
  #fading = 0;
  #waiting = 0;
  #taps = 0;
  #room;

  constructor(room) {
    this.#room = room;
    const shown = document.querySelector(".gifts [data-balance]");
    if (shown) this.balance = Number(shown.textContent);
    for (const button of this.#buttons) this.#listen(button);
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

  /** A click sends what is chosen; a pointer that stays down counts up first and sends it all when it lets go. */
  #listen(button) {
    let held = 0;
    let rising = 0;
    const letGo = () => {
      clearInterval(rising);
      clearTimeout(rising);
      rising = 0;
    };
    const rise = () => {
      const affordable = Math.floor(this.#balance / Number(button.dataset.cost));
      held = Math.min(held + 1, MOST, Math.max(1, affordable));
      this.#count(button, `× ${held}`);
    };
    button.addEventListener("pointerdown", (press) => {
      if (press.button !== 0 || button.dataset.asks) return;
      held = 0;
      rising = setTimeout(() => {
        held = 1;
        rising = setInterval(rise, RISE_MS);
      }, HOLD_MS);
    });
    button.addEventListener("pointerup", letGo);
    for (const off of ["pointerleave", "pointercancel"]) {
      button.addEventListener(off, () => {
        if (held) this.#fade();
        held = 0;
        letGo();
      });
    }
    button.addEventListener("keydown", (press) => press.repeat && press.key === "Enter" && press.preventDefault());
    button.addEventListener("contextmenu", (press) => held && press.preventDefault());
    button.addEventListener("click", () => {
      const qty = held || this.#quantity;
      held = 0;
      this.#press(button, qty);
    });
  }

  /** Taps that come while one is on its way are sent together once it has arrived. */
  #press(button, qty) {
    if (button.getAttribute("aria-busy") === "true") {
      this.#taps += qty;
      this.#count(button, `× ${this.#combo.count + this.#taps + 1}`);
      return;
    }
    busy(button, async () => {
      for (let next = qty; next; ) {
        this.#taps = 0;
        const done = await this.#send(button, Math.min(next, MOST));
        next = done ? this.#taps : 0;
      }
    });
  }

  /** Whether it was sent. */
  async #send(button, qty) {
    const { code, name, cost } = button.dataset;
    const args = button.dataset.asks ? await this.#asked(button.dataset.asks) : undefined;
    if (args === null) return false;
    if (cost * qty >= CONFIRM_TOKENS && !(await this.#confirmed(name, qty, cost * qty))) {
      this.#fade();
      return false;
    }
    try {
      const { balance } = await this.#room.sendGift({ code, qty, comboId: this.#comboOf(code), args });
      this.balance = balance;
      this.#sent(button, name, qty);
      return true;
    } catch (refusal) {
      this.#fade();
      this.#refuse(refusal);
      return false;
    }
  }

  #comboOf(code) {
    const goesOn = this.#combo.code === code && Date.now() - this.#combo.at < COMBO_MS;
    if (!goesOn) this.#combo = { code, id: requestKey(), at: Date.now(), count: 0 };
    return this.#combo.id;
  }

  #sent(button, name, qty) {
    this.#combo.at = Date.now();
    this.#combo.count += qty;
    const { count } = this.#combo;
    this.#say(`${name}${qty > 1 ? ` × ${qty}` : ""} sent. ${count > qty ? `Combo ${count}!` : "Thank you!"}`);
    this.#count(button, count > 1 ? `× ${count}` : "Again?");
    this.#fading = setTimeout(() => this.#fade(), COMBO_MS);
  }

  /** The counter on the button, with as long as the combo waits for more. */
  #count(button, words) {
    this.#fade();
    button.append(make("span", { className: "combo", ariaHidden: "true", textContent: words }));
  }

  #fade() {
    clearTimeout(this.#fading);
    document.querySelector(".gift .combo")?.remove();
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
    clearTimeout(this.#waiting);
    this.#says.className = `small ${kind}`;
    this.#says.textContent = text;
  }

  /** Why it was refused, when it may be tried again, and what can be done about it. Nothing was charged. */
  #refuse({ code, message, retryAfterMs }) {
    const reason = REASONS[code] ?? message;
    const until = Date.now() + (retryAfterMs || 0);
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      const when = left <= 0 ? (retryAfterMs ? " You can try again." : "") : left * 1000 > LONG_MS ? ` Again from ${DATE.format(until)}.` : ` Try again in ${left} s.`;
      this.#say(`${reason.replace(/[.!]?$/, ".")}${when} `, "bad");
      if (WAYS[code]) this.#says.append(make("a", { href: WAYS[code][0], textContent: WAYS[code][1] }));
      if (left > 0 && left * 1000 <= LONG_MS) this.#waiting = setTimeout(tick, 1_000);
    };
    tick();
  }
}

/** Whether a frame only says that a combo is over: its gift was shown before. */
export function endsStreak({ comboId, comboFinal }) {
  return Boolean(comboId) && comboFinal;
}

/** The picture of a gift, as the tray shows it. */
export function pictureOf(code) {
  const use = document.querySelector(`.gift[data-code="${CSS.escape(code)}"] use`);
  return use?.getAttribute("href").split("#")[1] ?? "gift";
}
