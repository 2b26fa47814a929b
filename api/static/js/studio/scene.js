// The scene editor: what is chosen is seen at once on the small stage, and in the stream when it is saved.
import { icon, make, toast } from "../dom.js";
import { onSubmit } from "../kit/forms.js";
import { EFFECTS, showScene } from "../scenery.js";
import { call } from "../session.js";

const chosen = (form) => ({
  theme: form.elements.theme.value,
  filter: form.elements.filter.value,
  backgroundKey: form.elements.background.value,
  backgroundAssetId: form.elements.backdrop.value || null,
  overlays: [...form.querySelectorAll("[name=overlays]:checked")].map(({ value }) => value),
});

/** Set the editor up, where a stream is to be dressed; gives a function that offers it one's own overlays. */
export function bindScene(form) {
  if (!form) return () => {};
  const named = new Set(form.dataset.named.split(" "));
  let own = [];

  const show = () => {
    const { theme, filter, backgroundKey, overlays } = chosen(form);
    showScene({
      theme,
      filter,
      background: backgroundKey,
      overlays: [],
      backgroundUrl: form.elements.backdrop.selectedOptions[0].dataset.url,
      layers: own.filter(({ key, enabled }) => enabled || overlays.includes(key)),
    });
    const effects = overlays.filter((name) => name in EFFECTS);
    document.getElementById("scene-kept").replaceChildren(...effects.map((name) => icon(EFFECTS[name], `icon ${EFFECTS[name]}`)));
  };
  form.addEventListener("change", show);
  onSubmit(form, async () => {
    await call("PATCH", `/api/streams/${form.dataset.stream}/scene`, chosen(form));
    toast("The scene is saved.");
  });

  return (overlays) => {
    const before = new Set([...form.querySelectorAll("[data-own] :checked")].map(({ value }) => value));
    own = overlays;
    for (const chip of form.querySelectorAll("[data-own]")) chip.remove();
    const chips = own.filter(({ enabled }) => !enabled).map(({ key }) => {
      const box = make("input", { type: "checkbox", name: "overlays", value: key, checked: before.has(key) || named.has(key) });
      return make("label", { className: "chip", dataset: { own: "" } }, box, key);
    });
    document.getElementById("over-the-show").append(...chips);
    named.clear();
    show();
  };
}
