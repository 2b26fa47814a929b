// Questions of the audience: the most wanted first, a vote each, and what the host makes of them.
import { busy, make } from "./dom.js";

const MOST = 20;

export class Questions {
  #list = document.getElementById("questions");
  #empty = document.getElementById("questions-empty");
  #form = document.getElementById("ask-form");
  #says = document.getElementById("ask-says");
  #open = new Map();
  #voted = new Set(JSON.parse(sessionStorage.getItem("questions") ?? "[]"));
  #ask;
  #me;
  moderates = false;

  /** `ask(event, data)` sends a frame; `me` is the viewer's handle. */
  constructor(ask, me) {
    this.#ask = ask;
    this.#me = me;
    this.#form?.addEventListener("submit", (press) => {
      press.preventDefault();
      busy(this.#form.querySelector("button"), () => this.#send());
    });
  }

  reset(questions) {
    this.#open = new Map(questions.map((question) => [question.questionId, question]));
    this.#draw();
  }

  show(question) {
    if (question.state === "open") this.#open.set(question.questionId, question);
    else this.#open.delete(question.questionId);
    this.#draw();
  }

  /** Whether questions can be asked now. */
  open(isOpen) {
    for (const part of this.#form?.elements ?? []) part.disabled = !isOpen;
  }

  async #send() {
    const field = this.#form.elements.text;
    try {
      await this.#ask("qa:ask", { text: field.value.trim() });
      field.value = "";
      this.#say("Your question is on the list.");
    } catch (refusal) {
      this.#say(refusal.message);
    }
  }

  #say(words) {
    this.#says.textContent = words;
  }

  #draw() {
    const asked = [...this.#open.values()].sort((a, b) => b.votes - a.votes || a.askedAt.localeCompare(b.askedAt));
    const focused = document.activeElement?.dataset?.act;
    this.#list.replaceChildren(...asked.slice(0, MOST).map((question) => this.#row(question)));
    if (focused) this.#list.querySelector(`[data-act="${focused}"]`)?.focus();
    this.#empty.hidden = asked.length > 0;
  }

  #row({ questionId, handle, text, votes }) {
    const hasVoted = this.#voted.has(questionId) || handle === this.#me;
    const row = make("li", {}, make("div", { className: "words" }, make("p", { textContent: text }), make("span", { className: "small muted", textContent: handle })));
    const up = this.#button("qa:upvote", questionId, `▲ ${votes}`, `Vote for this question, ${votes} so far`);
    up.setAttribute("aria-pressed", `${this.#voted.has(questionId)}`);
    up.disabled = !this.#me || hasVoted;
    row.prepend(up);
    if (this.moderates) row.append(this.#button("qa:answer", questionId, "Answered"), this.#button("qa:dismiss", questionId, "Dismiss"));
    return row;
  }

  #button(event, questionId, words, label = words) {
    const button = make("button", { type: "button", className: "button small", textContent: words, ariaLabel: label, dataset: { act: `${event} ${questionId}` } });
    button.addEventListener("click", () =>
      busy(button, async () => {
        try {
          await this.#ask(event, { questionId });
          if (event === "qa:upvote") this.#remember(questionId);
        } catch (refusal) {
          if (refusal.code === "already_voted") this.#remember(questionId);
          this.#say(refusal.message);
        }
      }),
    );
    return button;
  }

  #remember(questionId) {
    this.#voted.add(questionId);
    sessionStorage.setItem("questions", JSON.stringify([...this.#voted].slice(-200)));
    this.#draw();
  }
}
