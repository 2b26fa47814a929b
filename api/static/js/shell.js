// What every page does: theme, sign-out, times, being offline, and the session that the server had lost sight of.
import { localTimes, toast } from "./dom.js";
import { tellTroubleOfHtmx } from "./kit/asked.js";
import { call, hasSession, restore } from "./session.js";

const THEMES = ["", "light", "dark"];
const NAMES = { "": "as the system", light: "light", dark: "dark" };

/** Show pages in this theme, "" for the system's, from now on. */
export function setTheme(next) {
  const root = document.documentElement;
  if (next) root.dataset.theme = next;
  else delete root.dataset.theme;
  document.cookie = `theme=${next}; path=/; max-age=${next ? 31536000 : 0}; samesite=lax`;
  nameTheme(document.querySelector("[data-action=theme]"));
  dispatchEvent(new CustomEvent("themechange"));
}

function nameTheme(button) {
  const name = NAMES[document.documentElement.dataset.theme ?? ""];
  button.setAttribute("aria-label", `Colours: ${name}. Change`);
  button.title = `Colours: ${name}`;
}

const theme = document.querySelector("[data-action=theme]");
theme.hidden = false;
nameTheme(theme);
theme.addEventListener("click", () => setTheme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? "") + 1) % THEMES.length]));

document.querySelector("[data-action=logout]")?.addEventListener("click", async () => {
  try {
    await call("POST", "/api/auth/logout");
    location.assign("/");
  } catch (refusal) {
    toast(refusal.message, "bad");
  }
});

const banner = document.getElementById("offline");
const showOffline = () => (banner.hidden = navigator.onLine);
addEventListener("online", showOffline);
addEventListener("offline", showOffline);
showOffline();
document.querySelector("[data-action=reload]")?.addEventListener("click", (press) => {
  press.preventDefault();
  location.reload();
});

// The offline page asks by itself: a network that is back fires no event when it was the server that was away.
if (document.querySelector("[data-offline]")) {
  addEventListener("online", () => location.reload());
  setInterval(() => fetch("/healthz", { cache: "no-store" }).then((answer) => answer.ok && location.reload(), () => {}), 3000);
}

addEventListener("keydown", (press) => {
  const typing = press.target.closest?.("input, textarea, select, [contenteditable]");
  if (press.key !== "/" || typing || press.ctrlKey || press.metaKey || press.altKey) return;
  press.preventDefault();
  document.getElementById(document.getElementById("asked") ? "asked" : "find")?.focus();
});

// Where one is stays in view in a row of links that is wider than the screen.
for (const here of document.querySelectorAll("nav > [aria-current=page]")) here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - 40;

localTimes();
document.body.addEventListener("htmx:afterSwap", () => localTimes());
tellTroubleOfHtmx();

// The access cookie lives for minutes, the session for days: a page made for nobody is asked for again, once.
if (!document.body.dataset.viewer && hasSession() && !sessionStorage.getItem("restored")) {
  sessionStorage.setItem("restored", "1");
  restore().then((holds) => holds && location.reload(), () => {});
} else if (document.body.dataset.viewer) {
  sessionStorage.removeItem("restored");
}

if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js").catch(() => {});
