// Subscribing to a channel, and giving subscriptions to others: two dialogs, and a page of the payment service.
import { requestKey } from "../vendor/livestreamx/livestreamx.js";
import { onSubmit } from "./kit/forms.js";
import { localPrices, money } from "./money.js";
import { call } from "./session.js";

const button = document.getElementById("subscribe");
const offer = document.getElementById("subscribe-dialog");
const gift = document.getElementById("gift-subs-dialog");
let hasMoved = false;

/** Each order has a key of its own, and keeps it while it is tried again. */
function ordering(form, path, read) {
  let key = requestKey();
  form.addEventListener("change", () => (key = requestKey()));
  onSubmit(form, async (elements) => {
    const { url } = await call("POST", `/api/creators/${offer.dataset.creator}/${path}`, await read(elements), { "idempotency-key": key });
    key = requestKey();
    location.assign(url);
  });
}

async function giftOf(elements) {
  const handle = elements.person.value.trim().replace(/^@/, "");
  const wish = { tier: Number(elements["gift-tier"].value), qty: handle ? 1 : Number(elements.qty.value) };
  return handle ? { ...wish, recipientId: (await call("GET", `/api/users/${encodeURIComponent(handle)}`)).id } : wish;
}

function total(form) {
  const { minor, currency } = form.querySelector("[name=gift-tier]:checked").dataset;
  const isForOne = form.elements.person.value.trim() !== "";
  form.querySelector(".quantities").disabled = isForOne;
  const many = isForOne ? 1 : Number(form.elements.qty.value);
  form.querySelector("[data-total]").textContent = `Total: ${money(minor * many, currency)} for ${many === 1 ? "one subscription" : `${many} subscriptions`}.`;
}

function closes(dialog) {
  for (const close of dialog.querySelectorAll("[data-close]")) close.addEventListener("click", () => dialog.close());
}

/** What the room says of one's subscription: once that differs from what the page knew, the list of one's own tells more. */
export function showTier(tier) {
  if (!button || Boolean(tier) === "held" in button.dataset) return;
  button.lastChild.textContent = tier ? "Subscribed" : "Subscribe";
  button.toggleAttribute("data-held", Boolean(tier));
  hasMoved = true;
}

if (button && offer) {
  localPrices(offer);
  button.addEventListener("click", () => (hasMoved ? location.assign("/wallet/subscriptions") : offer.showModal()));
  closes(offer);
  const form = document.getElementById("subscribe-form");
  if (form) ordering(form, "subscribe", ({ tier }) => ({ tier: Number(tier.value) }));
}

if (gift) {
  localPrices(gift);
  closes(gift);
  const form = gift.querySelector("form");
  offer.querySelector("[data-action=gift-subs]").addEventListener("click", () => {
    offer.close();
    total(form);
    gift.showModal();
  });
  form.addEventListener("input", () => total(form));
  ordering(form, "gift-subs", giftOf);
}
