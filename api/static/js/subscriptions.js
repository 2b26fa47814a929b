// One's own subscriptions: ending one, and asking until a payment has come, more slowly the longer it takes.
import { busy, localTimes, toast } from "./dom.js";
import { confirmed } from "./kit/dialogs.js";
import { localPrices } from "./money.js";
import { call } from "./session.js";

const SLOWEST_MS = 30_000;
const trouble = document.querySelector("[data-trouble]");

localPrices();
localTimes();

for (const button of document.querySelectorAll("[data-act=cancel]")) {
  const { creator, name, waiting } = button.closest("li").dataset;
  button.addEventListener("click", () =>
    busy(button, async () => {
      const { until } = button.dataset;
      const asked = waiting
        ? { title: `Give up subscribing to ${name}?`, words: "Nothing was charged, and nothing will be.", act: "Give it up" }
        : { title: `Cancel the subscription to ${name}?`, words: `It lasts until ${new Date(until).toLocaleDateString(undefined, { dateStyle: "long" })} and is not renewed.`, act: "Cancel it", danger: true };
      if (!(await confirmed(asked))) return;
      trouble.hidden = true;
      try {
        await call("DELETE", `/api/creators/${creator}/subscription`);
        location.replace("/wallet/subscriptions");
      } catch (refusal) {
        trouble.textContent = refusal.message;
        trouble.hidden = false;
      }
    }),
  );
}

const accept = document.querySelector("[name=accept]");
accept.addEventListener("change", async () => {
  try {
    await call("PUT", "/api/me/gift-subs/choice", { accept: accept.checked });
    toast(accept.checked ? "Others may give you subscriptions." : "Nobody gives you subscriptions.");
  } catch (refusal) {
    accept.checked = !accept.checked;
    toast(refusal.message, "bad");
  }
});

const waiting = [...document.querySelectorAll("#subscriptions [data-waiting]")];

async function look(afterMs) {
  await new Promise((done) => setTimeout(done, afterMs));
  try {
    const states = await Promise.all(waiting.map(({ dataset }) => call("GET", `/api/creators/${dataset.creator}/subscription`)));
    if (states.some(({ state }) => state !== "incomplete")) {
      location.replace("/wallet/subscriptions");
      return;
    }
    trouble.hidden = true;
  } catch (refusal) {
    trouble.textContent = `${refusal.message}. The page keeps asking.`;
    trouble.hidden = false;
  }
  look(Math.min(afterMs * 1.5, SLOWEST_MS));
}

if (waiting.length) look(1_000);
