// The key for streaming software: made, shown this once, copied, replaced by another one, taken away.
import { busy, make, toast } from "../dom.js";
import { confirmed } from "../kit/dialogs.js";
import { complain, onSubmit } from "../kit/forms.js";
import { call } from "../session.js";
import { copy } from "../sharing.js";

const NAMES = { rtmp: "RTMP", whip: "WHIP" };
const LABELS = { rtmp: { url: "Server", key: "Stream key" }, whip: { url: "Server", key: "Bearer token" } };

export function bindSoftware(form, stream) {
  if (!form) return;
  const path = `/api/streams/${stream}/ingress`;
  const [has, told] = [document.getElementById("software-has"), form.querySelector(".told")];
  const [maker, taker] = [form.querySelector("[data-make]"), form.querySelector("[data-take]")];

  const settle = (kind) => {
    has.hidden = !kind;
    taker.hidden = !kind;
    maker.textContent = kind ? "Make another key" : "Make a key";
    if (kind) has.replaceChildren("There is a key by ", make("b", { textContent: NAMES[kind] }), ". It was shown once, and ends with the stream.");
  };
  const show = ({ kind, url, key }) => {
    for (const [name, value] of Object.entries({ url, key })) {
      form.elements[name].value = value;
      form.querySelector(`[data-label=${name}]`).textContent = LABELS[kind][name];
    }
    told.hidden = false;
    form.elements.key.focus();
  };
  const question = { title: "Make another key?", words: "The one before stops working at once: what is sent by it is cut off.", act: "Make it", danger: true };

  onSubmit(form, async ({ kind }) => {
    const rotate = !has.hidden;
    if (rotate && !(await confirmed(question))) return;
    try {
      show(await call("POST", path, { kind: kind.value, rotate }));
      settle(kind.value);
    } catch (refusal) {
      if (refusal.code === "ingress_exists") settle((await call("GET", path)).kind);
      throw refusal;
    }
  });
  taker.addEventListener("click", () =>
    busy(taker, async () => {
      if (!(await confirmed({ title: "Take the key away?", words: "What is sent by it is cut off. The show goes on for two minutes, in which you can send again.", act: "Take it away", danger: true }))) return;
      complain(form, "");
      try {
        await call("DELETE", path);
      } catch (refusal) {
        complain(form, refusal.message);
        return;
      }
      told.hidden = true;
      form.elements.key.value = "";
      settle("");
      toast("The key opens nothing any more.");
      document.getElementById("software-title").focus();
    }),
  );
  for (const button of form.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", () => copy(form.elements[button.dataset.copy].value, button.dataset.copy === "url" ? "The server" : "The key"));
  }
}
