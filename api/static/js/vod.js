// The page of a clip: sharing it, the chat that went with it, and, for its creator, what it is and who may find it.
import { busy, localTimes, toast } from "./dom.js";
import "./follow.js";
import { confirmed } from "./kit/dialogs.js";
import { complain, onSubmit } from "./kit/forms.js";
import { Replay } from "./replay.js";
import { call } from "./session.js";
import { shares } from "./sharing.js";

const { clip } = document.getElementById("content").dataset;
const form = document.getElementById("clip-form");

const video = document.querySelector(".show video");
const replay = document.getElementById("replay");
if (replay) new Replay(replay, video, `/api/vods/${clip}/chat`);
video.addEventListener("error", () => (document.getElementById("clip-trouble").hidden = false));
document.querySelectorAll("[data-sharing]").forEach(shares);
localTimes();

if (form) {
  onSubmit(form, async ({ title, visibility, show, begins }) => {
    const recording = show.value ? { streamId: show.value, beginsS: begins.valueAsNumber || 0 } : null;
    const kept = await call("PATCH", `/api/vods/${clip}`, { title: title.value, visibility: visibility.value, recording });
    title.value = kept.title;
    document.getElementById("clip-title").textContent = kept.title;
    const seen = document.getElementById("clip-seen");
    seen.hidden = kept.visibility === "public";
    seen.textContent = kept.visibility[0].toUpperCase() + kept.visibility.slice(1);
    toast("The clip is saved.");
  }, { empty_title: "title", not_that_show: "begins" });
  const remover = form.querySelector("[data-delete]");
  remover.addEventListener("click", () =>
    busy(remover, async () => {
      if (!(await confirmed({ title: "Delete this clip?", words: "Its file is gone for good.", act: "Delete", danger: true }))) return;
      try {
        await call("DELETE", `/api/vods/${clip}`);
        location.assign("/studio");
      } catch (refusal) {
        complain(form, refusal.message);
      }
    }),
  );
}
