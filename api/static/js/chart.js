// One chart of a panel, drawn by uPlot: area, bars, stacked moods, or shares of a whole.
/* global uPlot */
import { clock } from "./dom.js";

const HEIGHT = 216;
const SERIES_COLOURS = 4;
const WHOLE_STEPS = [1, 2, 5].flatMap((step) => [0, 1, 2, 3, 4, 5, 6].map((power) => step * 10 ** power)).sort((a, b) => a - b);

/** `giftTokens` as `Gift tokens`. */
export const label = (field) => field.replace(/([A-Z])/g, " $1").toLowerCase().replace(/^./, (letter) => letter.toUpperCase());

const NUMBER = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const PERCENT = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });

/** How values of a kind of chart are written. */
export const written = (kind, value) => (value == null ? "–" : kind === "share" || kind === "mood" ? PERCENT.format(value) : NUMBER.format(value));

function colourOf(place, dataset) {
  const probe = document.createElement("i");
  Object.assign(probe.dataset, dataset);
  probe.style.color = "var(--series)";
  place.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

const EXACT = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** A mark of the bottom axis: a time, or minutes after joining. */
function place(x, mark, step) {
  if (x !== "at") return `${NUMBER.format(mark)} min`;
  return step < 60 ? EXACT.format(mark * 1000) : clock(mark * 1000);
}

const faded = (colour, share) => `color-mix(in srgb, ${colour} ${share}%, transparent)`;

/** Each mood's value becomes the sum of itself and those below, drawn from the highest down. */
function stacked(columns) {
  const sums = columns.map((column) => [...column]);
  for (let index = sums.length - 2; index >= 0; index--) {
    for (let row = 0; row < sums[index].length; row++) sums[index][row] = (sums[index][row] ?? 0) + (sums[index + 1][row] ?? 0);
  }
  return sums;
}

export class Chart {
  #place;
  #kind;
  #plot = null;
  #shape = "";
  #onHover;

  /** `onHover(index)` is told the row under the pointer, or null. */
  constructor(place, kind, onHover) {
    this.#place = place;
    this.#kind = kind;
    this.#onHover = onHover;
    new ResizeObserver(() => this.#plot?.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
    addEventListener("themechange", () => (this.#shape = ""));
  }

  /** Show `rows` of `fields`; `x` is the field along the bottom: `at` (a time) or a number. */
  show(rows, fields, x) {
    const across = rows.map((row) => (x === "at" ? Date.parse(row.at) / 1000 : row[x]));
    const columns = fields.map((field) => rows.map((row) => row[field] ?? null));
    const data = [across, ...(this.#kind === "mood" ? stacked(columns) : columns)];
    const shape = `${x}:${fields.join()}`;
    if (this.#plot && shape === this.#shape) {
      this.#plot.setData(data);
      return;
    }
    this.#shape = shape;
    this.#plot?.destroy();
    this.#place.replaceChildren();
    this.#plot = new uPlot(this.#options(fields, x), data, this.#place);
  }

  #options(fields, x) {
    const style = getComputedStyle(this.#place);
    const font = `12px ${style.fontFamily}`;
    const ink = colourOf(this.#place, { series: "ink" });
    const grid = { stroke: faded(ink, 18), width: 1 };
    const axis = { stroke: ink, font, grid, ticks: { show: false }, gap: 6 };
    const scale = this.#kind === "share" || this.#kind === "mood" ? [0, 1] : (_, __, most) => [0, Math.max(4, most * 1.12)];
    return {
      width: this.#place.clientWidth,
      height: HEIGHT,
      padding: [10, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: { x: { time: x === "at" }, y: { range: scale } },
      axes: [
        { ...axis, grid: { show: false }, size: 30, space: 80, values: (_, marks, __, ___, step) => marks.map((mark) => place(x, mark, step)) },
        { ...axis, size: 46, space: 42, incrs: scale[1] === 1 ? [0.25, 0.5] : WHOLE_STEPS, values: (_, marks) => marks.map((mark) => written(this.#kind, mark)) },
      ],
      series: [{}, ...fields.map((field, index) => this.#series(field, index))],
      hooks: { setCursor: [(plot) => this.#onHover(plot.cursor.idx ?? null)] },
    };
  }

  #series(field, index) {
    const isMood = this.#kind === "mood";
    const stroke = colourOf(this.#place, isMood ? { series: "mood", mood: field } : { series: index % SERIES_COLOURS });
    const bars = this.#kind === "bars" && !index;
    const { linear, bars: drawBars, stepped } = uPlot.paths;
    return {
      label: label(field),
      stroke,
      width: bars ? 0 : isMood ? 1 : 2,
      fill: bars ? faded(stroke, 85) : isMood ? stroke : index ? undefined : faded(stroke, 20),
      paths: bars ? drawBars({ size: [0.7, 28], radius: 0.2 }) : isMood ? stepped({ align: 1 }) : linear(),
      points: { show: false },
      spanGaps: true,
    };
  }
}
