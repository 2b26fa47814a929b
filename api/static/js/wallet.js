// The wallet: buying a pack, and development top-ups.
import { busy, showBalance, toast } from "./dom.js";
import { confirmed } from "./kit/dialogs.js";
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

const DAY_MS = 86_400_000;
const limits = document.getElementById("limits-form");
const tokens = (input) => (input.value === "" ? null : Number(input.value));

onSubmit(limits, async ({ daily, weekly }) => {
  const held = await call("PUT", "/api/wallet/limits", { dailyTokens: tokens(daily), weeklyTokens: tokens(weekly) });
  const waits = held.nextDailyAt ?? held.nextWeeklyAt;
  limits.querySelector("[data-says]").textContent = waits ? `Looser limits hold from ${new Date(waits).toLocaleString()}.` : "These limits hold now.";
});

onSubmit(document.getElementById("exclude-form"), async ({ days }) => {
  const until = new Date(Date.now() + Number(days.value) * DAY_MS);
  const asked = { title: "Take a break from spending?", words: `Nothing can be bought or given before ${until.toLocaleString()}, and nobody can shorten that.`, act: "Exclude myself", danger: true };
  if (!(await confirmed(asked))) return;
  await call("PUT", "/api/wallet/limits", { excludedUntil: until.toISOString() });
  location.reload();
});

for (const button of document.querySelectorAll("[data-action=buy-pack]")) {
  let purchase = requestKey();
  button.addEventListener("click", () =>
    busy(button, async () => {
      const { name, cost } = button.dataset;
      const says = document.querySelector("[data-pack-says]");
      if (!(await confirmed({ title: `Buy ${name}?`, words: `It costs ${cost} tokens.`, act: "Buy it" }))) return;
      try {
        const { balance } = await call("POST", `/api/packs/${button.closest("[data-pack]").dataset.pack}/purchase`, undefined, { "idempotency-key": purchase });
        purchase = requestKey();
        showBalance(balance);
        const stock = button.closest("[data-pack]").querySelector("[data-stock]");
        stock.textContent = Math.max(0, Number(stock.textContent) - 1);
        says.textContent = `${name} is yours.`;
      } catch (refusal) {
        if (refusal.status) purchase = requestKey();
        says.textContent = refusal.message;
      }
    }),
  );
}
