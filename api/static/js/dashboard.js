// The dashboard of one stream, live and afterwards, beside the same minutes of the stream before.
import { bindMoves } from "./moves.js";
import { Board } from "./studio/board.js";
import { Clips } from "./studio/clips.js";
import { bindMenus } from "./studio/menus.js";
import { followPulse } from "./studio/pulse.js";
import { bindSoftware } from "./studio/software.js";

const SETTLING_MS = 60_000;

const { api, stream, status, started, ended, before, beforeStarted, beforeEnded } = document.getElementById("content").dataset;
const isLive = () => status === "live";
const began = Date.parse(started) || Date.now() - SETTLING_MS;
const over = () => (ended ? Date.parse(ended) : Date.now());

const board = new Board({
  api,
  isLive,
  isFinal: (asOf) => !isLive() && asOf > over() + SETTLING_MS,
  whole: () => [began, Math.max(over(), began + SETTLING_MS)],
  before({ from, to }) {
    if (!before) return null;
    const first = Date.parse(beforeStarted) + from - began;
    const last = Math.min(first + to - from, Date.parse(beforeEnded) + SETTLING_MS);
    return first < last ? { api: `/api/studio/streams/${before}`, from: first, to: last } : null;
  },
});
bindMoves();
bindMenus();
board.load();
const room = isLive() ? followPulse(document.getElementById("pulse"), stream) : null;
bindSoftware(document.getElementById("software-form"), stream);
if (document.getElementById("clips")) new Clips({ stream, isLive: isLive(), room });
