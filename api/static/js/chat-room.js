// The chat of a room as one part of a page: its lines, its composer, its modes, and what one may do about a line.
import { ChatLog } from "./chat.js";
import { Menu } from "./chat-menu.js";
import { Modes, PinnedBar } from "./chat-modes.js";
import { Composer } from "./composer.js";
import { confirmed, formDialog } from "./kit/dialogs.js";
import { offerUndo } from "./kit/lists.js";
import { toast } from "./dom.js";
import { call } from "./session.js";

const OWN_MS = 300_000;
const TIMEOUTS = { "10 s": 10, "10 min": 600, "1 day": 86_400 };

export class ChatRoom {
  #room;
  #me;
  #path;
  #stream;
  #creator;
  #moderates = false;
  #isOpen = true;
  #log;
  #composer;
  #modes;
  #pinned;
  #menu;
  #report;
  #ban;

  /** `me` is the viewer's handle, undefined for none; `creator` that of the channel. */
  constructor(room, { me, stream, creator, moderates }) {
    this.#room = room;
    this.#me = me;
    this.#stream = stream;
    this.#creator = creator;
    this.#path = `/api/streams/${stream}`;
    this.#log = new ChatLog(me, me ? (button, message) => this.#act(button, message) : null);
    this.#composer = new Composer((text, replyTo) => this.#send(text, replyTo), stream);
    this.#modes = new Modes((mode) => this.#ask("chat:mode", mode));
    this.#pinned = new PinnedBar(() => this.#try(() => this.#ask("chat:unpin", {})));
    if (me) this.#prepare();
    this.#follow();
    this.moderates = moderates;
    const { banned, bannedUntil } = document.getElementById("chat").dataset;
    if (banned !== undefined) this.#composer.ban({ banned: true, until: bannedUntil || null, reason: banned });
  }

  #prepare() {
    this.#menu = new Menu();
    this.#report = formDialog("report-dialog", async ({ reason }, { messageId }) => {
      await call("POST", "/api/reports", { streamId: this.#stream, messageId, reason: reason.value.trim() });
      toast("Reported: moderators of the channel look at it.");
    });
    this.#ban = formDialog("ban-dialog", ({ reason, seconds }, { user }) => this.#banish(user, Number(seconds.value) || null, reason.value.trim()));
  }

  #follow() {
    const snapshot = (state) => {
      if (this.#modes.show(state.mode, true)) this.#pinned.show(state.pinned, state.mode.version, true);
    };
    this.#room
      .on("room:state", (state) => {
        this.#log.reset(state.chat);
        snapshot(state);
      })
      .on("room:refresh", snapshot)
      .on("chat:message", (message) => this.#log.say(message))
      .on("chat:deleted", ({ messageId }) => this.#log.delete(messageId))
      .on("chat:cleared", ({ userId }) => this.#log.clear(userId))
      .on("chat:held", (fate) => this.#log.decide(fate))
      .on("chat:mode", (mode) => this.#modes.show(mode) && this.#composer.release())
      .on("chat:pinned", ({ pinned, version }) => this.#pinned.show(pinned, version))
      .on("standing:changed", (standing) => {
        this.moderates = standing.moderator;
        this.#composer.ban(standing);
      })
      .on("unban:answered", () => this.#composer.remind());
  }

  set moderates(moderates) {
    this.#moderates = moderates && this.#isOpen;
    this.#modes.moderates = this.#moderates;
    this.#pinned.moderates = this.#moderates;
  }

  open(isOpen) {
    this.#isOpen = isOpen;
    if (!isOpen) this.moderates = false;
    this.#composer.open(isOpen);
  }

  celebrate(gift, picture) {
    this.#log.celebrate(gift, picture);
  }

  announce(words, picture) {
    this.#log.announce(words, picture);
  }

  #ask(event, data) {
    return this.#room.request(event, data);
  }

  async #try(work) {
    try {
      await work();
    } catch (refusal) {
      toast(refusal.message, "bad");
    }
  }

  async #send(text, replyTo) {
    const taken = await this.#ask("chat:message", replyTo ? { text, replyTo } : { text });
    if (taken.state === "held") this.#log.hold({ ...taken, user: { handle: this.#me, level: 1 }, text });
    if (this.#modes.slowSeconds && !this.#moderates) this.#composer.wait(this.#modes.slowSeconds * 1000, "Slow mode: next message");
  }

  #act(button, message) {
    this.#menu.open(button, `${message.user.handle}: ${message.text}`, this.#entries(message));
  }

  #entries(message) {
    const { messageId, user } = message;
    const isOwn = user.handle === this.#me;
    const entries = [];
    const add = (words, act, danger) => entries.push({ words, act: () => this.#try(async () => act()), danger });
    if (this.#isOpen) add("Reply", () => this.#composer.reply(message));
    if (this.#moderates) {
      if (this.#pinned.messageId === messageId) add("Unpin", () => this.#ask("chat:unpin", {}));
      else add("Pin", () => this.#ask("chat:pin", { messageId }));
    }
    if (this.#moderates || (isOwn && Date.now() - Date.parse(message.createdAt) < OWN_MS)) add("Delete", () => this.#ask("chat:delete", { messageId }), true);
    if (this.#moderates && !isOwn) this.#addMeasures(user, message, add);
    if (!isOwn) add("Report", () => this.#report(message, `${user.handle}: ${message.text}`));
    return entries;
  }

  #addMeasures(user, message, add) {
    if (user.handle !== this.#creator) {
      for (const [words, seconds] of Object.entries(TIMEOUTS)) add(`Time out ${words}`, () => this.#banish(user, seconds));
      add("Ban", () => this.#ban(message, `${user.handle}: ${message.text}`), true);
    }
    add(`Clear what ${user.handle} said`, () => this.#clear(user), true);
  }

  async #clear(user) {
    const isSure = await confirmed({ title: `Clear what ${user.handle} said?`, words: "It goes from everybody's view.", act: "Clear", danger: true });
    if (isSure) await this.#ask("chat:clear", { userId: user.id });
  }

  async #banish(user, seconds, reason = "") {
    await call("POST", `${this.#path}/bans`, { userId: user.id, durationS: seconds, reason });
    const words = seconds && seconds <= TIMEOUTS["1 day"] ? `${user.handle} is timed out.` : `${user.handle} is banned.`;
    offerUndo(words, () => this.#try(() => call("DELETE", `${this.#path}/bans/${user.id}`)));
  }
}
