// The overlay page: finds the creator's live stream, listens to its room for ever, and shows nothing but what happens.
import { Room } from "../vendor/livestreamx/livestreamx.js";
import { GameCard, playTrigger } from "./commands.js";
import { countDowns, make } from "./dom.js";
import { endsStreak, pictureOf } from "./gifts.js";
import { GoalCard } from "./goal.js";
import { Overlays } from "./overlays.js";
import { PollCard } from "./polls.js";
import { keepOverlays, showScene, showToldScene } from "./scenery.js";
import { SegmentStage } from "./segment.js";

const ASK_MS = 5_000;
const TICKER_MS = 45_000;
const TICKER_LENGTH = 4;
const CHANNELS = ["overlay", "gifts", "mood", "polls", "stream"];
const PLAIN = { theme: "plain", filter: "none", background: "none", overlays: [] };
const TALK_LENGTH = 8;
const TALK_MS = 30_000;

const page = document.getElementById("content");
const overlays = new Overlays({ longest: 15_000 });
const game = new GameCard();
const poll = new PollCard(document.getElementById("poll"));
const goal = new GoalCard(document.getElementById("challenge"));
const clip = new SegmentStage();
const talk = document.getElementById("talk");
const ticker = document.getElementById("ticker");
let room = null;
let stream = "";
let lines = [];
let tickerTimer = 0;

function showGift(gift) {
  if (endsStreak(gift)) return;
  const many = gift.qty > 1 ? ` × ${gift.qty}` : "";
  if (Date.now() - Date.parse(gift.createdAt) < 60_000) {
    overlays.play({ actor: gift.user.handle, text: `sent ${gift.name}${many}`, picture: pictureOf(gift.code), rarity: gift.rarity, comboCount: gift.comboCount });
  }
  lines = [`${gift.user.handle}: ${gift.name}${many}`, ...lines].slice(0, TICKER_LENGTH);
  ticker.textContent = lines.join("   ·   ");
  ticker.hidden = false;
  clearTimeout(tickerTimer);
  tickerTimer = setTimeout(() => (ticker.hidden = true), TICKER_MS);
}

/** What somebody said, for a while; only where the address asks for `chat=1`. */
function say({ messageId, user, text }) {
  const line = make("li", { dataset: { message: messageId, user: user.id } }, make("b", { textContent: user.handle }), ` ${text}`);
  talk.append(line);
  while (talk.children.length > TALK_LENGTH) talk.firstChild.remove();
  setTimeout(() => line.remove(), TALK_MS);
}

function takeBack(isMeant) {
  for (const line of [...talk.children]) if (isMeant(line.dataset)) line.remove();
}

function enter(state, ts) {
  if (state.poll) poll.show(state.poll);
  else poll.hide();
  if (state.challenge) goal.show(state.challenge);
  else goal.hide();
  page.dataset.mood = state.mood?.mood ?? "neutral";
  if (state.scene) showScene(state.scene);
  if (state.minigame) game.start(state.minigame);
  clip.show(state.segment, ts);
}

/** Of the stream that is live now; `scene` is how it looks before its room says so. */
function listen(id, scene) {
  if (id === stream) return;
  stream = id;
  if (scene) showScene(scene);
  room?.stop();
  room = null;
  page.dataset.mood = "neutral";
  clip.leave();
  if (!id) return;
  room = new Room({ stream: id, view: "overlay", channels: talk ? [...CHANNELS, "chat"] : CHANNELS })
    .on("state", (state) => (page.dataset.connection = state))
    .on("room:state", enter)
    .on("room:refresh", enter)
    .on("gift:received", showGift)
    .on("overlay:trigger", (trigger) => playTrigger(overlays, trigger, { speaks: true }))
    .on("segment:start", (segment, ts) => clip.show(segment, ts))
    .on("segment:end", (over) => clip.end(over))
    .on("mood:state", ({ mood }) => (page.dataset.mood = mood))
    .on("minigame:start", (started) => game.start(started))
    .on("minigame:update", (update) => game.update(update))
    .on("minigame:end", (over) => game.end(over))
    .on("poll:update", (state) => poll.show(state))
    .on("poll:end", (result) => poll.end(result))
    .on("challenge:update", (state) => goal.show(state));
  if (talk) {
    room
      .on("chat:message", say)
      .on("chat:deleted", ({ messageId }) => takeBack(({ message }) => message === messageId))
      .on("chat:cleared", ({ userId }) => takeBack(({ user }) => !userId || user === userId));
  }
  room.start();
}

async function ask() {
  try {
    const answer = await fetch(document.body.dataset.ask, { cache: "no-store" });
    if (answer.ok) {
      const { streamId, scene } = await answer.json();
      listen(streamId ?? "", scene ?? PLAIN);
    } else if (answer.status === 404) listen("", PLAIN);
  } catch {
    // Away for a moment: on air nobody wants to read about it, the next look finds it again.
  }
  setTimeout(ask, ASK_MS);
}

countDowns();
keepOverlays(overlays);
showToldScene();
listen(document.body.dataset.stream);
setTimeout(ask, ASK_MS);
if (document.body.dataset.preview) {
  playTrigger(overlays, { kind: "test", animationKey: "heart", actor: "Preview", text: "this is how an alert looks", durationMs: 8_000 });
}
