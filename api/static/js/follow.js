// The follow button: shows the new state at once and takes it back when it was refused.
import { busy, toast } from "./dom.js";
import { call } from "./session.js";

const button = document.getElementById("follow");

function show(following) {
  button.setAttribute("aria-pressed", String(following));
  button.textContent = following ? "Following" : "Follow";
  button.classList.toggle("primary", !following);
}

button?.addEventListener("click", () =>
  busy(button, async () => {
    const follows = button.getAttribute("aria-pressed") === "true";
    show(!follows);
    try {
      await call(follows ? "DELETE" : "PUT", `/api/creators/${button.dataset.creator}/follow`);
    } catch (refusal) {
      show(follows);
      toast(refusal.message, "bad");
    }
  }),
);
