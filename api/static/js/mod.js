// The moderators' page: queues that the server draws, filters to try and to set, and the modes of the chat.
import { fillMode, readMode } from "./chat-modes.js";
import { toast } from "./dom.js";
import { onSubmit } from "./kit/forms.js";
import { ServedList, valuesOf } from "./kit/served.js";
import { call } from "./session.js";

const VERDICTS = { allow: "It would be shown.", hold: "It would wait for a moderator", refuse: "It would be refused" };

const list = document.getElementById("queue") ? new ServedList() : null;

function whenThere(id, work) {
  const part = document.getElementById(id);
  if (part) work(part);
}

whenThere("try-form", (form) => {
  const said = document.getElementById("try-verdict");
  onSubmit(form, async () => {
    const { action, reasons } = await call("POST", form.dataset.path, valuesOf(form));
    said.dataset.action = action;
    said.textContent = VERDICTS[action] + (reasons.length ? `: ${reasons.join(", ").replaceAll("_", " ")}.` : "");
  });
});

whenThere("policy-form", (form) =>
  onSubmit(form, async () => {
    await call("PUT", form.dataset.path, valuesOf(form));
    toast("Saved.");
  }),
);

whenThere("term-form", (form) =>
  onSubmit(form, async ({ text }) => {
    await call("POST", form.dataset.path, valuesOf(form));
    form.reset();
    text.focus();
    await list.refresh();
  }),
);

whenThere("modes", (part) => {
  const form = part.querySelector("form");
  const shield = document.getElementById("shield");
  let mode = JSON.parse(part.dataset.mode);
  const show = (set) => {
    mode = set;
    fillMode(form.elements, mode);
    shield.setAttribute("aria-pressed", String(mode.shield));
    shield.textContent = mode.shield ? "Lower the shield" : "Raise the shield";
    shield.classList.toggle("danger", !mode.shield);
  };
  const set = async (wanted) => {
    show((await call("PUT", part.dataset.path, wanted)).mode);
    toast("Set.");
  };
  show(mode);
  form.querySelector("[data-close]").remove();
  onSubmit(form, (elements) => set(readMode(elements)));
  shield.addEventListener("click", () => set({ ...mode, shield: !mode.shield }).catch((refusal) => toast(refusal.message, "bad")));
});
