// The stage of the watch page: how long it runs, who watches, what is to come, and what there is after the end.
import { lasted, localTimes, make } from "./dom.js";
import { shares } from "./sharing.js";

const STATES = { connecting: "Connecting", open: "Live", closed: "Reconnecting" };
const page = document.getElementById("content");

export function showConnection(state) {
  const chip = document.getElementById("connection");
  chip.dataset.state = state;
  chip.textContent = STATES[state];
}

export function showViewers({ viewers }) {
  document.getElementById("viewers").textContent = viewers;
}

function countDown(element) {
  const left = Date.parse(element.dataset.countdown) - Date.now();
  const days = Math.floor(left / 86_400_000);
  const part = (size, most) => String(Math.floor(left / size) % most).padStart(2, "0");
  element.textContent = left <= 0 ? "any moment now" : `in ${days ? `${days} d ` : ""}${part(3_600_000, 24)}:${part(60_000, 60)}:${part(1_000, 60)}`;
}

/** Let the clocks of the stage run. */
export function runClocks() {
  const elapsed = document.querySelector("[data-elapsed]");
  const countdown = document.querySelector("[data-countdown]");
  const tick = () => {
    if (elapsed) elapsed.textContent = lasted(Date.parse(elapsed.dataset.elapsed));
    if (countdown) countDown(countdown);
  };
  tick();
  setInterval(tick, 1_000);
}

/** The stream is over: say so, and bring what there is to look back on. */
export async function closeStage({ status, creator }) {
  document.getElementById("stage-status").replaceChildren(make("span", { className: "badge ended", textContent: status }));
  document.getElementById("viewers").closest("p").hidden = true;
  document.getElementById("stage-note").replaceChildren(
    make("p", { className: "lead", textContent: "The stream has ended" }),
    make("p", { textContent: `${creator} says goodbye. What was said stays here.` }),
  );
  const answer = await fetch(`/w/${page.dataset.stream}/over`);
  if (!answer.ok) return;
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
  const after = document.getElementById("after");
  after.replaceChildren(...parsed.body.children);
  localTimes(after);
  after.querySelectorAll("[data-sharing]").forEach(shares);
}
