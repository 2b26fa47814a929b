// A client of the room's websocket: answers matched by id, frames in order and once, heartbeats, and coming back.
import { Refusal } from "./session.js";

const HEARTBEAT_MS = 15_000;
const SILENCE_MS = 40_000;
const ANSWER_MS = 15_000;
const GAP_MS = 3_000;
const FIRST_DELAY_MS = 400;
const LONGEST_DELAY_MS = 20_000;
const FINAL_CODES = new Set([4400, 4404]);

/**
 * `new RoomSocket({ url, token })`: `token()` gives `{access, expiresIn}` or null for a reader without an account.
 * Events: every server frame by its name with its data, and `state` with "connecting", "open" or "closed".
 * On the first connection, and whenever missed frames are gone for good, `room:state` comes; after a reconnect that
 * missed nothing `room:refresh` brings the numbers of the moment. Listens to all channels, so `seq` has no gaps; an
 * address that shows only some is `partial`: its frames are taken as they come.
 */
export class RoomSocket {
  #url;
  #token;
  #partial;
  #listeners = new Map();
  #waiting = new Map();
  #early = new Map();
  #ws = null;
  #ids = 0;
  #epoch = null;
  #seq = null;
  #tries = 0;
  #heardAt = 0;
  #timers = {};
  #stopped = false;
  #isOpen = false;
  #opening = [];

  constructor({ url, token, partial = false }) {
    this.#url = url;
    this.#partial = partial;
    this.#token = token;
  }

  /** The user of the last `auth` ack, or null. */
  me = null;

  on(event, listener) {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this;
  }

