// The page of parts: each of them works as it does elsewhere.
import { make, toast } from "./dom.js";
import { confirmed } from "./kit/dialogs.js";
import { onSubmit } from "./kit/forms.js";
import { keyed, neighbour, steered, undoable } from "./kit/lists.js";
import { trouble } from "./kit/states.js";
import { Refusal } from "./session.js";

document.querySelector("[data-try=confirm]").addEventListener("click", async () => {
  const question = { title: "Delete it?", words: "It cannot be brought back.", act: "Delete", danger: true };
  toast((await confirmed(question)) ? "Deleted." : "Kept.");
});

onSubmit(
  document.getElementById("a-form"),
  async ({ name }) => {
    if (!name.value.trim()) throw new Refusal({ code: "name_needed", message: "Give it a name." });
    if (name.value === "slow") throw new Refusal({ code: "rate_limited", message: "That was fast.", retryAfterMs: 4_000 });
    toast(`Saved ${name.value}.`);
  },
  { name_needed: "name" },
);

const list = document.getElementById("a-list");
let items = ["The first message that waits", "The second one", "The third"];

const show = () =>
  keyed(list, items, (text) => text, (text, row) => row ?? make("li", { tabIndex: 0 }, make("span", { className: "words", textContent: text }), make("kbd", { textContent: "d" })));

steered(list, {
  d: (row) => {
    const before = items;
    neighbour(row)?.focus();
    items = items.filter((text) => text !== row.dataset.key);
    show();
    undoable("Deleted.", () => {}, () => {
      items = before;
      show();
    });
  },
});
show();

const broken = new Refusal({ message: "The platform cannot be reached", requestId: "0197a3c0d5e17c31" });
const place = document.querySelector("#part-error > [data-when=error]");
place.replaceChildren(trouble(broken, () => toast("Trying again.")));
