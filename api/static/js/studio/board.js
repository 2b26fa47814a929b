// A dashboard: asks the analytics API again and again for what is in sight, and says how old the numbers are.
import { clock, icon, make } from "../dom.js";
import { Panel } from "../panel.js";
import { call } from "../session.js";
import { Marks } from "./marks.js";
import { SpanForm, STEP_MS } from "./span.js";
import { showTotals } from "./totals.js";
import { put } from "./words.js";

const LIVE_MS = 5_000;
const AT_ONCE = 4;
const BEFORE_MS = 60_000;
const STALE_MS = 30_000;

const iso = (ms) => new Date(ms).toISOString();

const askApi = (api, names, query) => call("GET", `${api}/analytics?panels=${names.join()}&${query}`);

export class Board {
  #api;
  #ask;
  #isLive;
  #isFinal;
  #everyMs;
  #before;
  #panels = [...document.querySelectorAll("[data-panel]")].map((section) => new Panel(section));
  #marks;
  #form;
  #asOf = 0;
  #isStale = false;
  #timer = 0;
  #asked = 0;
  #isAsking = false;
  #answered = { key: "", panels: {} };
  #known = { key: "", at: 0, panels: {} };
  #inSight = new Set();
  #always = new Set(["gifts", "highlights", "polls", "segments", ...[...document.querySelectorAll(".totals [data-total]")].map(({ dataset }) => dataset.total.split(".")[0])]);

  /**
   * `whole()` gives `[from, to]` (ms) of all there is to show; `before(span)` gives `{api, from, to}` to compare a span
   * with, or null; `isFinal(asOf)` tells whether numbers of then do not change any more; `ask(api, names, query)`
   * answers like the API, which is asked unless another is given.
   */
  constructor({ api, whole, before, isLive, isFinal, everyMs = LIVE_MS, ask = askApi }) {
    Object.assign(this, { load: this.load.bind(this) });
    this.#ask = ask;
    this.#api = api;
    this.#before = before;
    this.#isLive = isLive;
    this.#isFinal = isFinal;
    this.#everyMs = everyMs;
    this.#form = new SpanForm(document.getElementById("span"), whole, this.load);
    this.#marks = new Marks(document.getElementById("marks"), () => this.#panels.forEach((panel) => panel.mark(this.#marks.shown())));
    document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? this.load() : clearTimeout(this.#timer)));
    addEventListener("themechange", this.load);
    addEventListener("online", this.load);
    setInterval(() => this.#age(), 1_000);
    this.#look();
  }

  /** Know which panels are in sight, or nearly; one that comes into sight without numbers gets them at once. */
  #look() {
    const sight = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) this.#inSight[isIntersecting ? "add" : "delete"](target.dataset.panel);
        const isMissing = [...this.#inSight].some((name) => !this.#answered.panels[name]);
        if (isMissing && !this.#isAsking) this.load();
      },
      { rootMargin: "200px" },
    );
    for (const section of document.querySelectorAll("[data-panel]")) sight.observe(section);
  }

  /** Panels to ask for: those in sight, and those that totals and marks are made of. */
  get #wanted() {
    return this.#panels.map(({ name }) => name).filter((name) => this.#inSight.has(name) || this.#always.has(name));
  }

  /** Ask now, and again as long as the numbers move. A later call puts an end to an earlier one. */
  async load() {
    clearTimeout(this.#timer);
    const span = this.#form.read();
    if (!span) return;
    const asked = ++this.#asked;
    const isLatest = () => asked === this.#asked;
    this.#isAsking = true;
    try {
      await this.#round(span, isLatest);
    } catch (refusal) {
      if (isLatest()) this.#fail(refusal);
    }
    if (!isLatest()) return;
    this.#isAsking = false;
    const isMissing = this.#wanted.some((name) => !this.#answered.panels[name]);
    if (!this.#isFinal(this.#asOf) || isMissing) this.#timer = setTimeout(this.load, this.#everyMs);
  }

  /** Every panel that is wanted, a few at a time: each is shown as soon as it is there. */
  async #round(span, isLatest) {
    const query = this.#query(span);
    const done = new Set();
    for (;;) {
      const names = this.#wanted.filter((name) => !done.has(name)).slice(0, AT_ONCE);
      if (!names.length) return;
      const [answer, before] = await Promise.all([this.#ask(this.#api, names, query), this.#askBefore(names, span)]);
      if (!isLatest()) return;
      this.#show(answer, before, span, query);
      for (const name of names) done.add(name);
    }
  }

  #query({ from, to, grain, isWhole }) {
    return new URLSearchParams(isWhole ? { grain } : { grain, from: iso(from), to: iso(to) }).toString();
  }

  /** The panels to compare with; asked for once a span, those that still move once a minute. */
  async #askBefore(names, span) {
    const other = this.#form.compares ? this.#before(span) : null;
    if (!other) return {};
    const key = `${other.api} ${other.from} ${span.isWhole ? "" : span.to} ${span.grain}`;
    if (key !== this.#known.key || Date.now() - this.#known.at > BEFORE_MS) this.#known = { key, at: Date.now(), panels: {} };
    const known = this.#known;
    const missing = names.filter((name) => !known.panels[name]);
    if (missing.length) {
      const query = new URLSearchParams({ grain: span.grain, from: iso(other.from), to: iso(other.to) }).toString();
      Object.assign(known.panels, (await this.#ask(other.api, missing, query)).panels);
    }
    return known.panels;
  }

  #show({ asOf, panels }, before, span, query) {
    this.#asOf = Date.parse(asOf);
    document.getElementById("trouble").hidden = true;
    const key = span.isWhole ? span.grain : query;
    this.#answered = { key, panels: { ...(key === this.#answered.key ? this.#answered.panels : {}), ...panels } };
    const marks = this.#marks.take(this.#answered.panels);
    const shared = { asOf: this.#asOf, isLive: this.#isLive(), stepMs: STEP_MS[span.grain], marks, api: this.#api, query };
    for (const panel of this.#panels) {
      if (panel.name in panels) panel.show(panels[panel.name], { ...shared, before: before[panel.name] ?? null });
      else panel.mark(marks);
    }
    showTotals(this.#answered.panels, before);
    this.#age();
  }

  #fail(refusal) {
    const trouble = document.getElementById("trouble");
    const again = make("button", { type: "button", className: "button", textContent: "Try again" });
    again.addEventListener("click", this.load);
    const request = refusal.requestId ? ` Request ${refusal.requestId}.` : "";
    trouble.replaceChildren(icon("warn"), make("span", { textContent: `The numbers cannot be read: ${refusal.message}.${request}` }), again);
    trouble.hidden = false;
    for (const panel of this.#panels) panel.fail();
  }

  /** How old the numbers are; amber when a live stream's are older than half a minute. */
  #age() {
    if (!this.#asOf) return;
    const seconds = Math.max(0, Math.round((Date.now() - this.#asOf) / 1000));
    const isStale = this.#isLive() && seconds * 1000 > STALE_MS;
    const chip = document.getElementById("freshness");
    chip.className = `chip ${isStale ? "stale" : "fresh"}`;
    put(chip.lastElementChild, this.#isLive() ? `As of ${clock(this.#asOf)}, ${seconds} s ago` : `${this.#isFinal(this.#asOf) ? "Final, as" : "As"} of ${clock(this.#asOf)}`);
    for (const panel of this.#panels) panel.age(isStale);
    if (isStale === this.#isStale) return;
    this.#isStale = isStale;
    document.getElementById("freshness-words").textContent = isStale ? "The numbers are older than half a minute." : "The numbers are up to date again.";
  }
}
