// Writing into the chat: a draft is never lost, a pause is counted down, and who is banned reads why and until when.
import { formDialog } from "./kit/dialogs.js";
import { make, timeLeft, toast } from "./dom.js";
import { call } from "./session.js";

const SHORT_BAN_MS = 60_000;
const REASONS = {
  rate_limited: "You write faster than the room can read.",
  blocked_term: "That contains a word which is not allowed here.",
  unauthenticated: "Sign in again to chat.",
  not_live: "The stream is not live.",
  not_connected: "Not connected: your text is kept, try again in a moment.",
  connection_lost: "The connection broke: look whether it was sent before you try again.",
  timeout: "No answer came: look whether it was sent before you try again.",
};

const inWords = (ms) => (ms < 100_000 ? `${Math.ceil(ms / 1000)} s` : timeLeft(new Date(Date.now() + ms).toISOString()));

/** The form below the chat; `send(text, replyTo)` resolves when the room has taken the message. */
export class Composer {
  #form = document.getElementById("chat-form");
  #refusal = document.getElementById("chat-refusal");
  #pause = document.getElementById("chat-pause");
  #replying = document.getElementById("chat-replying");
  #banned = document.getElementById("chat-banned");
  #timer = 0;
  #banTimer = 0;
  #answered = null;
  #isOpen = true;
  #isBanned = false;
  #hasAsked = false;
  #stream;

  constructor(send, stream) {
    this.#stream = stream;
    if (!this.#form) return;
    this.#form.addEventListener("submit", (submitted) => {
      submitted.preventDefault();
      this.#submit(send);
    });
    this.#form.addEventListener("keydown", (press) => press.key === "Escape" && this.reply(null));
    this.#replying.querySelector("button").addEventListener("click", () => this.reply(null));
    const plead = formDialog("plea-dialog", async ({ text }) => {
      await call("POST", `/api/streams/${stream}/unban-requests`, { text: text.value.trim() });
      this.#tell({ state: "open" });
    });
    this.#banned.querySelector("button").addEventListener("click", () => plead(null));
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#isBanned && this.#hasAsked && this.remind());
  }

  async #submit(send) {
    const input = this.#form.elements.text;
    const text = input.value.trim();
    if (!text || this.#timer || this.#form.dataset.sending) return;
    this.#form.dataset.sending = "true";
    this.#refusal.textContent = "";
    try {
      await send(text, this.#answered);
      if (input.value.trim() === text) input.value = "";
      this.reply(null);
    } catch (refusal) {
      this.#refuse(refusal);
    } finally {
      delete this.#form.dataset.sending;
      input.focus();
    }
  }

  open(isOpen) {
    this.#isOpen = isOpen;
    if (!this.#form) return;
    for (const control of this.#form.elements) control.disabled = !isOpen;
    this.#form.elements.text.placeholder = isOpen ? "Say something" : "The chat is closed";
  }

  /** Answer this message with the next one; null for none. */
  reply(message) {
    if (!this.#form) return;
    this.#answered = message?.messageId ?? null;
    this.#replying.hidden = !message;
    if (!message) return;
    this.#replying.firstElementChild.textContent = `Reply to ${message.user.handle}: ${message.text}`;
    this.#form.elements.text.focus();
  }

  /** Say why, and count down until it may be tried again; the draft stays. */
  #refuse({ code, message, retryAfterMs }) {
    const reason = REASONS[code] ?? `${message.replace(/[.]?$/, "")}.`;
    this.#refusal.textContent = retryAfterMs ? `${reason} Try again in ${inWords(retryAfterMs)}.` : reason;
    if (retryAfterMs) this.wait(retryAfterMs, "Next message", () => (this.#refusal.textContent = "You can send it now."));
  }

  /** Nothing is sent for so long; the countdown is shown, and `done` is called when it ends. */
  wait(ms, words, done = () => {}) {
    const button = this.#form.querySelector("button:not([type])");
    const until = Date.now() + ms;
    clearTimeout(this.#timer);
    const tick = () => {
      const left = until - Date.now();
      this.#timer = left > 0 ? setTimeout(tick, 250) : 0;
      button.disabled = left > 0 || !this.#isOpen;
      this.#pause.hidden = left <= 0;
      this.#pause.textContent = left > 0 ? `${words} in ${inWords(left)}` : "";
      if (left <= 0) done();
    };
    tick();
  }

  /** What made one wait is over, such as a mode that changed. */
  release() {
    if (this.#timer) this.wait(0, "");
    if (this.#refusal) this.#refusal.textContent = "";
  }

  /** Banned or not; `until` (a text, or null for good) and `reason` are told instead of the form. */
  ban({ banned, until = null, reason = "" }) {
    if (!this.#form) return;
    clearTimeout(this.#banTimer);
    const left = () => (until ? Date.parse(until) - Date.now() : Infinity);
    const isBanned = banned && left() > 0;
    if (this.#isBanned && !isBanned) this.#welcome();
    this.#isBanned = isBanned;
    this.#form.hidden = isBanned;
    this.#banned.hidden = !isBanned;
    if (!isBanned) return;
    const [words, ask] = this.#banned.children;
    const wait = make("b", { textContent: until ? inWords(left()) : "" });
    words.replaceChildren(until ? "You are timed out for another " : "You are banned from this channel", wait, reason ? `: ${reason}` : ".");
    ask.hidden = left() < SHORT_BAN_MS;
    const tick = () => {
      if (left() <= 0) return this.ban({ banned: false });
      wait.textContent = inWords(left());
      this.#banTimer = setTimeout(tick, 500);
    };
    if (until) tick();
    if (!ask.hidden) this.remind();
  }

  /** Say again what became of one's request, which may have been answered meanwhile. */
  async remind() {
    const asked = await this.#recall();
    if (asked && asked.state !== "accepted" && this.#isBanned) this.#tell(asked);
  }

  /** What one asked of the moderators; null for nothing, and when it cannot be read now. */
  #recall() {
    return call("GET", `/api/streams/${this.#stream}/unban-requests`).catch(() => null);
  }

  /** That a request waits, or what was answered; one asks once a ban. */
  #tell(asked) {
    this.#hasAsked = true;
    const [words, ask] = this.#banned.children;
    ask.hidden = true;
    words.querySelector(".asked")?.remove();
    const told = asked.state === "open" ? "Your request waits for a moderator." : `Your request was denied${asked.answer ? `: ${asked.answer}` : "."}`;
    words.append(make("span", { className: "asked", textContent: ` ${told}` }));
  }

  /** Back again; what a moderator wrote stays until the next message. */
  async #welcome() {
    toast("You can write again.");
    const asked = this.#hasAsked ? await this.#recall() : null;
    this.#hasAsked = false;
    if (asked?.answer) this.#refusal.textContent = `A moderator answered: ${asked.answer}`;
  }
}
