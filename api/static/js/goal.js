// The challenge that is on: what the audience is asked for, how far it has come, and how it ended.
import { make, timeLeft } from "./dom.js";

const SHOWN_AFTER_MS = 15_000;
const GOALS = {
  gift_tokens: "tokens of gifts",
  chat_messages: "messages",
  reactions: "reactions",
  followers: "new followers",
  concurrents: "viewers at once",
};
const ENDS = { completed: "Done!", failed: "Not this time", cancelled: "Called off" };
const NUMBER = new Intl.NumberFormat();

export class GoalCard {
  #card;
  #timer = 0;
  #over = "";
  id = null;

  constructor(card) {
    this.#card = card;
  }

  show({ challengeId, type, target, progress, reward, startsAt, endsAt, state, contributors }) {
    const isOver = state in ENDS;
    if (challengeId === this.#over && !isOver) return; // late
    clearTimeout(this.#timer);
    if (isOver) this.#over = challengeId;
    this.id = isOver ? null : challengeId;
    const until = state === "pending" ? startsAt : endsAt;
    const note = isOver
      ? make("span", { className: state === "completed" ? "won" : "", textContent: ENDS[state] })
      : make("span", { className: "left" }, state === "pending" ? "Get ready " : "", make("span", { dataset: { until }, textContent: timeLeft(until) }));
    const words = `${NUMBER.format(progress)} of ${NUMBER.format(target)} ${GOALS[type] ?? type}`;
    this.#card.replaceChildren(
      make("p", { className: "head" }, make("b", { textContent: "Challenge" }), note),
      make("progress", { className: "bar", max: target, value: Math.min(progress, target), ariaLabel: words }),
      make("p", { className: "small", textContent: words }),
    );
    if (reward) this.#card.append(make("p", { className: "asked", textContent: reward }));
    if (contributors) this.#card.append(make("p", { className: "small muted", textContent: `${contributors} had a part in it` }));
    this.#card.dataset.state = state;
    this.#card.hidden = false;
    if (isOver) this.#timer = setTimeout(() => this.hide(), SHOWN_AFTER_MS);
  }

  hide() {
    this.id = null;
    this.#card.hidden = true;
  }
}
