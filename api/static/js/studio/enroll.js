// Become a creator: the account gets its role, and the session a token that says so.
import { busy } from "../dom.js";
import { call, refresh } from "../session.js";

const button = document.querySelector("[data-action=enroll]");

button.addEventListener("click", () =>
  busy(button, async () => {
    try {
      await call("POST", "/api/me/creator");
      await refresh();
      location.reload();
    } catch (refusal) {
      const problem = document.querySelector("[data-problem]");
      problem.textContent = refusal.message;
      problem.hidden = false;
    }
  }),
);
