// Buttons that move a stream through its life: start, end, cancel.
import { busy, toast } from "./dom.js";
import { confirmed } from "./kit/dialogs.js";
import { call } from "./session.js";

const QUESTIONS = {
  end: { title: "End the stream for everybody?", words: "It cannot be resumed.", act: "End it", danger: true },
  cancel: { title: "Cancel this stream?", words: "Who waits for it is not told again.", act: "Cancel the stream", danger: true },
};

async function move(button) {
  const question = QUESTIONS[button.dataset.move];
  if (question && !(await confirmed(question))) return;
  await busy(button, async () => {
    const { stream } = button.closest("[data-stream]").dataset;
    try {
      await call("POST", `/api/streams/${stream}/${button.dataset.move}`);
      location.reload();
    } catch (refusal) {
      toast(refusal.message, "bad");
    }
  });
}

/** Follow every `[data-move]` of the page, those that come later too. */
export function bindMoves() {
  document.addEventListener("click", (press) => {
    const button = press.target.closest("[data-move]");
    if (button) move(button);
  });
}
