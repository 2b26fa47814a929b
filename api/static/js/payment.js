// A payment's page: asks until the payment service has spoken, more slowly the longer it takes.
import { busy } from "./dom.js";
import { confirmed } from "./kit/dialogs.js";
import { localPrices, money } from "./money.js";
import { call } from "./session.js";

localPrices();

document.querySelector("[data-action=print]")?.addEventListener("click", () => print());

const refund = document.querySelector("[data-action=refund]");
refund?.addEventListener("click", () =>
  busy(refund, async () => {
    const says = document.querySelector("[data-refund-says]");
    const asked = { title: "Refund unspent tokens?", words: "They leave your wallet now, and their money is sent back.", act: "Refund" };
    if (!(await confirmed(asked))) return;
    try {
      const { payment } = document.querySelector(".receipt").dataset;
      const { tokens, minor, currency } = await call("POST", `/api/wallet/purchases/${payment}/refund`);
      says.textContent = `${tokens} tokens left your wallet, and ${money(minor, currency)} is on its way back. This page says so once it has arrived.`;
      refund.hidden = true;
    } catch (refusal) {
      says.textContent = refusal.message;
    }
  }),
);

const waiting = document.querySelector("[data-waiting]");
const SLOWEST_MS = 30_000;

async function look(afterMs) {
  await new Promise((done) => setTimeout(done, afterMs));
  try {
    const { state } = await call("GET", `/api/wallet/receipts/${waiting.dataset.payment}`);
    if (state !== waiting.dataset.state) {
      location.reload();
      return;
    }
  } catch (refusal) {
    waiting.querySelector("[data-waiting-words]").textContent = `${refusal.message}. The page keeps asking.`;
  }
  look(Math.min(afterMs * 1.5, SLOWEST_MS));
}

if (waiting) look(1_000);
