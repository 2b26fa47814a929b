// Development top-ups.
import { busy, showBalance, toast } from "./dom.js";
import { call, requestKey } from "./session.js";

const form = document.getElementById("topup");
let key = requestKey();

form?.addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  const problem = document.querySelector("[data-problem]");
  problem.textContent = "";
  busy(form.querySelector("button"), async () => {
    try {
      const held = await call("POST", "/api/wallet/topup", { amount: Number(form.elements.amount.value) }, { "idempotency-key": key });
      key = requestKey();
      showBalance(held.tokens);
      document.querySelector("[data-bonus]").textContent = held.bonus;
      document.querySelector("[data-paid]").textContent = held.paid;
      toast("Tokens added. The history shows them when the page is loaded again.");
    } catch (refusal) {
      if (refusal.status) key = requestKey();
      problem.textContent = refusal.message;
    }
  });
});
