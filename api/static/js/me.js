// One's own account: profile, files, looks of pages, what was watched, sessions.
import { busy, localTimes, make, toast } from "./dom.js";
import { confirmed } from "./kit/dialogs.js";
import { complain, onSubmit } from "./kit/forms.js";
import { fill } from "./kit/states.js";
import { call } from "./session.js";
import { setTheme } from "./shell.js";

const MOST_BYTES = 5 * 2 ** 20;
const picture = document.getElementById("own-picture");
const generated = document.getElementById("generated");
const files = document.getElementById("files");
const upload = document.getElementById("upload");

/** Run what a button is for; what is refused is told. */
const act = (button, work) => busy(button, () => work().catch((refusal) => toast(refusal.message, "bad")));

async function usePicture(id) {
  const { avatarUrl, handle } = await call("PATCH", "/api/me/profile", { avatarAssetId: id });
  picture.src = avatarUrl ?? `/avatars/${handle}.svg?${Date.now()}`;
  generated.hidden = !avatarUrl;
  toast(avatarUrl ? "This is your picture now. Others see it within a minute." : "The generated picture is back.");
}

function fileRow({ id, kind, name, url }) {
  const isSound = kind === "mp3";
  const shown = isSound ? make("audio", { controls: true, preload: "none", src: url }) : make("img", { src: url, alt: "", width: 96, height: 96 });
  const use = make("button", { type: "button", className: "button small", textContent: "Use it", dataset: { act: "use" } });
  const remove = make("button", { type: "button", className: "button small danger", textContent: "Remove", dataset: { act: "remove" } });
  return make("li", { dataset: { file: id } }, shown, make("span", { className: "small name", textContent: name || kind }), make("span", { className: "row" }, ...(isSound ? [] : [use]), remove));
}

upload.elements.file.addEventListener("change", ({ target }) => {
  const [file] = target.files;
  target.value = "";
  if (!file) return;
  complain(upload, file.size > MOST_BYTES ? "A file has at most 5 MB." : "");
  if (file.size > MOST_BYTES) return;
  busy(upload.querySelector("label"), async () => {
    try {
      const made = await call("POST", `/api/me/assets?name=${encodeURIComponent(file.name.slice(0, 80))}`, file);
      files.prepend(fileRow(made));
      if (made.kind !== "mp3") await usePicture(made.id);
    } catch (refusal) {
      complain(upload, refusal.message);
    }
  });
});

files.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-act]");
  const row = target.closest("[data-file]");
  if (!button) return;
  act(button, async () => {
    if (button.dataset.act === "use") return usePicture(row.dataset.file);
    if (!(await confirmed({ title: "Remove this file?", words: "Where it is in use it is gone too.", act: "Remove", danger: true }))) return;
    await call("DELETE", `/api/me/assets/${row.dataset.file}`);
    if (picture.src.includes(row.dataset.file)) {
      picture.src = `/avatars/${document.body.dataset.viewer}.svg?${Date.now()}`;
      generated.hidden = true;
    }
    row.remove();
  });
});

generated.addEventListener("click", () => act(generated, () => usePicture(null)));

const profile = document.getElementById("profile");
onSubmit(profile, async ({ bio, theme }) => {
  const filled = [...profile.querySelectorAll("[data-link]")].filter(({ value }) => value.trim());
  const socials = Object.fromEntries(filled.map(({ name, value }) => [name, value.trim()]));
  const kept = await call("PATCH", "/api/me/profile", { bio: bio.value, theme: theme.value, socials });
  bio.value = kept.bio;
  profile.querySelector("[data-says]").textContent = "Saved.";
});

const looks = document.getElementById("looks").elements;
looks.tint.checked = localStorage.getItem("tint") !== "off";
looks.tint.addEventListener("change", () => localStorage.setItem("tint", looks.tint.checked ? "on" : "off"));
for (const choice of looks.scheme) choice.addEventListener("change", () => setTheme(choice.value));

document.getElementById("sessions").addEventListener("click", ({ target }) => {
  const button = target.closest("[data-act=end]");
  if (!button) return;
  act(button, async () => {
    const row = button.closest("li");
    await call("DELETE", `/api/me/sessions/${row.dataset.session}`);
    row.remove();
    toast("Signed out there.");
  });
});

const picks = document.querySelector("[name=picks]");
picks.addEventListener("change", async () => {
  const question = { title: "Forget what you watched?", words: "Recommendations made for you end, and what is known of your watching is deleted. It cannot be brought back.", act: "Turn off", danger: true };
  if (!picks.checked && !(await confirmed(question))) return (picks.checked = true);
  try {
    await call("PUT", "/api/me/recommendations", { optOut: !picks.checked });
    toast(picks.checked ? "What you watch from now on makes recommendations." : "Nothing you watch is kept for recommendations.");
    showWatched();
  } catch (refusal) {
    picks.checked = !picks.checked;
    toast(refusal.message, "bad");
  }
});

const watched = document.getElementById("watched-list");
const older = document.getElementById("watched-more");

const watchedRow = ({ streamId, creator, title, last, minutes }) =>
  make(
    "li",
    {},
    make("span", { className: "words" }, make("a", { href: `/w/${streamId}`, textContent: title }), make("br"), make("span", { className: "small muted", textContent: `${creator}, ${Math.max(1, Math.round(minutes))} min` })),
    make("time", { className: "small muted", dateTime: last, dataset: { time: "full" } }),
  );

/** The next rows; without a place to go on from, the first ones. Whether there are any. */
async function readWatched(cursor = "") {
  const { items, nextCursor } = await call("GET", `/api/me/history?limit=10${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
  if (!cursor) watched.replaceChildren();
  watched.append(...items.map(watchedRow));
  localTimes(watched);
  older.hidden = !nextCursor;
  older.dataset.cursor = nextCursor ?? "";
  return watched.childElementCount > 0;
}

const showWatched = () => fill(document.getElementById("watched"), readWatched);
older.addEventListener("click", () => act(older, () => readWatched(older.dataset.cursor)));
showWatched();

const forget = document.getElementById("forget");
forget.addEventListener("click", () =>
  act(forget, async () => {
    const question = { title: "Delete what you watched?", words: "The list and what was learnt from it go at once. It cannot be brought back.", act: "Delete", danger: true };
    if (!(await confirmed(question))) return;
    await call("DELETE", "/api/me/history");
    toast("What you watched is deleted.");
    await showWatched();
  }),
);

const endAll = document.getElementById("end-all");
endAll.addEventListener("click", () =>
  act(endAll, async () => {
    if (!(await confirmed({ title: "Sign out everywhere?", words: "Here too.", act: "Sign out", danger: true }))) return;
    await call("DELETE", "/api/me/sessions");
    location.assign("/");
  }),
);
