// What happened in a stream, as marks on every chart over time and as a list to read.
import { clock, make } from "../dom.js";
import { keyed } from "../kit/lists.js";

const MOST_GIFTS = 12;
const NUMBER = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

const biggest = (series) => series.filter(({ tokens }) => tokens > 0).sort((one, other) => other.tokens - one.tokens).slice(0, MOST_GIFTS);

/** `{kind, at, until? (ms), words}` of the panels' answers, the earliest first; a clip lasts `until` its end. Of gifts those steps in which most was given. */
export function happenings({ gifts, highlights, polls, segments }) {
  const found = [
    ...biggest(gifts?.series ?? []).map(({ at, tokens, count }) => ({ kind: "gift", at: Date.parse(at), words: `${NUMBER.format(tokens)} tokens in ${count === 1 ? "a gift" : `${count} gifts`}` })),
    ...(highlights?.series ?? []).map(({ at, score }) => ({ kind: "moment", at: Date.parse(at), words: `A moment that stood out (${NUMBER.format(score)})` })),
    ...(polls?.series ?? []).map(({ at, question }) => ({ kind: "poll", at: Date.parse(at), words: `Poll: ${question}` })),
    ...(segments?.series ?? []).map(({ at, title, seconds }) => ({ kind: "clip", at: Date.parse(at), until: Date.parse(at) + seconds * 1000, words: `Clip: ${title}` })),
  ];
  return found.sort((one, other) => one.at - other.at);
}

/** The switches above the charts; `onChange` is told when other kinds are shown. */
export class Marks {
  #place;
  #all = [];

  constructor(place, onChange) {
    this.#place = place;
    place?.addEventListener("change", onChange);
  }

  /** Take what happened; those of the kinds that are switched on. */
  take(panels) {
    if (!this.#place) return [];
    this.#all = happenings(panels);
    for (const box of this.#place.querySelectorAll("input")) {
      box.closest("label").querySelector("[data-count]").textContent = this.#all.filter(({ kind }) => kind === box.name).length;
    }
    this.#list();
    return this.shown();
  }

  shown() {
    const kinds = [...(this.#place?.querySelectorAll("input:checked") ?? [])].map(({ name }) => name);
    return this.#all.filter(({ kind }) => kinds.includes(kind));
  }

  #list() {
    if (!this.#all.length) return;
    const draw = ({ kind, at, words }, row) =>
      row ?? make("li", {}, make("i", { dataset: { mark: kind } }), make("time", { dateTime: new Date(at).toISOString(), textContent: clock(at) }), ` ${words}`);
    keyed(this.#place.querySelector("ol"), this.#all, ({ kind, at, words }) => `${kind} ${at} ${words}`, draw);
  }
}
