// Panels that are lists: the funnel, supporters, polls and moments, and what gifts and moods are made of.
import { clock, make } from "../dom.js";
import { keyed } from "../kit/lists.js";
import { label, put, written } from "./words.js";

const STEPS = {
  shown: "Were shown it",
  viewed: "Watched 10 seconds",
  stayed: "Watched a minute",
  engaged: "Took part",
  followed: "Followed",
  gave: "Gave",
};
const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A line with a bar of its share; made once, then only its texts change. */
function bar(known, { words, value, share, tag = "li" }) {
  const row = known ?? make(tag, { className: "bar-line" }, make("span", { className: "words" }), make("progress", { max: 1 }), make("b", { className: "number" }));
  put(row.children[0], words);
  row.children[1].value = share;
  row.children[1].setAttribute("aria-label", words);
  put(row.children[2], value);
  return row;
}

function listOf(listing, tag, className) {
  const known = listing.querySelector(`:scope > ${tag}`);
  if (known) return known;
  const list = make(tag, { className });
  listing.replaceChildren(list);
  return list;
}

function funnel(listing, rows) {
  const most = rows[0]?.people || 1;
  const draw = ({ step, people }, known) =>
    bar(known, { words: STEPS[step] ?? label(step), value: `${people} (${written("percent", people / most)})`, share: people / most });
  keyed(listOf(listing, "ol", "bars"), rows, ({ step }) => step, draw);
}

function people(listing, rows) {
  let body = listing.querySelector("tbody");
  if (!body) {
    const titles = ["", "Supporter", "Gifts", "Tokens", "Paid"].map((title, at) => make("th", { scope: "col", className: at > 1 ? "end" : "", textContent: title }));
    body = make("tbody");
    listing.replaceChildren(make("div", { className: "table" }, make("table", {}, make("thead", {}, make("tr", {}, ...titles)), body)));
  }
  keyed(body, rows.map((row, at) => ({ ...row, rank: at + 1 })), ({ userId }) => userId, ({ rank, handle, gifts, tokens, paid }, known) => {
    const row =
      known ??
      make(
        "tr",
        {},
        make("td", { className: "muted number" }),
        make("th", { scope: "row" }, make("a", { className: "row who", href: `/u/${handle}` }, make("img", { className: "avatar", src: `/avatars/${handle}.svg`, alt: "", width: 28, height: 28, loading: "lazy" }), handle)),
        ...[0, 1, 2].map(() => make("td", { className: "end" })),
      );
    [rank, null, gifts, tokens, paid].forEach((value, at) => value !== null && put(row.children[at], written("number", value)));
    return row;
  });
}

function poll({ question, at, state, choices, votes, voters, viewers, winner, turnout }) {
  const all = votes.reduce((sum, count) => sum + count, 0) || 1;
  const bars = choices.map((choice, index) =>
    bar(null, { words: `${index + 1 === winner ? "✓ " : ""}${choice}`, value: `${votes[index]} (${written("percent", votes[index] / all)})`, share: votes[index] / all }),
  );
  return make(
    "li",
    { className: "stack" },
    make("p", {}, make("b", { textContent: question }), make("span", { className: "muted small", textContent: ` ${clock(new Date(at))}${state === "terminated" ? ", ended early" : ""}` })),
    make("ul", { className: "bars" }, ...bars),
    make("p", { className: "small muted", textContent: viewers ? `${voters} of ${viewers} who watched voted: ${written("percent", turnout)}` : `${voters} voted` }),
  );
}

function polls(listing, rows, totals) {
  keyed(listOf(listing, "ul", "polls"), rows, ({ at, question }) => `${at} ${question}`, (row, known) => known ?? poll(row));
  const asked = listing.querySelector(":scope > p") ?? make("p", { className: "small" });
  if (!asked.parentElement) listing.append(asked);
  put(asked, totals.questions ? `${totals.questions} questions, ${totals.answered} answered.` : "No questions were asked.");
}

function moments(listing, rows) {
  const draw = ({ at, streamId, momentId, score, messages, reactions, tokens }, known) =>
    known ??
    make(
      "li",
      {},
      make("a", { href: `/w/${streamId}/moments/${momentId}` }, make("time", { dateTime: at, textContent: WHEN.format(Date.parse(at)) })),
      make("b", { className: "number", title: "How far above the ten minutes before (z)", textContent: `${score.toFixed(1)} z` }),
      make("span", { className: "small muted", textContent: `${messages} messages, ${reactions} reactions, ${tokens} tokens` }),
    );
  keyed(listOf(listing, "ul", "moments"), [...rows].sort((one, other) => other.score - one.score), ({ momentId }) => momentId, draw);
}

function clips(listing, rows) {
  const draw = ({ at, title, outcome, seconds }, known) => {
    const row = known ?? make("li", {}, make("time", { dateTime: at, textContent: WHEN.format(Date.parse(at)) }), make("b", { textContent: title }), make("span", { className: "small muted" }));
    put(row.lastElementChild, `${written("duration", seconds * 1000)}, ${outcome || "on air"}`);
    return row;
  };
  keyed(listOf(listing, "ul", "moments"), rows, ({ segmentId }) => segmentId, draw);
}

/** Kind of a panel -> what fills its listing from rows and totals. */
export const LISTINGS = { funnel, people, polls, moments, clips };

/** Whether a list has anything to show. */
export const holds = (kind, rows, totals) => (kind === "funnel" ? rows.some(({ people: some }) => some) : rows.length > 0 || (kind === "polls" && totals.questions > 0));

/** What the totals are made of, beneath the chart: gifts by kind, followers by source, seconds by mood. */
export function breakDown(place, { byGift, bySource, seconds }) {
  const lines = byGift?.map(({ code, tokens, qty }) => [`${label(code.replaceAll("_", " ").toLowerCase())} × ${qty}`, tokens, `${tokens} tokens`]) ??
    bySource?.map(({ source, count }) => [`From ${source || "elsewhere"}`, count, String(count)]) ??
    Object.entries(seconds ?? {}).filter(([, some]) => some).sort(([, one], [, other]) => other - one).map(([mood, some]) => [label(mood), some, written("duration", some * 1000)]);
  const all = lines.reduce((sum, [, value]) => sum + value, 0);
  place.hidden = !all;
  if (!all) return;
  keyed(listOf(place, "ul", "bars"), lines, ([words]) => words, ([words, value, text], known) => {
    const row = bar(known, { words, value: text, share: value / all });
    if (seconds) row.dataset.mood = words.toLowerCase();
    return row;
  });
}
