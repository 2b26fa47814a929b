// Ask for a payout: once for each time it is meant, whatever the network does.
import { confirmed } from "../kit/dialogs.js";
import { onSubmit } from "../kit/forms.js";
import { requestKey } from "../../vendor/livestreamx/livestreamx.js";
import { call, Refusal } from "../session.js";
import { written } from "./words.js";

export function bindPayout(form) {
  if (!form) return;
  let key = requestKey();
  form.addEventListener("input", () => (key = requestKey()));
  onSubmit(
    form,
    async ({ amount }) => {
      const cents = Math.round(Number(amount.value) * 100);
      if (!(cents > 0)) throw new Refusal({ code: "amount", message: "Say how much." });
      if (!(await confirmed({ title: `Ask for ${written("money", cents)}?`, words: "It is set aside until it is paid or refused.", act: "Ask for it" }))) return;
      await call("POST", "/api/payouts", { amountMinor: cents }, { "idempotency-key": key });
      location.reload();
    },
    { amount: "amount", payout_too_small: "amount", insufficient_earnings: "amount" },
  );
}
