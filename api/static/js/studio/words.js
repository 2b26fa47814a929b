// How the studio writes its numbers, and what it calls the fields of a series.

const NUMBER = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const FINE = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 });
const PERCENT = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });
const MONEY = new Intl.NumberFormat(undefined, { style: "currency", currency: "USD" });

const NAMES = {
  at: "Time",
  minute: "Minute",
  ofPeak: "Share of the peak",
  netCents: "Your part",
  share: "Still watching",
  z: "Above the five minutes before (z)",
  velocity: "Reactions a second",
  fastest: "Fastest a second",
  viewerMinutes: "Viewer-minutes",
  unfollowed: "Taken back",
};
const WAYS = { ofPeak: "percent", netCents: "money", share: "percent", turnout: "percent", intensity: "percent", density: "fine", velocity: "fine", z: "fine" };

/** `giftTokens` as `Gift tokens`. */
export const label = (field) => NAMES[field] ?? field.replace(/([A-Z])/g, " $1").toLowerCase().replace(/^./, (letter) => letter.toUpperCase());

function lasting(ms) {
  const seconds = Math.round(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const tail = `${String(seconds % 60).padStart(2, "0")}`;
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

const WRITERS = {
  number: (value) => (value && Math.abs(value) < 1 ? FINE : NUMBER).format(value),
  fine: (value) => FINE.format(value),
  percent: (value) => PERCENT.format(value),
  minutes: (value) => `${NUMBER.format(value)} min`,
  duration: lasting,
  money: (cents) => MONEY.format(cents / 100),
  word: (value) => value.replace(/^./, (letter) => letter.toUpperCase()),
};

/** A value in one of the ways above; a dash where there is none. */
export const written = (way, value) => (value == null ? "–" : WRITERS[way](value));

/** The value of a field of a series. */
export const cell = (field, value) => (typeof value === "number" ? written(WAYS[field] ?? "number", value) : Array.isArray(value) ? value.join(", ") : value ?? "–");

/** Put a text where it is not yet: what stays the same is not drawn again, nor read out. */
export function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
