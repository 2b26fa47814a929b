// The looks of moods: colours are tried on a sample, and measured as the server measures them before they are sent.
import { toast } from "../dom.js";
import { onSubmit } from "../kit/forms.js";
import { call, Refusal } from "../session.js";

const LEAST_CONTRAST = 4.5;
const PARTS = ["surface", "text", "glow", "effect", "overlay"];

/** Relative luminance of `#rrggbb` (WCAG 2.2). */
function luminance(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const lookOf = (elements, mood) => ({
  ...Object.fromEntries(PARTS.map((part) => [part, elements[`${mood}-${part}`].value])),
  hertz: Number(elements[`${mood}-hertz`].value),
});

function show(row, elements) {
  const mood = row.dataset.row;
  const isOwn = elements[`own-${mood}`].checked;
  row.dataset.own = isOwn || "";
  row.querySelector("fieldset").disabled = !isOwn;
  const { surface, text, glow } = lookOf(elements, mood);
  const sample = row.querySelector("[data-sample]");
  Object.assign(sample.style, { background: surface, color: text, boxShadow: `0 0 0 2px ${glow}, 0 6px 22px -6px ${glow}` });
  const found = contrast(text, surface);
  const words = row.querySelector("[data-contrast]");
  words.className = `small ${found < LEAST_CONTRAST ? "bad" : "good"}`;
  words.textContent = `Contrast ${found.toFixed(1)}: ${found < LEAST_CONTRAST ? `too low, it takes ${LEAST_CONTRAST}` : "easy to read"}`;
}

export function bindMoodMap(form) {
  const rows = [...form.querySelectorAll("[data-row]")];
  const showAll = () => rows.forEach((row) => show(row, form.elements));
  form.addEventListener("input", showAll);
  onSubmit(
    form,
    async (elements) => {
      const own = rows.map(({ dataset }) => dataset.row).filter((mood) => elements[`own-${mood}`].checked);
      const looks = Object.fromEntries(own.map((mood) => [mood, lookOf(elements, mood)]));
      for (const [mood, { text, surface }] of Object.entries(looks)) {
        if (contrast(text, surface) < LEAST_CONTRAST) throw new Refusal({ code: mood, message: `Text of ${mood} cannot be read on its surface.` });
      }
      await call("PUT", "/api/me/mood-map", { looks, dwellSeconds: Number(elements.dwell.value) });
      toast("The looks are saved.");
    },
    Object.fromEntries(rows.map(({ dataset }) => [dataset.row, `${dataset.row}-text`])),
  );
  showAll();
}
