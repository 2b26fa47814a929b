// How a show looks: theme, filter and background from fixed lists, and what its creator lays over it and behind it.
import { make } from "./dom.js";

/** The effects that may drift over a show, and their pictures. */
export const EFFECTS = { confetti: "gift-confetti", crown: "gift-crown", fireworks: "gift-rocket", hearts: "gift-heart", snow: "calm" };

/** Dress the stage, or the whole overlay page, as the scene says. */
export function showScene({ theme, filter, background, overlays, backgroundUrl = "", layers = [] }) {
  const stage = document.querySelector("[data-scene]");
  if (!stage) return;
  Object.assign(stage.dataset, { themeOfShow: theme, filter, background, overlays: overlays.join(" ") });
  const behind = stage.querySelector(".backdrop");
  behind.hidden = !backgroundUrl;
  if (backgroundUrl) behind.src = backgroundUrl;
  else behind.removeAttribute("src");
  drawLayers(stage.querySelector(".layers"), layers);
}

/** Dress the stage as the page itself says, before the room does. */
export function showToldScene() {
  const told = document.querySelector("[data-scene]")?.dataset.told;
  if (told) showScene(JSON.parse(told));
}

/** Draw pictures and words in their boxes, the lowest first; a file that is gone leaves nothing behind. */
export function drawLayers(place, layers) {
  place.replaceChildren(...layers.map(drawLayer));
}

function drawLayer({ key, kind, x, y, width, height, url, text }) {
  const drawn = kind === "picture" ? make("img", { src: url, alt: text, draggable: false }) : make("p", { textContent: text });
  drawn.dataset.layer = key;
  Object.assign(drawn.style, { left: `${x}%`, top: `${y}%`, width: `${width}%`, height: `${height}%` });
  drawn.style.setProperty("--tall", height);
  drawn.style.setProperty("--letter", width / Math.max(1, text.length));
  drawn.addEventListener("error", () => drawn.remove());
  return drawn;
}

/** Let the effects that a creator has put over the show drift by, a few at a time. */
export function keepOverlays(layer) {
  setInterval(() => {
    const { overlays = "", moodOverlay = "" } = document.querySelector("[data-scene]")?.dataset ?? {};
    for (const name of new Set(`${overlays} ${moodOverlay}`.split(" ").filter(Boolean))) layer.drift(EFFECTS[name] ?? "gift");
  }, 4_000);
}
