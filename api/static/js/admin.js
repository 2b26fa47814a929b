// Resolving flags.
import { toast } from "./dom.js";
import { onSubmit } from "./kit/forms.js";
import { neighbour } from "./kit/lists.js";
import { call } from "./session.js";

for (const flag of document.querySelectorAll("[data-flag]")) {
  onSubmit(flag.querySelector("form"), async ({ note, unlock }) => {
    await call("POST", `/api/admin/flags/${flag.dataset.flag}/resolve`, { note: note.value, unlockWallet: Boolean(unlock?.checked) });
    const next = neighbour(flag);
    flag.remove();
    toast("Resolved and written to the audit log.");
    if (next) next.querySelector("input").focus();
    else document.getElementById("clear").hidden = false;
  });
}
