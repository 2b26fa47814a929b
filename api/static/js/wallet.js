// The wallet: buying a pack, and development top-ups.
import { busy, showBalance, toast } from "./dom.js";
import { onSubmit } from "./kit/forms.js";
import { localPrices, money } from "./money.js";
import { requestKey } from "../vendor/livestreamx/livestreamx.js";
import { call } from "./session.js";

localPrices();

const shop = document.getElementById("buy");
let order = requestKey();

shop?.addEventListener("change", () => {
  const { tokens, minor, currency } = shop.querySelector("input:checked").dataset;
  shop.querySelector("[data-total]").textContent = `Total: ${money(Number(minor), currency)} for ${tokens} tokens, nothing is added to it.`;
  shop.querySelector("[data-problem]").hidden = true;
  order = requestKey();
});

if (shop) {
  onSubmit(shop, async ({ pack }) => {
    const { url } = await call("POST", "/api/checkout/tokens", { packId: pack.value }, { "idempotency-key": order });
    order = requestKey();
    location.assign(url);
  });
}

const form = document.getElementById("topup");
let key = requestKey();

form?.addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  const problem = document.querySelector("[data-topup-problem]");
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
