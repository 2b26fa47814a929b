// Resolving flags.
import { busy, toast } from "./dom.js";
import { call } from "./session.js";

const list = document.getElementById("flags");

list.addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  const form = submitted.target;
  const flag = form.closest("[data-flag]");
  const problem = flag.querySelector("[data-problem]");
  problem.textContent = "";
  busy(form.querySelector("button"), async () => {
    try {
      const decision = { note: form.elements.note.value, unlockWallet: Boolean(form.elements.unlock?.checked) };
      await call("POST", `/api/admin/flags/${flag.dataset.flag}/resolve`, decision);
      const next = flag.nextElementSibling ?? flag.previousElementSibling;
      flag.remove();
      toast("Resolved and written to the audit log.");
      if (next) next.querySelector("input").focus();
      else document.getElementById("clear").hidden = false;
    } catch (refusal) {
      problem.textContent = refusal.message;
    }
  });
});
