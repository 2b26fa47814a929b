// Buttons that move a stream through its life: start, end, cancel.
import { busy, toast } from "./dom.js";
import { call } from "./session.js";

const QUESTIONS = { end: "End the stream for everybody?", cancel: "Cancel this stream?" };

export function bindMoves() {
  for (const button of document.querySelectorAll("[data-move]")) {
    button.addEventListener("click", () => {
      const { move } = button.dataset;
      if (QUESTIONS[move] && !confirm(QUESTIONS[move])) return;
      busy(button, async () => {
        const place = button.closest("[data-stream]");
        try {
          await call("POST", `/api/streams/${place.dataset.stream}/${move}`);
          location.reload();
        } catch (refusal) {
          const problem = place.querySelector("[data-problem]");
          if (problem) problem.textContent = refusal.message;
          else toast(refusal.message, "bad");
        }
      });
    });
  }
}
