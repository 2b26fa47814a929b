// The watch page: one room, and the parts of the page that follow it.
import { Room } from "../vendor/livestreamx/livestreamx.js";
import { Celebrations } from "./badges.js";
import { Boards } from "./boards.js";
import { ChatRoom } from "./chat-room.js";
import { GameCard, playTrigger, wordsOf } from "./commands.js";
import "./follow.js";
import { countDowns, localTimes, toast } from "./dom.js";
import { GoalCard } from "./goal.js";
import { endsStreak, GiftTray, pictureOf } from "./gifts.js";
import { host, RaidBanner } from "./host.js";
import { MoodPanel } from "./mood.js";
import { Overlays } from "./overlays.js";
import { PollCard } from "./polls.js";
import { Questions } from "./questions.js";
import { accessToken } from "./session.js";
import { MomentBanner, shares } from "./sharing.js";
import { keepOverlays, showScene, showToldScene } from "./scenery.js";
import { SegmentStage } from "./segment.js";
import { closeStage, runClocks, showConnection, showViewers } from "./stage.js";
import { showTier } from "./subscribe.js";

const CALM = { mood: "neutral", shares: {}, reactors: 0 };
const REFUNDED = new Set(["command.rejected", "command.expired"]);

const page = document.getElementById("content");
const me = document.body.dataset.viewer;
const room = new Room({ stream: page.dataset.stream, token: me ? accessToken : async () => null });
const ask = (event, data) => room.request(event, data);
const chat = new ChatRoom(room, { me, stream: page.dataset.stream, creator: page.dataset.creator, moderates: Boolean(page.dataset.moderates) });
const tray = new GiftTray(room);
const mood = new MoodPanel(ask);
const overlays = new Overlays();
const game = new GameCard();
const poll = new PollCard(document.getElementById("poll"), me ? castVote : null);
const goal = new GoalCard(document.getElementById("challenge"));
const questions = new Questions(ask, me);
const raid = new RaidBanner();
const boards = new Boards(page.dataset.stream, me);
const celebrations = new Celebrations();
const banner = new MomentBanner();
const clip = new SegmentStage();
const picture = "picture" in page.dataset ? openPicture() : null;

async function openPicture() {
  const { Picture } = await import("./media.js");
  const shown = new Picture(page.dataset.stream);
  shown.start();
  return shown;
}

function showGift(gift) {
  if (endsStreak(gift)) return;
  const picture = pictureOf(gift.code);
  chat.celebrate(gift, picture);
  const many = gift.qty > 1 ? ` × ${gift.qty}` : "";
  overlays.play({ actor: gift.user.handle, text: `sent ${gift.name}${many}`, picture, rarity: gift.rarity, comboCount: gift.comboCount });
}

/** Gifts bring their own alert; what else the server triggers is played as it says, and one's own refunds are told. */
function showOverlay(trigger) {
  playTrigger(overlays, trigger);
  if (trigger.actor === me && REFUNDED.has(trigger.kind)) toast(`Your gift ${wordsOf(trigger)}`);
}

async function showStream(stream) {
  if (!stream || stream.status === page.dataset.status) return;
  const began = page.dataset.status === "scheduled" && stream.status === "live";
  page.dataset.status = stream.status;
  if (began) {
    location.reload();
    return;
  }
  openRoom(false);
  clip.leave();
  picture?.then((shown) => shown.close());
  await closeStage(stream);
}

/** Whether the vote counts, now or since an earlier visit. */
async function castVote(pollId, choiceId) {
  try {
    await ask("poll:vote", { pollId, choiceId });
    return true;
  } catch (refusal) {
    toast(refusal.message, "bad");
    return refusal.code === "already_voted";
  }
}

function keepOrder(moderates) {
  questions.moderates = moderates;
  const panel = document.getElementById("host");
  panel.hidden = !moderates || page.dataset.status !== "live";
}

function openRoom(isOpen) {
  chat.open(isOpen);
  questions.open(isOpen);
  if (!isOpen) keepOrder(false);
  tray.open(isOpen);
  mood.open(isOpen);
}

function refresh(state, ts) {
  clip.show(state.segment, ts);
  if (state.poll) poll.show(state.poll);
  else poll.hide();
  if (state.challenge) goal.show(state.challenge);
  else goal.hide();
  questions.reset(state.questions);
  if (state.scene) showScene(state.scene);
  if (state.minigame) game.start(state.minigame);
  showViewers(state);
  mood.show(state.mood ?? CALM);
  showStream(state.stream);
}

room
  .on("state", showConnection)
  .on("room:state", refresh)
  .on("room:refresh", refresh)
  .on("gift:received", showGift)
  .on("overlay:trigger", showOverlay)
  .on("minigame:start", (started) => game.start(started))
  .on("minigame:update", (update) => game.update(update))
  .on("minigame:end", (over) => game.end(over))
  .on("mood:state", (state) => mood.show(state))
  .on("viewer:count", showViewers)
  .on("leaderboard:update", (update) => boards.update(update))
  .on("moment:detected", (moment) => banner.show(moment, page.dataset.stream))
  .on("wallet:balance", ({ tokens }) => (tray.balance = tokens))
  .on("stream:state", showStream)
  .on("poll:update", (state) => poll.show(state))
  .on("poll:end", (result) => poll.end(result))
  .on("challenge:update", (state) => goal.show(state))
  .on("qa:update", (question) => questions.show(question))
  .on("segment:start", (segment, ts) => clip.show(segment, ts))
  .on("segment:end", (over) => clip.end(over))
  .on("raid:start", (state) => raid.start(state))
  .on("raid:go", (state) => raid.go(state))
  .on("raid:arrive", (state) => raid.arrive(state))
  .on("raid:cancel", () => raid.hide())
  .on("sub:gifted", (gift) => chat.announce(`${gift.giver} gave ${gift.recipient} a subscription`, "gift-crown"))
  .on("standing:changed", ({ moderator, tier }) => {
    keepOrder(moderator);
    showTier(tier);
  })
  .on("level:up", ({ userId, level }) => userId === room.me?.userId && celebrations.level(level))
  .on("badge:earned", (earned) => earned.userId === room.me?.userId && celebrations.badge(earned))
  .start();

keepOrder(Boolean(page.dataset.moderates));
host(ask, { stream: page.dataset.stream, poll, goal, clip });
countDowns();
keepOverlays(overlays);
showToldScene();
runClocks();
shares(document.getElementById("share"));
document.querySelectorAll("#after [data-sharing]").forEach(shares);
localTimes();
