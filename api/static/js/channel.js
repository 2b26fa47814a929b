// Channel settings: switches, overlay, scene, looks of moods, moderators, goals. Each part saves by itself.
import { Room } from "../vendor/livestreamx/livestreamx.js";
import { busy, make, toast } from "./dom.js";
import { confirmed } from "./kit/dialogs.js";
import { onSubmit } from "./kit/forms.js";
import { Overlays } from "./overlays.js";
import { accessToken, call } from "./session.js";
import { bindLayers } from "./studio/layers.js";
import { bindModerators } from "./studio/moderators.js";
import { bindMoodMap } from "./studio/moodmap.js";
import { bindScene } from "./studio/scene.js";

const { creator, live } = document.getElementById("content").dataset;
const SAMPLES = [
  { actor: "mira", text: "sent Rocket", picture: "gift-rocket", rarity: "legendary" },
  { actor: "tobi_k", text: "sent Heart × 5", picture: "gift-heart", rarity: "rare", comboCount: 5 },
];

/** A switch that is saved when it is turned, and turned back when that fails. */
function saves(box, save) {
  box.addEventListener("change", async () => {
    try {
      await save(box.checked);
    } catch (refusal) {
      box.checked = !box.checked;
      toast(refusal.message, "bad");
    }
  });
}

for (const box of document.querySelectorAll("[data-switch]")) {
  saves(box, (isOn) => call("PUT", "/api/me/commands", { actions: { [box.dataset.switch]: isOn } }));
}
saves(document.querySelector("[data-raids]"), (accept) => call("PUT", "/api/me/raids", { accept }));

const act = (name, work) => {
  const button = document.querySelector(`[data-action=${name}]`);
  button.addEventListener("click", () => busy(button, () => work(button).catch((refusal) => toast(refusal.message, "bad"))));
};

act("overlay-key", async (button) => {
  const question = { title: "Make a new overlay address?", words: "The one before stops working at once.", act: "Make it", danger: true };
  if (button.dataset.replaces && !(await confirmed(question))) return;
  const { url } = await call("POST", "/api/me/overlay-key");
  const shown = make("input", { className: "input", readOnly: true, value: url, ariaLabel: "The overlay's address" });
  document.getElementById("overlay-address").replaceChildren(shown, make("p", { className: "small muted", textContent: "Copy it now: it is not shown again." }));
  shown.select();
  button.dataset.replaces = "true";
});

const overlays = new Overlays();
act("overlay-preview", async () => SAMPLES.forEach((sample) => overlays.play(sample)));

act("overlay-test", async () => {
  const room = new Room({ stream: live, view: "studio", token: accessToken }).start();
  try {
    await room.ready();
    await room.request("overlay:test");
    toast("The alert is on its way to your overlay.");
  } finally {
    room.stop();
  }
});

onSubmit(document.getElementById("goal-form"), async ({ reward }, { dataset }) => {
  await call("POST", `/api/streams/${live}/challenges`, { type: dataset.kind, target: Number(dataset.target), durationS: Number(dataset.seconds), reward: reward.value.trim() });
  toast("The goal is on.");
});

const layers = document.getElementById("layer-form");
const offer = bindScene(document.getElementById("scene-form"));
bindLayers(layers, offer);
offer(JSON.parse(layers.dataset.overlays));
bindMoodMap(document.getElementById("mood-form"));
bindModerators(document.getElementById("moderators"), creator);
