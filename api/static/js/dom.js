// Small pieces that every page uses: elements, icons, times, toasts.

/** An element with properties and children; text is always text, never markup. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "dataset") Object.assign(element.dataset, value);
    else if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** A picture of the sprite. */
export function icon(name, classes = "icon") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", classes);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${document.body.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

/** A short message that goes by itself. */
export function toast(text, kind = "") {
  const shown = make("p", { className: `toast ${kind}`, textContent: text });
  document.getElementById("toasts").append(shown);
  setTimeout(() => shown.remove(), 5_000);
}

const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
export const clock = (at) => CLOCK.format(at);

/** Put the reader's own time in place of the server's. */
export function localTimes(root = document) {
  for (const element of root.querySelectorAll("time[data-time]")) {
    const at = new Date(element.dateTime);
    element.textContent = (element.dataset.time === "clock" ? CLOCK : FULL).format(at);
  }
}

/** `3 min`, `2 h 05`: as the server writes it. */
export function lasted(fromMs, untilMs = Date.now()) {
  const minutes = Math.max(0, Math.floor((untilMs - fromMs) / 60_000));
  if (minutes < 60) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")}` : `${Math.floor(minutes / 1440)} days`;
}

/** Show the balance wherever the page shows it. */
export function showBalance(tokens) {
  for (const element of document.querySelectorAll("[data-balance]")) element.textContent = tokens;
}

/** While `work` runs the button is busy; a second press does nothing. */
export async function busy(button, work) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/** What is left until a moment, as 1:05; nothing once it has come. */
export function timeLeft(until) {
  const seconds = Math.max(0, Math.ceil((Date.parse(until) - Date.now()) / 1000));
  return seconds ? `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` : "";
}

/** Let every `[data-until]` count down, once a second. */
export function countDowns() {
  setInterval(() => {
    for (const element of document.querySelectorAll("[data-until]")) element.textContent = timeLeft(element.dataset.until);
  }, 1_000);
}
