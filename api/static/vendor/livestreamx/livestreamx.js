// A client of LiveStreamX rooms for browsers and Node 20+: docs/clients.md shows its use.
// What a room tells comes once and in order over any number of connections; nothing that counts is sent twice.

const HEARTBEAT_MS = 15_000;
const ANSWER_MS = 15_000;
const SILENCE_MS = 40_000;
const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 10_000;
const AUTH_AGAIN_MS = 5_000;
const LOST = 1006;
const TRY_LATER = 1013;
const FINAL = [4400, 4404];
const UNFILTERED = ["", "studio"];

/** Why there is no ack: `code` is stable, `message` for people; `retryAfterMs` is 0 unless the room named it. */
export class RoomError extends Error {
  constructor(code, message, retryAfterMs = 0) {
    super(message);
    Object.assign(this, { code, retryAfterMs });
  }
}

export class Refused extends RoomError {}

/** `connection_lost`, `timeout`: what came of it is not known. */
export class Unanswered extends RoomError {}

/** `not_connected`: nothing was sent. */
export class NotConnected extends RoomError {
  constructor() {
    super("not_connected", "Not connected");
  }
}

/** A name for an act that must happen once. */
export function requestKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const DEFAULTS = {
  token: async () => null,
  focus: () => globalThis.document?.visibilityState !== "hidden",
  codec: { subprotocol: "livestreamx.v1.json", encode: JSON.stringify, decode: JSON.parse },
};

/**
 * `base` is the platform's address, in a page its own; `view` a part of the room, such as "overlay"; `token` is asked at
 * each connection and before it runs out (seconds), null only reads; `focus` says whether somebody looks.
 * @typedef {{ stream: string, base?: string, view?: string, channels?: string[], focus?: () => boolean,
 *   token?: () => Promise<{ access: string, expiresIn: number } | null>, codec?: any }} Options
 * @typedef {(data: any, ts?: string) => void} Listener
 */

/**
 * `on` takes the name of any server frame, and `state` "connecting", "open" or "closed";
 * `room:state`, a snapshot that replaces everything; `room:refresh`, the numbers of the moment after a return that
 * missed nothing; `signed-in`; `close` `{code, reason, final}`; `refused`, an error that answers no request; `gap`
 * `{after, before}`, frames that are gone for good; `frame`, every frame.
 */
export class Room {
  #options;
  #address;
  #partial;
  #listeners = new Map();
  #waiting = new Map();
  #timers = {};
  #page;
  #ws = null;
  #ids = 0;
  #tries = 0;
  #steps = 0;
  #heardAt = 0;
  #holeAt = null;
  #droppedTo = 0;
  #drainMs = null;
  #isFresh = true;
  #isStopped = true;
  #failure = null;

  /** @type {{ userId: string, handle: string, roles: string[] } | null} */
  me = null;
  state = "closed";
  /** @type {string | null} */
  epoch = null;
  /** @type {number | null} */
  seq = null;

  /** @param {Options} options */
  constructor({ stream, base = globalThis.location?.origin, view = "", channels = [], ...rest }) {
    this.#options = { ...DEFAULTS, ...rest };
    this.#partial = channels.length > 0 || !UNFILTERED.includes(view);
    this.#address = new URL(view ? `/ws/${view}` : "/ws", base);
    this.#address.protocol = this.#address.protocol.replace("http", "ws");
    this.#address.searchParams.set("stream", stream);
    if (channels.length) this.#address.searchParams.set("channels", channels.join());
  }

  /** @param {string} event @param {Listener} listener */
  on(event, listener) {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this;
  }

  off(event, listener) {
    this.#listeners.set(event, (this.#listeners.get(event) ?? []).filter((one) => one !== listener));
  }

