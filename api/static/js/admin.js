// The admins' page: lists that the server draws, and the platform's health, asked for again and again.
import { localTimes } from "./dom.js";
import { ServedList } from "./kit/served.js";

if (document.getElementById("queue")) new ServedList();

const health = document.getElementById("health");

/** The numbers as they are now; what cannot be had keeps the last ones, and says so by the offline banner. */
async function look() {
  if (document.visibilityState !== "visible" || !navigator.onLine) return;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
  const fresh = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("health");
  if (!fresh) return;
  health.replaceChildren(...document.importNode(fresh, true).children);
  localTimes(health);
}

if (health) setInterval(look, health.dataset.every * 1000);
