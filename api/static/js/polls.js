// The poll that is on: its choices as buttons, the shares as bars, and who won.
import { make, timeLeft } from "./dom.js";

const SHOWN_AFTER_MS = 20_000;
const STEPS = 20;

/** `vote(pollId, choiceId)` casts a vote; without it the poll is only shown. */
export class PollCard {
  #card;
  #vote;
  #poll = null;
  #over = "";
  #mine = null;
  #timer = 0;

  constructor(card, vote = null) {
    this.#card = card;
    this.#vote = vote;
  }

  /** What comes after the end of a poll is late and changes nothing. */
  show(poll) {
    if (poll.pollId === this.#over) return;
    clearTimeout(this.#timer);
    if (poll.pollId !== this.#poll?.pollId) this.#mine = Number(remembered(poll.pollId)) || null;
    this.#poll = poll;
    this.#draw("Poll", poll.choices, make("span", { className: "left", dataset: { until: poll.endsAt }, textContent: timeLeft(poll.endsAt) }));
  }

  end({ pollId, question, results, voters, winner, tie, state }) {
    const won = results.find(({ id }) => id === winner);
    const words = state === "terminated" ? "Ended early" : tie ? "A tie" : won ? `${won.text} wins` : "Nobody voted";
    this.#poll = { pollId, question, voters };
    this.#over = pollId;
    this.#draw("Poll is over", results, make("span", { className: "won", textContent: words }), winner);
    this.#timer = setTimeout(() => this.hide(), SHOWN_AFTER_MS);
  }

  hide() {
    this.#poll = null;
    this.#card.hidden = true;
  }

  /** The poll that is open now. */
  get id() {
    return this.#poll && this.#poll.pollId !== this.#over ? this.#poll.pollId : null;
  }

  #draw(title, choices, note, winner = null) {
    const isOpen = this.#vote && winner === null && note.className === "left";
    const focused = document.activeElement?.dataset?.choice;
    const { question, voters } = this.#poll;
    const rows = choices.map(({ id, text, votes }) => {
      const share = voters ? votes / voters : 0;
      const row = make(
        isOpen ? "button" : "div",
        { className: "choice", dataset: { choice: id, level: Math.round(share * STEPS) } },
        make("span", { className: "text", textContent: text }),
        make("span", { className: "number", textContent: `${Math.round(share * 100)} %` }),
      );
      if (id === winner) row.classList.add("winner");
      if (id === this.#mine) row.classList.add("own");
      if (isOpen) {
        row.type = "button";
        row.disabled = this.#mine !== null;
        row.setAttribute("aria-pressed", `${id === this.#mine}`);
        row.addEventListener("click", () => this.#cast(id));
      }
      return row;
    });
    this.#card.replaceChildren(
      make("p", { className: "head" }, make("b", { textContent: title }), note),
      make("p", { className: "asked", textContent: question }),
      ...rows,
      make("p", { className: "small muted", textContent: `${voters} ${voters === 1 ? "vote" : "votes"}` }),
    );
    this.#card.hidden = false;
    if (focused) this.#card.querySelector(`[data-choice="${focused}"]`)?.focus();
  }

  async #cast(choice) {
    const { pollId } = this.#poll;
    this.#mine = choice;
    this.show(this.#poll);
    const taken = await this.#vote(pollId, choice);
    if (taken) remember(pollId, choice);
    else if (this.#poll?.pollId === pollId) {
      this.#mine = null;
      this.show(this.#poll);
    }
  }
}

const key = (pollId) => `poll:${pollId}`;
const remembered = (pollId) => sessionStorage.getItem(key(pollId));
const remember = (pollId, choice) => sessionStorage.setItem(key(pollId), choice);
