// What moderators set for a chat: its modes as chips and in a dialog, and the message that stays in view.
import { formDialog } from "./kit/dialogs.js";
import { make } from "./dom.js";

const SWITCHES = { subscribersOnly: "Subscribers only", emotesOnly: "Emotes only", uniqueOnly: "Nothing twice", shield: "Shield" };

function followers(minutes) {
  if (!minutes) return "Followers only";
  const [size, unit] = minutes % 1440 === 0 ? [1440, "d"] : minutes % 60 === 0 ? [60, "h"] : [1, "min"];
  return `Followers of ${minutes / size} ${unit}`;
}

/** The modes that are on, in words. */
export function modeWords(mode) {
  const words = Object.keys(SWITCHES).filter((name) => mode[name]).map((name) => SWITCHES[name]);
  if (mode.followersMinutes !== null && mode.followersMinutes !== undefined) words.unshift(followers(mode.followersMinutes));
  if (mode.slowSeconds) words.unshift(`Slow: ${mode.slowSeconds} s`);
  return words;
}

/** Put a mode into the form's fields; a number that no option has gets its own. */
export function fillMode(elements, mode) {
  for (const name of ["slowSeconds", "followersMinutes"]) {
    const value = String(mode[name] ?? "");
    const field = elements[name];
    if (![...field.options].some((option) => option.value === value)) field.append(make("option", { value, textContent: name === "slowSeconds" ? `${value} seconds` : followers(mode[name]) }));
    field.value = value;
  }
  for (const name of Object.keys(SWITCHES)) elements[name].checked = Boolean(mode[name]);
}

/** The mode that the form's fields say, as the room takes it. */
export function readMode(elements) {
  const minutes = elements.followersMinutes.value;
  const mode = { slowSeconds: Number(elements.slowSeconds.value), followersMinutes: minutes === "" ? null : Number(minutes) };
  for (const name of Object.keys(SWITCHES)) mode[name] = elements[name].checked;
  return mode;
}

export class Modes {
  #chips = document.getElementById("chat-modes");
  #button = document.getElementById("chat-rules");
  #timer = 0;
  #flood = null;
  #mode = { slowSeconds: 0, version: -1 };

  /** `set(mode)` asks the room for another mode. */
  constructor(set) {
    if (!document.getElementById("rules-dialog")) return;
    const open = formDialog("rules-dialog", (elements) => set(readMode(elements)), (elements) => fillMode(elements, this.#mode));
    this.#button.addEventListener("click", () => open(null));
  }

  set moderates(moderates) {
    this.#button.hidden = !moderates;
  }

  /** Seconds between messages, by the mode or by a flood. */
  get slowSeconds() {
    return Math.max(this.#mode.slowSeconds, this.#flood?.slowSeconds ?? 0);
  }

  /** A mode as the room tells it; whether it is news. */
  show(mode, isSnapshot = false) {
    if (mode.reason === "flood") this.#slowDown(mode);
    else if (isSnapshot || mode.version > this.#mode.version) this.#mode = mode;
    else return false;
    this.#draw();
    return true;
  }

  #slowDown(mode) {
    this.#flood = mode;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#flood = null;
      this.#draw();
    }, Math.max(0, Date.parse(mode.until) - Date.now()));
  }

  #draw() {
    const words = modeWords(this.#mode);
    if (this.#flood) words.push(`Busy: ${this.#flood.slowSeconds} s between messages`);
    this.#chips.hidden = words.length === 0;
    this.#chips.replaceChildren(...words.map((text) => make("span", { className: "chip", textContent: text })));
  }
}

/** The message that stays in view; `unpin()` takes it away. */
export class PinnedBar {
  #bar = document.getElementById("chat-pinned");
  #version = -1;
  #pinned = null;
  #moderates = false;
  #unpin;

  constructor(unpin) {
    this.#unpin = unpin;
  }

  set moderates(moderates) {
    this.#moderates = moderates;
    this.#draw();
  }

  get messageId() {
    return this.#pinned?.messageId;
  }

  show(pinned, version, isSnapshot = false) {
    if (!isSnapshot && version <= this.#version) return;
    this.#version = version;
    this.#pinned = pinned;
    this.#draw();
  }

  #draw() {
    this.#bar.hidden = !this.#pinned;
    if (!this.#pinned) return;
    const { handle, text, pinnedBy } = this.#pinned;
    const words = make("p", { title: `Pinned by ${pinnedBy}` }, make("b", { textContent: handle }), " ", make("span", { textContent: text }));
    this.#bar.replaceChildren(words);
    if (!this.#moderates) return;
    const button = make("button", { type: "button", className: "button quiet small", textContent: "Unpin" });
    button.addEventListener("click", () => this.#unpin());
    this.#bar.append(button);
  }
}
