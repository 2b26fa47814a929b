// The lines of a room's chat: shown in batches, bounded, pinned to the newest; each can be acted upon by its button.
import { medals } from "./badges.js";
import { clock, icon, make } from "./dom.js";

const MOST_LINES = 300;
const NEAR_PX = 48;
const SPEAK_MS = 4_000;
const SPEAK_LINES = 3;
const NAME_HUES = 8;
const HELD = { held: "Waiting for a moderator: only you see this.", rejected: "A moderator did not let this through." };
const GONE = "a message that was deleted";
const STEPS = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" };

function crc32(text) {
  let crc = -1;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ -1) >>> 0;
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
  #shown = new Map();
  #held = new Map();
  #me;
  #act;

  /** `act(button, message)` is what a line's button does; without it lines have none. */
  constructor(me, act = null) {
    this.#me = me;
    this.#act = act;
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#jump.addEventListener("click", () => this.#toEnd());
    this.#list.addEventListener("keydown", (press) => this.#move(press));
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
    if (this.#held.delete(message.messageId)) this.#remove((one) => one.messageId === message.messageId);
    this.#unspoken.push(message);
    this.#push({ message });
  }

  celebrate(gift, picture) {
    this.#push({ line: () => giftLine(gift, picture) });
  }

  /** Something that happened in the channel, as a line between the messages. */
  announce(words, picture) {
    this.#push({ line: () => make("li", { className: "gift-line", dataset: { rarity: "rare" } }, icon(picture, `icon ${picture}`), make("span", { textContent: words })) });
  }

  /** Show these messages instead of everything before, but for one's own that still wait. */
  reset(messages) {
    for (const { messageId } of messages) this.#held.delete(messageId);
    this.#queue = [...messages, ...this.#held.values()].map((message) => ({ message }));
    this.#unspoken = [];
    this.#shown.clear();
    this.#list.replaceChildren();
    this.#schedule();
  }

  /** One's own message that a moderator looks at first. */
  hold(message) {
    const held = { ...message, state: "held" };
    this.#held.set(message.messageId, held);
    this.#push({ message: held });
  }

  /** What became of it; an approved one comes as any other. */
  decide({ messageId, state }) {
    const held = this.#held.get(messageId);
    if (!held || state === "approved") return;
    held.state = state;
    const note = this.#lineOf(messageId)?.querySelector(".held-note");
    if (note) note.textContent = HELD[state];
  }

  delete(messageId) {
    this.#remove((message) => message.messageId === messageId);
  }

  /** What this person, or with null anybody, has said. */
  clear(userId) {
    this.#remove((message) => userId === null || message.user.id === userId);
  }

  /** The message that is shown under this id. */
  find(messageId) {
    return this.#shown.get(messageId);
  }

  #lineOf(messageId) {
    return this.#list.querySelector(`[data-message="${CSS.escape(messageId)}"]`);
  }

  #remove(isGone) {
    this.#queue = this.#queue.filter(({ message }) => !message || !isGone(message));
    this.#unspoken = this.#unspoken.filter((message) => !isGone(message));
    for (const message of [...this.#shown.values()].filter(isGone)) {
      this.#shown.delete(message.messageId);
      const line = this.#lineOf(message.messageId);
      if (line.contains(document.activeElement)) (line.nextElementSibling ?? line.previousElementSibling)?.querySelector(".more")?.focus();
      line.remove();
      for (const quote of this.#list.querySelectorAll(`[data-quotes="${CSS.escape(message.messageId)}"]`)) quote.textContent = GONE;
    }
    this.#tidy();
  }

  #line(message) {
    const { messageId, user, text, createdAt, replyTo, state } = message;
    const line = make(
      "li",
      { className: user.handle === this.#me ? "own" : "", dataset: { message: messageId, user: user.id ?? "" } },
      make("time", { dateTime: createdAt, textContent: clock(new Date(createdAt)) }),
      " ",
    );
    if (user.level > 1) line.append(make("span", { className: "level", title: `Level ${user.level}`, textContent: user.level }), " ");
    line.append(...medals(user.badges), make("b", { className: "name", dataset: { hue: crc32(user.handle) % NAME_HUES }, textContent: user.handle }), " ");
    if (replyTo) line.prepend(this.#quote(replyTo));
    line.append(make("span", { className: "text", textContent: text }));
    if (state) {
      line.classList.add("held");
      line.append(make("span", { className: "held-note", textContent: HELD[state] }));
    } else if (this.#act) line.append(this.#more(message));
    this.#shown.set(messageId, message);
    return line;
  }

  #quote(messageId) {
    const answered = this.#shown.get(messageId);
    const words = answered ? `${answered.user.handle}: ${answered.text}` : "an earlier message";
    return make("span", { className: "quote" }, make("span", { className: "sr-only", textContent: "In answer to " }), make("span", { dataset: { quotes: messageId }, textContent: words }));
  }

  #more(message) {
    const button = make("button", { type: "button", className: "more", tabIndex: -1, ariaLabel: `Act on ${message.user.handle}'s message`, ariaHasPopup: "menu", textContent: "⋯" });
    button.addEventListener("click", () => this.#act(button, message));
    return button;
  }

  /** Arrow keys move from line to line; Escape goes back to writing. */
  #move(press) {
    const line = press.target.matches(".more") && press.target.closest("li");
    if (!line) return;
    if (press.key === "Escape") document.getElementById("chat-text")?.focus();
    else {
      let next = press.key === "Home" ? this.#list.firstElementChild : press.key === "End" ? this.#list.lastElementChild : line[STEPS[press.key]];
      while (next && !next.querySelector(".more")) next = next[STEPS[press.key] ?? (press.key === "Home" ? "nextElementSibling" : "previousElementSibling")];
      if (!next) return;
      this.#rove(next.querySelector(".more"));
      next.querySelector(".more").focus();
    }
    press.preventDefault();
  }

  /** Of all buttons one is reached by Tab. */
  #rove(button) {
    for (const one of this.#list.querySelectorAll('.more[tabindex="0"]')) one.tabIndex = -1;
    if (button) button.tabIndex = 0;
  }

  #push(item) {
    this.#queue.push(item);
    if (this.#queue.length > MOST_LINES) this.#queue.shift();
    this.#schedule();
  }

  #schedule() {
    this.#frame ||= requestAnimationFrame(() => this.#show());
  }

  #show() {
    this.#frame = 0;
    const lines = this.#queue.map(({ message, line }) => (message ? this.#line(message) : line()));
    this.#queue = [];
    this.#list.append(...lines);
    for (let surplus = this.#list.children.length - MOST_LINES; surplus > 0; surplus--) {
      this.#shown.delete(this.#list.firstElementChild.dataset.message);
      this.#list.firstElementChild.remove();
    }
    this.#tidy();
    if (this.#pinned) this.#toEnd();
    else {
      this.#unseen += lines.length;
      this.#jump.hidden = false;
      this.#jump.lastElementChild.textContent = this.#unseen === 1 ? "1 new message" : `${Math.min(this.#unseen, MOST_LINES)} new messages`;
    }
  }

  #tidy() {
    document.getElementById("chat-empty").hidden = this.#list.children.length > 0;
    if (!this.#list.contains(document.activeElement)) this.#rove([...this.#list.querySelectorAll(".more")].at(-1));
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
    const lines = this.#unspoken.map(({ user, text }) => `${user.handle}: ${text}`);
    this.#unspoken = [];
    if (!this.#speaks || !lines.length) return;
    const more = lines.length - SPEAK_LINES;
    this.#announcer.textContent = `${lines.slice(-SPEAK_LINES).join(". ")}${more > 0 ? `. And ${more} more.` : ""}`;
  }
}
