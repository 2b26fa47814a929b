// One chart of a panel, drawn by uPlot: area, bars, stacked moods or shares, with marks and the course before.
/* global uPlot */
import { clock } from "./dom.js";
import { label, written } from "./studio/words.js";

const HEIGHT = 216;
const SERIES_COLOURS = 4;
const WHOLE_STEPS = [1, 2, 5].flatMap((step) => [0, 1, 2, 3, 4, 5, 6].map((power) => step * 10 ** power)).sort((a, b) => a - b);
const FINE_STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, ...WHOLE_STEPS];
const EXACT = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

/** A colour of the style sheet, by the data attributes that name it. */
function colourOf(place, dataset) {
  const probe = document.createElement("i");
  Object.assign(probe.dataset, dataset);
  probe.style.color = "mark" in dataset ? "var(--mark)" : "var(--series)";
  place.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** A mark of the bottom axis: a day, a time, or minutes after joining. */
function bottom(x, mark, step) {
  if (x !== "at") return `${mark} min`;
  if (step >= 86_400 || (step >= 3600 && new Date(mark * 1000).getHours() === 0)) return DAY.format(mark * 1000);
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

/** A gift is a diamond, a moment a triangle, a clip points to the right, a poll is a square: told apart without colours. */
function shape(context, kind, x, y, size) {
  const corners = { gift: [[0, -1], [1, 0], [0, 1], [-1, 0]], moment: [[0, -1], [1, 0.9], [-1, 0.9]], clip: [[-0.7, -1], [1, 0], [-0.7, 1]] }[kind] ?? [[-0.8, -0.8], [0.8, -0.8], [0.8, 0.8], [-0.8, 0.8]];
  context.beginPath();
  for (const [dx, dy] of corners) context.lineTo(x + dx * size, y + dy * size);
  context.closePath();
  context.fill();
}

export class Chart {
  #place;
  #kind;
  #plot = null;
  #shape = "";
  #onHover;
  #marks = [];
  #moods = [];
  #colours = new Map();

  /** `onHover(index)` is told the row under the pointer, or null. */
  constructor(place, kind, onHover) {
    this.#place = place;
    this.#kind = kind;
    this.#onHover = onHover;
    new ResizeObserver(() => this.#plot?.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
    addEventListener("themechange", () => (this.#shape = ""));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (this.#shape = ""));
  }

  /**
   * Show `rows` of `fields`; `x` is the field along the bottom: `at` (a time) or a number. `before` are the values of
   * the first field in the course to compare with, step for step; `marks` are `{kind, at}`.
   */
  show(rows, fields, x, { before = null, marks = [] } = {}) {
    const across = rows.map((row) => (x === "at" ? Date.parse(row.at) / 1000 : row[x]));
    const columns = fields.map((field) => rows.map((row) => row[field] ?? null));
    const ghost = before ? [across.map((_, index) => before[index] ?? null)] : [];
    const data = [across, ...(this.#kind === "mood" ? stacked(columns) : columns), ...ghost];
    this.#marks = x === "at" ? marks : [];
    this.#moods = this.#kind === "mood" ? rows.map(({ mood }) => mood) : [];
    const shown = `${x}:${fields.join()}:${ghost.length}`;
    if (this.#plot && shown === this.#shape) {
      this.#plot.setData(data);
      return;
    }
    this.#shape = shown;
    this.#colours.clear();
    this.#plot?.destroy();
    this.#place.replaceChildren();
    this.#plot = new uPlot(this.#options(fields, x, ghost.length > 0), data, this.#place);
  }

  /** A colour of the theme, asked for once a theme. */
  #colour(dataset) {
    const name = Object.values(dataset).join(" ");
    if (!this.#colours.has(name)) this.#colours.set(name, colourOf(this.#place, dataset));
    return this.#colours.get(name);
  }

  /** Other marks on the same course. */
  mark(marks) {
    this.#marks = marks;
    this.#plot?.redraw(false);
  }

  #options(fields, x, hasGhost) {
    const font = `12px ${getComputedStyle(this.#place).fontFamily}`;
    const ink = colourOf(this.#place, { series: "ink" });
    const axis = { stroke: ink, font, grid: { stroke: faded(ink, 18), width: 1 }, ticks: { show: false }, gap: 6 };
    const isShare = this.#kind === "share" || this.#kind === "mood";
    const sync = x === "at" ? { sync: { key: "studio", setSeries: false } } : {};
    return {
      width: this.#place.clientWidth,
      height: HEIGHT,
      padding: [this.#kind === "mood" ? 20 : 14, 34, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 }, ...sync },
      scales: { x: { time: x === "at", range: (plot, first, last) => this.#across(plot, first, last) }, y: { range: isShare ? [0, 1] : (_, __, most) => [0, most > 0 && most < 2 ? most * 1.2 : Math.max(4, most * 1.12)] } },
      axes: [
        { ...axis, grid: { show: false }, size: 30, space: 80, values: (_, marks, __, ___, step) => marks.map((mark) => bottom(x, mark, step)) },
        { ...axis, size: 46, space: 42, incrs: isShare ? [0.25, 0.5] : FINE_STEPS, values: (_, marks) => marks.map((mark) => written(isShare ? "percent" : "number", mark)) },
      ],
      series: [{}, ...fields.map((field, index) => this.#series(field, index)), ...(hasGhost ? [this.#ghost(ink)] : [])],
      hooks: { setCursor: [(plot) => this.#onHover(plot.cursor.idx ?? null)], draw: [(plot) => this.#draw(plot)] },
    };
  }

  /** Bars stand on their step: half of one more on either side. */
  #across(plot, first, last) {
    const [one, two] = plot.data[0];
    const half = this.#kind === "bars" && two > one ? (two - one) / 2 : first === last ? 30 : 0;
    return [first - half, last + half];
  }

  #ghost(ink) {
    return { label: "Before", stroke: faded(ink, 80), width: 1.5, dash: [4, 4], points: { show: false }, spanGaps: false };
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

  /** Over the course: the band of moods along the top, and what happened. */
  #draw(plot) {
    const { ctx: context, bbox } = plot;
    const ratio = devicePixelRatio;
    context.save();
    this.#moods.forEach((mood, index) => {
      const from = plot.valToPos(plot.data[0][index], "x", true);
      const next = plot.data[0][index + 1] ?? plot.data[0][index] + (plot.data[0][1] - plot.data[0][0] || 1);
      context.fillStyle = this.#colour({ series: "mood", mood });
      context.fillRect(from, bbox.top - 14 * ratio, Math.max(1, Math.min(plot.valToPos(next, "x", true), bbox.left + bbox.width) - from), 8 * ratio);
    });
    for (const { kind, at, until } of this.#marks) {
      if (until) this.#shade(plot, kind, at / 1000, until / 1000);
      if (at / 1000 < plot.scales.x.min || at / 1000 > plot.scales.x.max) continue;
      const x = Math.round(plot.valToPos(at / 1000, "x", true));
      context.fillStyle = context.strokeStyle = this.#colour({ mark: kind });
      context.lineWidth = ratio;
      context.setLineDash([2 * ratio, 3 * ratio]);
      context.beginPath();
      context.moveTo(x, bbox.top);
      context.lineTo(x, bbox.top + bbox.height);
      context.stroke();
      shape(context, kind, x, bbox.top - 3 * ratio, 4.5 * ratio);
    }
    context.restore();
  }

  /** What lasts: the time that it took, under its colour. */
  #shade(plot, kind, from, until) {
    const { ctx: context, bbox, scales } = plot;
    const [first, last] = [Math.max(from, scales.x.min), Math.min(until, scales.x.max)];
    if (first >= last) return;
    const [left, right] = [first, last].map((at) => plot.valToPos(at, "x", true));
    context.fillStyle = faded(this.#colour({ mark: kind }), 22);
    context.fillRect(left, bbox.top, Math.max(devicePixelRatio, right - left), bbox.height);
  }
}
