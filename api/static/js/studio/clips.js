// Clips in the show: what is on air, the queue, what one has brought, and bringing more.
import { busy, make, timeLeft, toast } from "../dom.js";
import { confirmed, formDialog } from "../kit/dialogs.js";
import { complain, onSubmit } from "../kit/forms.js";
import { keyed } from "../kit/lists.js";
import { fill } from "../kit/states.js";
import { call } from "../session.js";
import { upload } from "../upload.js";
import { sortable } from "./sorting.js";

const MEGABYTE = 2 ** 20;
const SOON_MS = 5 * 60_000;
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

const length = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, "0")}`;
/** As a field of local time takes it. */
const localTime = (ms) => new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
const button = (act, textContent, label, classes = "") => make("button", { type: "button", className: `button small ${classes}`, textContent, ariaLabel: label, dataset: { act } });

/** The panel of one stream; `room` is that of a live stream, which tells when clips begin and end. */
export class Clips {
  #panel = document.getElementById("clips");
  #path;
  #queue = document.querySelector("#clip-queue ol");
  #own = document.querySelector("#clip-library ul");
  #onAir = document.getElementById("clip-on-air");
  #isLive;
  #askWhen = formDialog("clip-at", ({ at }, put) => this.#putAt(at.value, put), ({ at }) => (at.value = localTime(Date.now() + SOON_MS)));

  constructor({ stream, isLive, room }) {
    this.#path = `/api/streams/${stream}/segments`;
    this.#isLive = isLive;
    this.#panel.addEventListener("click", ({ target }) => this.#press(target.closest("[data-act]")));
    sortable(this.#queue, (row, index) => this.#move(row.dataset.key, { insert: index }));
    onSubmit(document.getElementById("clip-upload"), (fields, pressed) => this.#bring(fields, pressed), { vod_type: "file", file_too_large: "file", vod_unreadable: "file", empty_title: "title" });
    for (const event of ["segment:start", "segment:end"]) room?.on(event, () => this.#refresh());
    setInterval(() => this.#count(), 1_000);
    fill(document.getElementById("clip-queue"), () => this.#load());
    fill(document.getElementById("clip-library"), () => this.#list());
  }

  async #load() {
    const { items } = await call("GET", this.#path);
    const shown = items.find(({ state }) => state === "playing" || state === "loading");
    const waiting = items.filter(({ state }) => state === "queued");
    this.#showOnAir(shown);
    const isDragging = Boolean(this.#queue.querySelector("[data-dragged]"));
    if (!isDragging) keyed(this.#queue, waiting, ({ id }) => id, (segment, row) => this.#waiting(segment, row));
    this.#queue.toggleAttribute("data-single", waiting.length < 2);
    return waiting.length > 0;
  }

  async #list() {
    const { items } = await call("GET", "/api/me/vods?limit=100");
    keyed(this.#own, items, ({ id }) => id, (clip, row) => row ?? this.#clip(clip));
    return items.length > 0;
  }

  /** Whatever the state, without the skeleton; what fails is said, and mended by the next time. */
  async #refresh() {
    try {
      const part = document.getElementById("clip-queue");
      const isAny = await this.#load();
      part.dataset.state = isAny ? "ready" : "empty";
      for (const piece of part.querySelectorAll(":scope > [data-when]")) piece.hidden = piece.dataset.when !== part.dataset.state;
    } catch (refusal) {
      toast(refusal.message, "bad");
    }
  }

  #showOnAir(segment) {
    this.#onAir.hidden = !segment;
    if (!segment) return;
    const { id, title, state, startedAt, durationS } = segment;
    this.#onAir.dataset.key = id;
    this.#onAir.querySelector("[data-title]").textContent = title;
    const left = this.#onAir.querySelector("[data-left]");
    left.dataset.until = startedAt ? new Date(Date.parse(startedAt) + durationS * 1000).toISOString() : "";
    left.dataset.words = state === "loading" ? "on its way" : "";
    this.#count();
  }

  #count() {
    const left = this.#onAir.querySelector("[data-left]");
    left.textContent = left.dataset.words || (left.dataset.until && timeLeft(left.dataset.until)) || "0:00";
  }

  #waiting({ title, durationS, playsAt }, row) {
    if (row && row.dataset.at === (playsAt ?? "")) return row;
    const grip = make("button", { type: "button", className: "button quiet square grip", ariaLabel: `Move: ${title}. Arrow keys, or drag`, dataset: { grip: "" } });
    const when = playsAt ? `at ${FULL.format(Date.parse(playsAt))}` : "";
    const words = make("span", { className: "words" }, make("b", { textContent: title }), make("span", { className: "small muted number", textContent: ` ${length(durationS)} ${when}` }));
    const now = this.#isLive ? [button("now", "Play now", `Play now: ${title}`)] : [];
    const later = button("at", "At a time", `At a time: ${title}`);
    return make("li", { dataset: { at: playsAt ?? "" } }, ...(playsAt ? [] : [grip]), words, make("span", { className: "row acts" }, ...now, later, button("drop", "Remove", `Remove: ${title}`, "quiet")));
  }

  #clip({ title, durationS, visibility, pageUrl }) {
    const words = make("span", { className: "words" }, make("a", { href: pageUrl, target: "_blank", textContent: title }), make("span", { className: "small muted number", textContent: ` ${length(durationS)}${visibility === "public" ? "" : `, ${visibility}`}` }));
    const now = this.#isLive ? [button("insert-now", "Play now", `Play now: ${title}`, "primary")] : [];
    return make("li", {}, words, make("span", { className: "row acts" }, ...now, button("insert-next", "Add to queue", `Add to queue: ${title}`), button("insert-at", "At a time", `At a time: ${title}`), button("delete", "Delete", `Delete: ${title}`, "quiet")));
  }

  #press(pressed) {
    if (!pressed) return;
    const { key } = pressed.closest("[data-key]").dataset;
    const title = pressed.closest("li")?.querySelector(".words :first-child").textContent;
    const acts = {
      at: () => this.#askWhen((insert) => call("PATCH", `${this.#path}/${key}`, { insert }), title),
      "insert-at": () => this.#askWhen((insert) => call("POST", this.#path, { vodId: key, insert }), title),
      skip: () => call("DELETE", `${this.#path}/${key}`),
      drop: () => call("DELETE", `${this.#path}/${key}`),
      now: () => call("PATCH", `${this.#path}/${key}`, { insert: "now" }),
      "insert-now": () => call("POST", this.#path, { vodId: key, insert: "now" }),
      "insert-next": () => call("POST", this.#path, { vodId: key, insert: "next" }),
      delete: () => this.#delete(key),
    };
    busy(pressed, async () => {
      try {
        await acts[pressed.dataset.act]();
      } catch (refusal) {
        toast(refusal.message, "bad");
      }
      await this.#refresh();
      if (!pressed.isConnected) document.getElementById("clips-title").focus();
    });
  }

  async #putAt(at, put) {
    if (!at) throw new Error("Choose a time.");
    await put(new Date(at).toISOString());
    await this.#refresh();
  }

  async #move(id, change) {
    try {
      await call("PATCH", `${this.#path}/${id}`, change);
    } catch (refusal) {
      toast(refusal.message, "bad");
    }
    await this.#refresh();
  }

  async #delete(id) {
    if (!(await confirmed({ title: "Delete this clip?", words: "Its file is gone for good.", act: "Delete", danger: true }))) return;
    await call("DELETE", `/api/vods/${id}`);
    await fill(document.getElementById("clip-library"), () => this.#list());
  }

  async #bring({ file, title, visibility }, pressed) {
    const form = pressed.form;
    const most = Number(form.dataset.megabytes);
    const [chosen] = file.files;
    if (!chosen) return complain(form, "Choose an MP4 or WebM file.", "file");
    if (chosen.size > most * MEGABYTE) return complain(form, `A file has at most ${most} MB.`, "file");
    const progress = form.querySelector("progress");
    progress.hidden = false;
    const data = new FormData();
    data.set("title", title.value.trim() || chosen.name.replace(/\.\w+$/, "").slice(0, 140));
    data.set("visibility", visibility.value);
    data.set("file", chosen);
    try {
      const clip = await upload("/api/vods", data, (share) => (progress.value = share));
      form.reset();
      toast(`${clip.title} is ready.`);
    } finally {
      progress.hidden = true;
      progress.value = 0;
    }
    await fill(document.getElementById("clip-library"), () => this.#list());
  }
}
