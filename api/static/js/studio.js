// The desk: become a creator, announce, go live, end.
import { busy } from "./dom.js";
import { bindMoves } from "./moves.js";
import { call, refresh } from "./session.js";

const problemOf = (element) => element.querySelector("[data-problem]");

document.querySelector("[data-action=enroll]")?.addEventListener("click", (press) =>
  busy(press.target, async () => {
    try {
      await call("POST", "/api/me/creator");
      await refresh();
      location.reload();
    } catch (refusal) {
      problemOf(press.target.closest("section")).textContent = refusal.message;
    }
  }),
);

const form = document.getElementById("new-stream");
form?.addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  const problem = problemOf(form);
  problem.textContent = "";
  const { title, category, tags, scheduledAt, mature } = form.elements;
  if (!title.value.trim()) {
    problem.textContent = "Give the stream a title.";
    title.focus();
    return;
  }
  const body = {
    title: title.value.trim(),
    category: category.value.trim(),
    tags: tags.value.split(",").map((tag) => tag.trim()).filter(Boolean),
    mature: mature.checked,
  };
  if (scheduledAt.value) body.scheduledAt = new Date(scheduledAt.value).toISOString();
  busy(submitted.submitter, async () => {
    try {
      const stream = await call("POST", "/api/streams", body);
      if (submitted.submitter.value === "start") await call("POST", `/api/streams/${stream.id}/start`);
      location.assign(submitted.submitter.value === "start" ? `/studio/${stream.id}` : "/studio");
    } catch (refusal) {
      problem.textContent = refusal.message;
    }
  });
});

bindMoves();
