// A payment's page: asks until the payment service has spoken, more slowly the longer it takes.
import { localPrices } from "./money.js";
import { call } from "./session.js";

localPrices();

document.querySelector("[data-action=print]")?.addEventListener("click", () => print());

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
