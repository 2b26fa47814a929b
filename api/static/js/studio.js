// The desk: what to do before going live, the channel's numbers, a new stream, earnings.
import { bindMoves } from "./moves.js";
import { Board } from "./studio/board.js";
import { bindChecklist } from "./studio/checklist.js";
import { bindMenus } from "./studio/menus.js";
import { bindMore } from "./studio/more.js";
import { bindNewStream } from "./studio/new.js";
import { bindPayout } from "./studio/payout.js";
import { sample } from "./studio/sample.js";

const DAY_MS = 86_400_000;
const EVERY_MS = 60_000;
const { sample: isSample } = document.getElementById("content").dataset;

/** Whole days, so that a range of 30 days has 30 of them, today included. */
const tomorrow = () => Math.floor(Date.now() / DAY_MS) * DAY_MS + DAY_MS;

const board = new Board({
  api: "/api/studio",
  isLive: () => false,
  isFinal: () => false,
  everyMs: EVERY_MS,
  whole: () => [tomorrow() - 30 * DAY_MS, tomorrow()],
  before: ({ from, to }) => ({ api: "/api/studio", from: from - (to - from), to: from }),
  ask: isSample ? sample : undefined,
});
bindMoves();
bindMenus();
bindMore(document.querySelector(".stream-list"));
bindChecklist(document.querySelector(".checklist"), document.getElementById("new-stream"));
bindNewStream(document.getElementById("new-stream"));
bindPayout(document.getElementById("payout"));
board.load();
