// The chat of a recording: lines come as the clip reaches them, and are looked for again where somebody jumps to.
import { make } from "./dom.js";
import { trouble } from "./kit/states.js";
import { call } from "./session.js";

const AHEAD_S = 20;
const BEFORE_S = 60;
const MOST_SHOWN = 150;

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

export class Replay {
  #list;
  #says;
  #section;
  #video;
  #path;
  #waiting = [];
  #next = null;
  #isAll = false;
  #asked = 0;
  #isAsking = false;

  constructor(section, video, path) {
    this.#section = section;
    this.#list = section.querySelector("ol");
    this.#says = section.querySelector("[data-says]");
    this.#video = video;
    this.#path = path;
    video.addEventListener("timeupdate", () => this.#step());
    video.addEventListener("seeked", () => this.#jump());
    this.#jump();
  }

  /** From a little before where the clip is now. */
  #jump() {
    const at = this.#video.currentTime;
    this.#asked += 1;
    this.#isAsking = false;
    this.#waiting = [];
    this.#isAll = false;
    this.#next = `from=${Math.max(0, at - BEFORE_S)}`;
    this.#list.replaceChildren();
    this.#step();
  }

  #step() {
    const at = this.#video.currentTime;
    const due = this.#waiting.findIndex(({ atS }) => atS > at);
    const lines = this.#waiting.splice(0, due < 0 ? this.#waiting.length : due);
    if (lines.length) this.#show(lines);
    const last = this.#waiting.at(-1);
    if (!this.#isAll && !this.#isAsking && (!last || last.atS < at + AHEAD_S)) this.#ask();
  }

  async #ask() {
    const mine = this.#asked;
    this.#isAsking = true;
    try {
      const { items, nextCursor } = await call("GET", `${this.#path}?${this.#next}`);
      if (mine !== this.#asked) return;
      this.#waiting.push(...items);
      this.#isAll = !nextCursor;
      this.#next = `${this.#next.split("&")[0]}&cursor=${nextCursor}`;
      this.#tell(this.#isAll && !this.#waiting.length && !this.#list.children.length ? "Nothing was said here." : "");
      this.#section.dataset.state = "ready";
    } catch (refusal) {
      if (mine !== this.#asked) return;
      this.#isAll = true;
      this.#says.replaceChildren(trouble(refusal, () => this.#jump()));
      this.#says.hidden = false;
      this.#section.dataset.state = "error";
    } finally {
      if (mine === this.#asked) this.#isAsking = false;
    }
    if (mine === this.#asked && this.#section.dataset.state === "ready") this.#step();
  }

  #show(lines) {
    const isAtEnd = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < 40;
    this.#list.append(
      ...lines.map(({ atS, handle, text }) => make("li", {}, make("span", { className: "number small muted", textContent: clock(atS) }), " ", make("b", { textContent: handle }), " ", make("span", { textContent: text }))),
    );
    while (this.#list.children.length > MOST_SHOWN) this.#list.firstChild.remove();
    if (isAtEnd) this.#list.scrollTop = this.#list.scrollHeight;
    this.#tell("");
  }

  #tell(words) {
    this.#says.textContent = words;
    this.#says.hidden = !words;
  }
}
