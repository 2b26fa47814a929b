// What gifts make the show do: effects, sounds, scenes and spoken words, from triggers that the server built.
import { make } from "./dom.js";
import { EFFECTS, showScene } from "./scenery.js";

const PICTURES = {
  ...EFFECTS,
  aurora: "gift-swap", wheel: "gift-wheel", boss: "angry", tug: "hype", liftoff: "gift-rocket", heart: "gift-heart", crown: "gift-crown",
};
const KINDS = {
  "overlay.play": "legendary", "scene.background": "epic", "scene.filter": "epic", "minigame.start": "epic",
  "challenge.progress": "common", "sound.play": "rare", "tts.say": "rare", test: "rare",
  "sub.started": "epic", "sub.renewed": "rare", "sub.gifted": "epic",
};
const LONGEST_MS = 15_000;
const SOUNDS = {
  chime: [[880, 0, 0.25], [1320, 0.18, 0.5]],
  drumroll: Array.from({ length: 16 }, (_, beat) => [90 + (beat % 2) * 30, beat * 0.07, 0.06]),
  fanfare: [[523, 0, 0.18], [659, 0.18, 0.18], [784, 0.36, 0.18], [1047, 0.54, 0.6]],
  liftoff: Array.from({ length: 12 }, (_, step) => [110 * 1.16 ** step, step * 0.09, 0.12]),
  boing: [[220, 0, 0.1], [440, 0.08, 0.1], [330, 0.16, 0.25]],
};

const ESCAPED = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#x27;": "'" };

/** The words of a trigger as they were written: the server escapes them, and pages set them by `textContent`. */
export const wordsOf = ({ text }) => text.replace(/&(?:amp|lt|gt|quot|#x27);/g, (escaped) => ESCAPED[escaped]);

/** Play a trigger as an alert; whether it is one to play. `speaks` reads words out and plays sounds. */
export function playTrigger(overlays, trigger, { speaks = false } = {}) {
  const { kind, animationKey, actor, durationMs } = trigger;
  const text = wordsOf(trigger);
  if (trigger.scene) showScene(trigger.scene);
  if (!(kind in KINDS) || !durationMs) return false;
  const lasts = Math.min(durationMs, LONGEST_MS);
  const heard = {
    "sound.play": () => playSound(animationKey),
    "tts.say": () => speak(`${actor}: ${text}`, lasts),
  };
  const begin = speaks ? heard[kind] : undefined;
  overlays.play({ actor, text, picture: PICTURES[animationKey] ?? "gift", rarity: KINDS[kind], durationMs: lasts, kind, begin });
  return true;
}

function playSound(name) {
  const context = new AudioContext();
  if (context.state !== "running") {
    context.close();
    return;
  }
  for (const [frequency, from, seconds] of SOUNDS[name] ?? []) {
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.type = "triangle";
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0.12, context.currentTime + from);
    volume.gain.exponentialRampToValueAtTime(0.001, context.currentTime + from + seconds);
    tone.connect(volume).connect(context.destination);
    tone.start(context.currentTime + from);
    tone.stop(context.currentTime + from + seconds);
  }
  setTimeout(() => context.close(), 3_000);
}

function speak(text, lasts) {
  if (!("speechSynthesis" in window)) return;
  speechSynthesis.speak(new SpeechSynthesisUtterance(text));
  setTimeout(() => speechSynthesis.cancel(), lasts);
}

const NAMES = { wheel: "Wheel of fortune", boss: "Boss fight", tug: "Tug of war" };

/** The card of the game that is on: how it stands, who won, and how to check the draw. */
export class GameCard {
  #card = document.getElementById("game");
  #game = null;
  #timer = 0;

  start(game) {
    clearTimeout(this.#timer);
    this.#game = game;
    this.#show([
      make("span", { textContent: game.game === "boss" ? "React and give to bring it down" : game.game === "tug" ? `${game.sides.join(" against ")}: react to pull` : `${game.actor} spins` }),
      make("progress", { className: "bar", max: game.hp || 100, value: game.game === "boss" ? game.hp : 50 }),
      make("small", { textContent: `seed hash ${game.seedHash.slice(0, 16)}…`, title: game.seedHash }),
    ]);
    this.#card.querySelector("progress").hidden = game.game === "wheel";
  }

  update({ gameId, game, hp, sides }) {
    if (this.#game?.gameId !== gameId) return;
    const bar = this.#card.querySelector("progress");
    const [left, right] = this.#game.sides.map((side) => sides[side] ?? 0);
    if (game === "boss") bar.value = hp;
    else bar.value = left + right ? (100 * left) / (left + right) : 50;
  }

  end({ gameId, game, state, winner, xp, badge, outcome }) {
    this.#game = this.#game ?? { game };
    const prize = [xp ? `${xp} XP` : "", badge ? `the badge ${badge}` : ""].filter(Boolean).join(" and ");
    const words = state === "resolved" ? `${winner} wins ${prize || outcome}` : "Nobody wins this time";
    this.#show([
      make("span", { className: "won", textContent: words }),
      make("a", { href: `/api/minigames/${gameId}`, textContent: "Check the draw" }),
    ]);
    this.#game = null;
    this.#timer = setTimeout(() => (this.#card.hidden = true), 12_000);
  }

  #show(lines) {
    this.#card.replaceChildren(make("div", { className: "game-card" }, make("b", { textContent: NAMES[this.#game.game] }), ...lines));
    this.#card.hidden = false;
  }
}