  start() {
    if (!this.#isStopped) return this;
    this.#isStopped = false;
    this.#failure = null;
    this.#timers.beat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    if (globalThis.document) this.#followPage();
    this.#connect();
    return this;
  }

  /** `start` comes back to where it was. */
  stop() {
    this.#isStopped = true;
    this.#page?.abort();
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#lose(this.#ws, 1000, "left");
    this.#emit("state", this.state);
  }

  /** Settles when the room is open. */
  ready(timeoutMs = ANSWER_MS) {
    return new Promise((resolve, reject) => {
      const settle = (state) => {
        if (state !== "open" && state !== "late" && !this.#isStopped) return;
        clearTimeout(timer);
        this.off("state", settle);
        if (state === "open") resolve();
        else reject(this.#failure ?? new NotConnected());
      };
      const timer = setTimeout(settle, timeoutMs, "late");
      this.on("state", settle);
      settle(this.state);
    });
  }

  /** Send a frame once; its ack's data, or a `RoomError`. @param {string} event @returns {Promise<any>} */
  async request(event, data = {}, { timeoutMs = ANSWER_MS } = {}) {
    if (this.state !== "open") throw new NotConnected();
    return this.#ask(event, data, timeoutMs);
  }

  /**
   * Send a gift that is charged once: while no answer comes it is sent again, bearing the same idempotency key.
   * @param {{ code: string, qty?: number, comboId?: string, args?: object }} gift
   * @returns {Promise<{ giftEventId: string, balance: number }>}
   */
  async sendGift(gift, { withinMs = 120_000, ...options } = {}) {
    const once = { idempotencyKey: requestKey(), ...gift };
    const until = Date.now() + withinMs;
    for (;;) {
      try {
        return await this.request("gift:send", once, options);
      } catch (error) {
        if (!(error instanceof Unanswered) || Date.now() >= until) throw error;
        await this.ready(until - Date.now()).catch(() => Promise.reject(error));
      }
    }
  }

  #followPage() {
    this.#page = new AbortController();
    const { signal } = this.#page;
    addEventListener("online", () => this.#connect(), { signal });
    addEventListener("offline", () => this.#lose(this.#ws, LOST, "offline"), { signal });
    document.addEventListener("visibilitychange", () => this.#beat(), { signal });
    addEventListener("pagehide", () => {
      this.stop();
      addEventListener("pageshow", ({ persisted }) => persisted && this.start(), { once: true });
    }, { signal });
  }

  #connect() {
    if (this.#isStopped || this.#ws) return;
    clearTimeout(this.#timers.connect);
    this.#drainMs = null;
    this.#steps = 0;
    this.#show("connecting");
    const address = new URL(this.#address);
    this.#isFresh = this.epoch === null;
    if (!this.#isFresh) {
      address.searchParams.set("epoch", this.epoch);
      address.searchParams.set("seq", `${this.seq}`);
    }
    const { codec } = this.#options;
    const ws = new WebSocket(address, codec.subprotocol);
    this.#ws = ws;
    ws.binaryType = "arraybuffer";
    ws.onopen = () => this.#opened(ws);
    ws.onmessage = ({ data }) => this.#receive(codec.decode(data));
    ws.onclose = ({ code, reason }) => this.#lose(ws, code, reason);
    this.#later("open", ANSWER_MS, () => this.#lose(ws, LOST, "no answer"));
  }

  async #opened(ws) {
    clearTimeout(this.#timers.open);
    this.#heardAt = performance.now();
    await this.#signIn(ws);
    if (ws === this.#ws) this.#step(1);
  }

  /** Open once its visitor is signed in and the room has told its state. */
  #step(done) {
    this.#steps |= done;
    if (this.#steps !== 3 || this.state === "open") return;
    this.#show("open");
    this.#beat();
  }

  async #signIn(ws) {
    const again = (ms) => this.#later("renew", ms, () => this.#signIn(ws));
    try {
      const token = await this.#options.token();
      if (ws !== this.#ws || !token) return;
      this.me = await this.#ask("auth", { token: token.access });
      again(token.expiresIn * 800);
      this.#emit("signed-in", this.me);
    } catch (error) {
      if (ws !== this.#ws) return;
      again(AUTH_AGAIN_MS);
      this.#emit("refused", error);
    }
  }

  #lose(ws, code, reason) {
    if (!ws || ws !== this.#ws) return;
    this.#ws = null;
    ws.onopen = ws.onmessage = ws.onclose = null;
    ws.close();
    for (const name of ["open", "renew"]) clearTimeout(this.#timers[name]);
    const broken = new Unanswered("connection_lost", "The connection broke");
    for (const id of this.#waiting.keys()) this.#settle(id, null, broken);
    const final = FINAL.includes(code);
    if (!final && !this.#isStopped) this.#later("connect", this.#pause(code), () => this.#connect());
    this.#show("closed");
    this.#emit("close", { code, reason, final });
    if (final) this.stop();
  }

  /** Full jitter, so that a crowd comes back spread out. */
  #pause(code) {
    if (globalThis.navigator?.onLine === false) return LONGEST_PAUSE_MS;
    if (this.#drainMs !== null) return this.#drainMs;
    const ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#tries++);
    return Math.random() * ceiling + (code === TRY_LATER ? FIRST_PAUSE_MS : 0);
  }

  #later(name, ms, act) {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = setTimeout(act, ms);
  }

  #beat() {
    if (this.state !== "open") return;
    if (performance.now() - this.#heardAt > SILENCE_MS) this.#lose(this.#ws, LOST, "silence");
    else this.#send("viewer:heartbeat", "beat", { focus: this.#options.focus() });
  }

  #ask(event, data, timeoutMs = ANSWER_MS) {
    return new Promise((resolve, reject) => {
      const id = `c${++this.#ids}`;
      const timer = setTimeout(() => this.#settle(id, null, new Unanswered("timeout", "No answer")), timeoutMs);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#send(event, id, data);
    });
  }

  #send(event, id, data) {
    this.#ws.send(this.#options.codec.encode({ event, id, data }));
  }

  #settle(id, data, error) {
    if (id === null) this.#emit("refused", (this.#failure = error));
    const asked = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(asked?.timer);
    if (error) asked?.reject(error);
    else asked?.resolve(data);
  }

  #receive(frame) {
    this.#heardAt = performance.now();
    const { event, id, data, seq } = frame;
    if (event === "ack") this.#settle(id, data);
    else if (event === "error") this.#settle(id, null, new Refused(data.code, data.message, data.retryAfterMs));
    else if (event === "room:state") this.#enter(frame);
    else if (typeof seq === "number") this.#order(frame);
    else {
      if (event === "resume:truncated") this.#isFresh = true;
      if (event === "frames:dropped") this.#droppedTo = data.toSeq;
      if (event === "gateway:drain") this.#drainMs = data.reconnectInMs;
      if (event === "auth:expired") this.#signIn(this.#ws);
      this.#tell(event, frame);
    }
  }

  /** A snapshot replaces what was seen, unless it repeats the place that was come back to. */
  #enter(frame) {
    const { epoch, seq } = frame.data;
    this.#tries = 0;
    const isKnown = !this.#isFresh && epoch === this.epoch && seq === this.seq;
    Object.assign(this, { epoch, seq });
    this.#isFresh = false;
    this.#droppedTo = 0;
    this.#tell(isKnown ? "room:refresh" : "room:state", frame);
    this.#step(2);
  }

  /** Each frame once: a hole is closed by coming back to the frame before it, and told when it stays. */
  #order(frame) {
    if (this.seq === null || frame.seq <= this.seq) return;
    if (!this.#partial && frame.seq > Math.max(this.seq, this.#droppedTo) + 1) {
      if (this.#holeAt !== this.seq) {
        this.#holeAt = this.seq;
        this.#lose(this.#ws, LOST, "a frame is missing");
        return;
      }
      this.#emit("gap", { after: this.seq, before: frame.seq });
    }
    this.seq = frame.seq;
    this.#tell(frame.event, frame);
  }

  #show(state) {
    this.state = state;
    this.#emit("state", state);
  }

  #tell(event, frame) {
    this.#emit(event, frame.data, frame.ts);
    this.#emit("frame", frame);
  }

  /** What a listener throws is left unhandled, and keeps nobody else from hearing. */
  #emit(event, data, ts) {
    for (const listener of this.#listeners.get(event) ?? []) {
      try {
        listener(data, ts);
      } catch (error) {
        Promise.reject(error);
      }
    }
  }
}
