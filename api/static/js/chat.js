// The chat of a room: lines in batches, bounded, pinned to the newest; a composer that never loses a draft.
import { clock, icon, make } from "./dom.js";

const MOST_LINES = 300;
const NEAR_PX = 48;
const SPEAK_MS = 4_000;
const SPEAK_LINES = 3;
const NAME_HUES = 8;
const REASONS = {
  rate_limited: "You write faster than the room can read.",
  slow_mode: "The room is in slow mode.",
  muted: "You are muted here.",
  banned: "You are banned from this chat.",
  blocked_term: "That contains a word which is not allowed here.",
  unauthenticated: "Sign in again to chat.",
  not_live: "The stream is not live.",
  not_connected: "Not connected: your text is kept, try again in a moment.",
  connection_lost: "The connection broke: look whether it was sent before you try again.",
  timeout: "No answer came: look whether it was sent before you try again.",
};

function crc32(text) {
  let crc = -1;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ -1) >>> 0;
}

function chatLine({ messageId, user, text, createdAt }, me) {
  const at = new Date(createdAt);
  const line = make(
    "li",
    { className: user.handle === me ? "own" : "", dataset: { message: messageId } },
    make("time", { dateTime: createdAt, textContent: clock(at) }),
    " ",
  );
  if (user.level > 1) line.append(make("span", { className: "level", title: `Level ${user.level}`, textContent: user.level }), " ");
  line.append(
    make("b", { className: "name", dataset: { hue: crc32(user.handle) % NAME_HUES }, textContent: user.handle }),
    " ",
    make("span", { className: "text", textContent: text }),
  );
  return line;
}

function giftLine(gift, picture) {
  return make(
    "li",
    { className: "gift-line", dataset: { rarity: gift.rarity } },
    icon(picture, `icon ${picture}`),
    make("span", {}, make("b", { textContent: gift.user.handle }), ` sent ${gift.name}${gift.qty > 1 ? ` × ${gift.qty}` : ""}`),
  );
}

/** The list of lines. `say`, `celebrate` and `reset` only queue; one frame of the screen shows all that has come. */
export class ChatLog {
  #list = document.getElementById("chat-log");
  #scroller = document.getElementById("chat-scroller");
  #jump = document.getElementById("chat-jump");
  #announcer = document.getElementById("chat-announcer");
  #queue = [];
  #frame = 0;
  #pinned = true;
  #unseen = 0;
  #unspoken = [];
  #speaks = true;
  #me;

  constructor(me) {
    this.#me = me;
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#jump.addEventListener("click", () => this.#toEnd());
    new ResizeObserver(() => this.#pinned && this.#toEnd()).observe(this.#scroller);
    setInterval(() => this.#speak(), SPEAK_MS);
    const announce = document.getElementById("announce");
    announce.hidden = false;
    announce.addEventListener("click", () => {
      this.#speaks = !this.#speaks;
      announce.setAttribute("aria-pressed", String(this.#speaks));
    });
    this.#toEnd();
  }

  say(message) {
    this.#unspoken.push(`${message.user.handle}: ${message.text}`);
    this.#push(() => chatLine(message, this.#me));
  }

  celebrate(gift, picture) {
    this.#push(() => giftLine(gift, picture));
  }

  /** Show these messages instead of everything before. */
  reset(messages) {
    this.#queue = messages.map((message) => () => chatLine(message, this.#me));
    this.#unspoken = [];
    this.#list.replaceChildren();
    this.#schedule();
  }

  #push(line) {
    this.#queue.push(line);
    if (this.#queue.length > MOST_LINES) this.#queue.shift();
    this.#schedule();
  }

  #schedule() {
    this.#frame ||= requestAnimationFrame(() => this.#show());
  }

  #show() {
    this.#frame = 0;
    const lines = this.#queue.map((make) => make());
    this.#queue = [];
    this.#list.append(...lines);
    const surplus = this.#list.children.length - MOST_LINES;
    for (let count = 0; count < surplus; count++) this.#list.firstElementChild.remove();
    document.getElementById("chat-empty").hidden = this.#list.children.length > 0;
    if (this.#pinned) this.#toEnd();
    else {
      this.#unseen += lines.length;
      this.#jump.hidden = false;
      this.#jump.lastElementChild.textContent = this.#unseen === 1 ? "1 new message" : `${Math.min(this.#unseen, MOST_LINES)} new messages`;
    }
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    this.#pinned = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    if (this.#pinned) this.#seen();
  }

  #toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#pinned = true;
    this.#seen();
  }

  #seen() {
    this.#unseen = 0;
    this.#jump.hidden = true;
  }

  /** A screen reader is told the last lines now and then, not each line when it comes. */
  #speak() {
    const lines = this.#unspoken;
    this.#unspoken = [];
    if (!this.#speaks || !lines.length) return;
    const more = lines.length - SPEAK_LINES;
    this.#announcer.textContent = `${lines.slice(-SPEAK_LINES).join(". ")}${more > 0 ? `. And ${more} more.` : ""}`;
  }
}

/** The form below the chat; `send(text)` resolves when the room has taken the message. */
export class Composer {
  #form = document.getElementById("chat-form");
  #refusal = document.getElementById("chat-refusal");
  #timer = 0;

  constructor(send) {
    if (!this.#form) return;
    this.#form.addEventListener("submit", async (submitted) => {
      submitted.preventDefault();
      const input = this.#form.elements.text;
      const text = input.value.trim();
      if (!text || this.#timer || this.#form.dataset.sending) return;
      this.#form.dataset.sending = "true";
      this.#refusal.textContent = "";
      try {
        await send(text);
        if (input.value.trim() === text) input.value = "";
      } catch (refusal) {
        this.#refuse(refusal);
      } finally {
        delete this.#form.dataset.sending;
        input.focus();
      }
    });
  }

  open(isOpen) {
    if (!this.#form) return;
    for (const control of this.#form.elements) control.disabled = !isOpen;
    this.#form.elements.text.placeholder = isOpen ? "Say something" : "The chat is closed";
  }

  /** Say why, and count down until it may be tried again; the draft stays. */
  #refuse({ code, message, retryAfterMs }) {
    const reason = REASONS[code] ?? message;
    const until = Date.now() + (retryAfterMs || 0);
    const button = this.#form.querySelector("button");
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      this.#timer = left > 0 ? setTimeout(tick, 250) : 0;
      button.disabled = left > 0;
      const words = left > 0 ? `${reason} Try again in ${left} s.` : retryAfterMs ? "You can send it now." : reason;
      if (this.#refusal.textContent !== words) this.#refusal.textContent = words;
    };
    tick();
  }
}
