// Tells which recommended stream was opened, so that the next model learns from it.
import { call } from "./session.js";

for (const card of document.querySelectorAll("[data-position]")) {
  card.querySelector("a").addEventListener("click", () => {
    const { stream, position, source, model } = card.dataset;
    call("POST", "/api/recommendations/clicks", { streamId: stream, position: Number(position), source, modelVersion: model }).catch(() => {});
  });
}
