// Who runs the show: opens and ends polls, sets challenges, raids, from the watch page itself.
import { busy, make } from "./dom.js";
import { call } from "./session.js";

/** Set up the panel; `ask(event, data)` sends a frame, `poll`, `goal` and `clip` are what is on. */
export function host(ask, { stream, poll, goal, clip }) {
  const panel = document.getElementById("host");
  if (!panel) return;
  const says = panel.querySelector("#host-says");

  const run = (button, work) =>
    busy(button, async () => {
      try {
        says.textContent = (await work()) ?? "";
        says.classList.remove("bad");
      } catch (refusal) {
        says.textContent = refusal.message;
        says.classList.add("bad");
      }
    });

  const acts = {
    poll: ({ question, seconds, choices }) => {
      const texts = choices.value.split("\n").map((line) => line.trim()).filter(Boolean);
      return ask("poll:create", { question: question.value.trim(), choices: texts, durationS: Number(seconds.value) }).then(() => "The poll is open.");
    },
    challenge: ({ kind, target, minutes, reward }) =>
      ask("challenge:start", { type: kind.value, target: Number(target.value), durationS: Number(minutes.value) * 60, reward: reward.value.trim() }).then(() => "The challenge is on."),
    raid: async ({ target }) => {
      const { items } = await call("GET", `/api/search?type=stream&q=${encodeURIComponent(target.value.trim())}`);
      const found = items.find(({ stream: one }) => one.creator === target.value.trim().toLowerCase());
      if (!found) throw new Error(`${target.value.trim()} is not live`);
      await call("POST", `/api/streams/${stream}/raid`, { targetId: found.stream.id });
      return "The raid leaves in ten seconds.";
    },
  };
  for (const form of panel.querySelectorAll("form[data-host]")) {
    form.addEventListener("submit", (press) => {
      press.preventDefault();
      run(form.querySelector("[type=submit]"), () => acts[form.dataset.host](form.elements));
    });
  }

  const ends = {
    "end-poll": () => (poll.id ? ask("poll:end", { pollId: poll.id }).then(() => "The poll was ended.") : Promise.reject(new Error("No poll is open"))),
    "cancel-challenge": () => (goal.id ? ask("challenge:cancel", { challengeId: goal.id }).then(() => "The challenge was called off.") : Promise.reject(new Error("No challenge is on"))),
    "skip-clip": () => (clip.id ? ask("segment:skip", { segmentId: clip.id }).then(() => "The clip was skipped.") : Promise.reject(new Error("No clip is on air"))),
    "cancel-raid": () => call("DELETE", `/api/streams/${stream}/raid`).then(() => "The raid was cancelled."),
  };
  for (const button of panel.querySelectorAll("button[data-host]")) {
    button.addEventListener("click", () => run(button, ends[button.dataset.host]));
  }
}

/** The banner of a raid: when it leaves, and the way along. */
export class RaidBanner {
  #banner = document.getElementById("raid");

  start({ target, goesAt }) {
    const left = make("span", { className: "left", dataset: { until: goesAt } });
    this.#show(make("span", { textContent: `Raiding ${target.creator}: ${target.title} ` }), left);
  }

  go({ target }) {
    this.#show(
      make("span", { textContent: `The show goes on with ${target.creator}` }),
      make("a", { className: "button primary small", href: `/w/${target.streamId}`, textContent: "Go along" }),
      this.#stay(),
    );
  }

  arrive({ creator, viewers }) {
    this.#show(make("span", { textContent: `${creator} comes over with ${viewers} ${viewers === 1 ? "viewer" : "viewers"}. Say hello!` }), this.#stay("Close"));
  }

  hide() {
    this.#banner.hidden = true;
  }

  #stay(words = "Stay") {
    const button = make("button", { type: "button", className: "button small", textContent: words });
    button.addEventListener("click", () => this.hide());
    return button;
  }

  #show(...parts) {
    this.#banner.replaceChildren(...parts);
    this.#banner.hidden = false;
  }
}
