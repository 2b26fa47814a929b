// The watch page: one room, and the parts of the page that follow it.
import { Room } from "../vendor/livestreamx/livestreamx.js";
import { ChatRoom } from "./chat-room.js";
import { GameCard, keepOverlays, playTrigger, showScene } from "./commands.js";
import "./follow.js";
import { countDowns, lasted, localTimes, make, toast } from "./dom.js";
import { GoalCard } from "./goal.js";
import { GiftTray, pictureOf } from "./gifts.js";
import { host, RaidBanner } from "./host.js";
import { MoodPanel } from "./mood.js";
import { Overlays } from "./overlays.js";
import { PollCard } from "./polls.js";
import { Questions } from "./questions.js";
import { accessToken } from "./session.js";

const CALM = { mood: "neutral", shares: {}, reactors: 0 };
const BOARD_ROWS = 10;
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
const STATES = { connecting: "Connecting", open: "Live", closed: "Reconnecting" };

function showConnection(state) {
  const chip = document.getElementById("connection");
  chip.dataset.state = state;
  chip.textContent = STATES[state];
}

function showViewers({ viewers }) {
  document.getElementById("viewers").textContent = viewers;
}

function showBoard({ scope, refId, board, items }) {
  if (scope !== "stream" || board !== "gifts" || refId !== page.dataset.stream) return;
  const rows = items.slice(0, BOARD_ROWS).map(({ rank, handle, score }) =>
    make(
      "li",
      { className: handle === me ? "own" : "" },
      make("span", { className: "rank", textContent: rank }),
      make("img", { className: "avatar", src: `/avatars/${handle}.svg`, alt: "" }),
      make("a", { href: `/u/${handle}`, textContent: handle }),
      make("span", { className: "score number", textContent: score }),
    ),
  );
  document.getElementById("board").replaceChildren(...rows);
  document.getElementById("board-empty").hidden = rows.length > 0;
}

function showGift(gift) {
  const picture = pictureOf(gift.code);
  chat.celebrate(gift, picture);
  const many = gift.qty > 1 ? ` × ${gift.qty}` : "";
  overlays.play({ actor: gift.user.handle, text: `sent ${gift.name}${many}`, picture, rarity: gift.rarity, comboCount: gift.comboCount });
}

/** Gifts bring their own alert; what else the server triggers is played as it says, and one's own refunds are told. */
function showOverlay(trigger) {
  playTrigger(overlays, trigger);
  if (trigger.actor === me && REFUNDED.has(trigger.kind)) toast(`Your gift ${trigger.text}`);
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
  document.getElementById("stage-status").replaceChildren(make("span", { className: "badge ended", textContent: stream.status }));
  document.getElementById("viewers").closest("p").hidden = true;
  document.getElementById("stage-note").replaceChildren(
    make("p", { className: "lead", textContent: "The stream has ended" }),
    make("p", { textContent: `${stream.creator} says goodbye. What was said stays here.` }),
  );
  const answer = await fetch(`/w/${page.dataset.stream}/suggestions`);
  if (answer.ok) {
    const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.getElementById("after").replaceChildren(...parsed.body.children);
  }
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

function refresh(state) {
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
  .on("leaderboard:update", showBoard)
  .on("wallet:balance", ({ tokens }) => (tray.balance = tokens))
  .on("stream:state", showStream)
  .on("poll:update", (state) => poll.show(state))
  .on("poll:end", (result) => poll.end(result))
  .on("challenge:update", (state) => goal.show(state))
  .on("qa:update", (question) => questions.show(question))
  .on("raid:start", (state) => raid.start(state))
  .on("raid:go", (state) => raid.go(state))
  .on("raid:arrive", (state) => raid.arrive(state))
  .on("raid:cancel", () => raid.hide())
  .on("standing:changed", ({ moderator }) => keepOrder(moderator))
  .on("level:up", ({ userId, level }) => userId === room.me?.userId && toast(`You reached level ${level}!`))
  .on("badge:earned", ({ userId, name }) => userId === room.me?.userId && toast(`You earned a badge: ${name}`))
  .start();

keepOrder(Boolean(page.dataset.moderates));
host(ask, { stream: page.dataset.stream, poll, goal });
countDowns();
keepOverlays(overlays);
const elapsed = document.querySelector("[data-elapsed]");
const countdown = document.querySelector("[data-countdown]");
setInterval(() => {
  if (elapsed) elapsed.textContent = lasted(Date.parse(elapsed.dataset.elapsed));
  if (countdown) countDown(countdown);
}, 1_000);

function countDown(element) {
  const left = Date.parse(element.dataset.countdown) - Date.now();
  const days = Math.floor(left / 86_400_000);
  const part = (size, most) => String(Math.floor(left / size) % most).padStart(2, "0");
  element.textContent = left <= 0 ? "any moment now" : `in ${days ? `${days} d ` : ""}${part(3_600_000, 24)}:${part(60_000, 60)}:${part(1_000, 60)}`;
}

const share = document.getElementById("share");
share.hidden = false;
share.addEventListener("click", async () => {
  const link = { title: document.title, url: location.href };
  try {
    if (navigator.share) await navigator.share(link);
    else {
      await navigator.clipboard.writeText(link.url);
      toast("The address was copied.");
    }
  } catch (error) {
    if (error.name !== "AbortError") toast("The address could not be copied.", "bad");
  }
});
localTimes();
