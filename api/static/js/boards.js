// The leaderboards of a stream: who gave, who took part, who learnt the most this week, and one's own place.
import { make } from "./dom.js";
import { call } from "./session.js";

const ROWS = 10;
const OWN_EVERY_MS = 10_000;
const SCOPES = { gifts: "stream", engagement: "stream", xp: "weekly" };
const NOTHING = {
  gifts: "No gifts yet: the first one leads the board.",
  engagement: "Nobody has taken part yet: say something, react or vote.",
  xp: "Nobody has earned experience this week yet.",
};
const NUMBER = new Intl.NumberFormat();

export class Boards {
  #list = document.getElementById("board");
  #empty = document.getElementById("board-empty");
  #own = document.getElementById("board-own");
  #choices = document.querySelector(".board .choices");
  #stream;
  #me;
  #name = "gifts";
  #asked = 0;
  #timer = 0;

  constructor(stream, me) {
    this.#stream = stream;
    this.#me = me;
    this.#choices.hidden = false;
    this.#choices.addEventListener("change", ({ target }) => this.#choose(target.value));
    this.#askOwn();
  }

  /** A frame `leaderboard:update`. */
  update({ scope, refId, board, items }) {
    if (board !== this.#name || scope !== SCOPES[board] || (scope === "stream" && refId !== this.#stream)) return;
    this.#draw(items);
    this.#askOwn();
  }

  async #choose(name) {
    this.#name = name;
    try {
      const { items } = await this.#read(name, ROWS);
      if (this.#name !== name) return;
      this.#draw(items);
      this.#asked = 0;
      this.#askOwn();
    } catch (refusal) {
      this.#list.replaceChildren();
      this.#say(refusal.message);
    }
  }

  #read(name, limit, more = "") {
    const ref = SCOPES[name] === "stream" ? `&refId=${this.#stream}` : "";
    return call("GET", `/api/leaderboard/${name}?scope=${SCOPES[name]}${ref}&limit=${limit}${more}`);
  }

  #draw(items) {
    const rows = items.slice(0, ROWS).map(({ rank, handle, score }) =>
      make(
        "li",
        { className: handle === this.#me ? "own" : "" },
        make("span", { className: "rank", textContent: rank }),
        make("img", { className: "avatar", src: `/avatars/${handle}.svg`, alt: "" }),
        make("a", { href: `/u/${handle}`, textContent: handle }),
        make("span", { className: "score number", textContent: NUMBER.format(score) }),
      ),
    );
    this.#list.replaceChildren(...rows);
    this.#say(rows.length ? "" : NOTHING[this.#name]);
  }

  #say(words) {
    this.#empty.textContent = words;
    this.#empty.hidden = !words;
  }

  /** One's own place is asked for now and then only, and not where it is among the first. */
  #askOwn() {
    if (!this.#me) return;
    if (this.#list.querySelector(".own")) {
      this.#own.hidden = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#showOwn(), Math.max(0, this.#asked + OWN_EVERY_MS - Date.now()));
  }

  async #showOwn() {
    this.#asked = Date.now();
    const name = this.#name;
    const found = await this.#read(name, 1, "&around=me").catch(() => null);
    const place = found?.items[0];
    if (name !== this.#name) return;
    this.#own.hidden = !place || place.rank <= ROWS;
    if (place) this.#own.textContent = `You are #${NUMBER.format(place.rank)} with ${NUMBER.format(place.score)}`;
  }
}
