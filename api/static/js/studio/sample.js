// Numbers of a channel that does not exist, for creators who have none yet. Every place that shows them says "Sample".

const DAY_MS = 86_400_000;
const DEFINITION = "A sample, so that you see what this panel will tell. Its definition comes with your own numbers.";

/** The same every time: a slow wave, busier at the end of each week. */
const wave = (day, size) => Math.round(size * (1 + Math.sin(day / 4.5) / 2) * (day % 7 > 4 ? 1.9 : day % 3 ? 0.15 : 1));

function course(from, to) {
  const days = [];
  for (let at = Math.floor(from / DAY_MS); at < to / DAY_MS; at++) days.push(at);
  return days.map((day) => ({
    at: new Date(day * DAY_MS).toISOString(),
    minutes: wave(day, 900),
    viewers: wave(day, 42),
    messages: wave(day, 310),
    chatters: wave(day, 36),
    tokens: wave(day, 420),
    paid: wave(day, 260),
    followed: wave(day, 6),
    unfollowed: day % 5 ? 0 : 1,
    new: wave(day, 19),
    returning: wave(day, 24),
  }));
}

function totalsOf(rows) {
  const sum = (field) => rows.reduce((all, row) => all + row[field], 0);
  const [followed, unfollowed] = [sum("followed"), sum("unfollowed")];
  return {
    viewers: { minutesWatched: sum("minutes"), acv: 21.4, peak: Math.max(...rows.map(({ viewers }) => viewers)), unique: sum("new") + 40, avgWatchMs: 1_460_000, engaged: 184, anonymous: 96 },
    chat: { messages: sum("messages"), chatters: 212 },
    gifts: { tokens: sum("tokens"), paid: sum("paid"), bonus: sum("tokens") - sum("paid"), netCents: sum("paid") * 0.7, count: 240, gifters: 61, byGift: [] },
    followers: { followed, unfollowed, growth: followed - unfollowed, bySource: [{ source: "watch page", count: followed }] },
    returning: { new: sum("new"), returning: sum("returning"), returningShare: sum("returning") / (sum("new") + sum("returning")) },
    supporters: {},
  };
}

/** Answers like the analytics API. */
export async function sample(_, names, query) {
  const span = new URLSearchParams(query);
  const to = Date.parse(span.get("to") ?? "") || Date.now();
  const rows = course(Date.parse(span.get("from") ?? "") || to - 30 * DAY_MS, to);
  const totals = totalsOf(rows);
  const panels = names.map((name) => [name, { definition: DEFINITION, totals: totals[name], series: name === "supporters" ? [] : rows }]);
  return { asOf: new Date().toISOString(), panels: Object.fromEntries(panels) };
}