  start() {
    addEventListener("online", () => this.#connect());
    addEventListener("offline", () => this.#ws?.close());
    addEventListener("pagehide", () => this.stop());
    addEventListener("pageshow", (shown) => {
      if (!shown.persisted) return;
      this.#stopped = false;
      this.#connect();
    });
    document.addEventListener("visibilitychange", () => this.#beat());
    setInterval(() => this.#beat(), HEARTBEAT_MS);
    this.#connect();
    return this;
  }

  stop() {
    this.#stopped = true;
    this.#ws?.close(1000);
  }

  /** Settles when the socket is open and signed in. */
  whenOpen() {
    return this.#isOpen ? Promise.resolve() : new Promise((resolve) => this.#opening.push(resolve));
  }

  /**
   * Send a frame; its ack's data. Throws `Refusal` with the code of the error frame; `not_connected` when nothing was
   * sent; `connection_lost` or `timeout` when it was sent and nobody knows what became of it.
   */
  ask(event, data = {}) {
    return new Promise((resolve, reject) => {
      if (this.#ws?.readyState !== WebSocket.OPEN) {
        reject(new Refusal({ code: "not_connected", message: "Not connected: try again in a moment" }));
        return;
      }
      const id = `c${++this.#ids}`;
      const timer = setTimeout(() => this.#settle(id, null, new Refusal({ code: "timeout", message: "No answer came" })), ANSWER_MS);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#ws.send(JSON.stringify({ event, id, data }));
    });
  }

  #emit(event, data, ts) {
    for (const listener of this.#listeners.get(event) ?? []) listener(data, ts);
  }

  #connect() {
    if (this.#stopped || (this.#ws && this.#ws.readyState <= WebSocket.OPEN)) return;
    clearTimeout(this.#timers.reconnect);
    this.#emit("state", "connecting");
    const ws = new WebSocket(this.#url, "livestreamx.v1.json");
    this.#ws = ws;
    ws.onopen = () => this.#opened();
    ws.onmessage = (message) => this.#receive(JSON.parse(message.data));
    ws.onclose = (closed) => ws === this.#ws && this.#closed(closed.code);
  }

  async #opened() {
    this.#tries = 0;
    this.#heardAt = performance.now();
    const ws = this.#ws;
    await this.#authenticate();
    if (ws !== this.#ws || ws.readyState !== WebSocket.OPEN) return;
    this.#isOpen = true;
    this.#emit("state", "open");
    for (const resolve of this.#opening.splice(0)) resolve();
    this.#beat();
  }

  async #authenticate() {
    clearTimeout(this.#timers.renew);
    try {
      const token = await this.#token();
      if (!token) return;
      this.me = await this.ask("auth", { token: token.access });
      this.#timers.renew = setTimeout(() => this.#authenticate(), token.expiresIn * 800);
      this.#emit("signed-in", this.me);
    } catch (refusal) {
      if (["connection_lost", "not_connected"].includes(refusal.code)) return;
      this.#timers.renew = setTimeout(() => this.#authenticate(), 5_000);
    }
  }

  #closed(code) {
    this.#isOpen = false;
    clearTimeout(this.#timers.renew);
    clearTimeout(this.#timers.gap);
    for (const id of [...this.#waiting.keys()]) {
      this.#settle(id, null, new Refusal({ code: "connection_lost", message: "The connection broke: try again" }));
    }
    this.#emit("state", "closed");
    if (this.#stopped || FINAL_CODES.has(code)) return;
    const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#tries++);
    this.#timers.reconnect = setTimeout(() => this.#connect(), ceiling * (0.5 + Math.random() / 2));
  }

  #beat() {
    if (this.#ws?.readyState !== WebSocket.OPEN) return;
    if (performance.now() - this.#heardAt > SILENCE_MS) {
      this.#ws.close();
      return;
    }
    this.ask("viewer:heartbeat", { focus: document.visibilityState === "visible" }).catch(() => {});
  }

  #settle(id, data, refusal) {
    const asked = this.#waiting.get(id);
    if (!asked) return;
    this.#waiting.delete(id);
    clearTimeout(asked.timer);
    if (refusal) asked.reject(refusal);
    else asked.resolve(data);
  }

  #receive(frame) {
    this.#heardAt = performance.now();
    const { event, id, data, seq } = frame;
    if (event === "ack") this.#settle(id, data);
    else if (event === "error") this.#settle(id, null, new Refusal(data));
    else if (event === "room:state") this.#enter(data);
    else if (event === "resume:truncated") this.#seq = null;
    else if (event === "auth:expired") this.#authenticate();
    else if (typeof seq === "number") this.#order(frame);
    else this.#emit(event, data, frame.ts);
  }

  /** Take a snapshot as new, or ask for what was missed since the last frame of the same numbering. */
  #enter(state) {
    if (this.#seq !== null && this.#epoch === state.epoch && state.seq >= this.#seq) {
      this.#emit("room:refresh", state);
      if (state.seq > this.#seq) this.ask("resume", { epoch: this.#epoch, seq: this.#seq }).catch(() => {});
      return;
    }
    this.#epoch = state.epoch;
    this.#seq = state.seq;
    for (const seq of this.#early.keys()) if (seq <= state.seq) this.#early.delete(seq);
    this.#emit("room:state", state);
    this.#drain();
  }

  /** Frames may come before those that fill the gap in front of them: they wait, but not for ever. */
  #order(frame) {
    if (this.#seq !== null && frame.seq <= this.#seq) return;
    if (this.#partial) {
      this.#seq = frame.seq;
      this.#emit(frame.event, frame.data, frame.ts);
      return;
    }
    this.#early.set(frame.seq, frame);
    this.#drain();
    clearTimeout(this.#timers.gap);
    if (this.#early.size) this.#timers.gap = setTimeout(() => this.#skip(), GAP_MS);
  }

  #drain() {
    if (this.#seq === null) return;
    let next;
    while ((next = this.#early.get(this.#seq + 1))) {
      this.#early.delete(next.seq);
      this.#seq = next.seq;
      this.#emit(next.event, next.data, next.ts);
    }
  }

  #skip() {
    if (this.#seq === null || !this.#early.size) return;
    this.#seq = Math.min(...this.#early.keys()) - 1;
    this.#drain();
  }
}

/** The address of a stream's room on this site. */
export function roomUrl(stream) {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws?stream=${stream}`;
}
