// What gifts may do in one's channel, the overlay's address, and a test alert for it.
import { Room } from "../vendor/livestreamx/livestreamx.js";
import { busy, make, toast } from "./dom.js";
import { accessToken, call } from "./session.js";

for (const box of document.querySelectorAll("[data-switch]")) {
  box.addEventListener("change", async () => {
    try {
      await call("PUT", "/api/me/commands", { actions: { [box.dataset.switch]: box.checked } });
    } catch (refusal) {
      box.checked = !box.checked;
      toast(refusal.message, "bad");
    }
  });
}

document.querySelector("[data-action=overlay-key]")?.addEventListener("click", (press) =>
  busy(press.target, async () => {
    try {
      const { url } = await call("POST", "/api/me/overlay-key");
      const shown = make("input", { className: "input", readOnly: true, value: url, ariaLabel: "The overlay's address" });
      document.getElementById("overlay-address").replaceChildren(shown);
      shown.select();
    } catch (refusal) {
      toast(refusal.message, "bad");
    }
  }),
);

for (const button of document.querySelectorAll("[data-action=overlay-test]")) {
  button.addEventListener("click", () => busy(button, () => fire(button.dataset.room)));
}

async function fire(stream) {
  const room = new Room({ stream, view: "studio", token: accessToken }).start();
  try {
    await room.ready();
    await room.request("overlay:test");
    toast("The alert is on its way to your overlay.");
  } catch (refusal) {
    toast(refusal.message, "bad");
  } finally {
    room.stop();
  }
}
