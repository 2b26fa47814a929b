// The scene editor: what is chosen is seen at once on the small stage, and in the stream when it is saved.
import { icon, toast } from "../dom.js";
import { onSubmit } from "../kit/forms.js";
import { call } from "../session.js";

const PICTURES = { confetti: "gift-confetti", crown: "gift-crown", fireworks: "gift-rocket", hearts: "gift-heart", snow: "calm" };

const chosen = (form) => ({
  theme: form.elements.theme.value,
  filter: form.elements.filter.value,
  backgroundKey: form.elements.background.value,
  overlays: [...form.querySelectorAll("[name=overlays]:checked")].map(({ value }) => value),
});

export function bindScene(form, stage) {
  if (!form) return;
  const show = () => {
    const { theme, filter, backgroundKey, overlays } = chosen(form);
    Object.assign(stage.dataset, { themeOfShow: theme, filter, background: backgroundKey });
    document.getElementById("scene-kept").replaceChildren(...overlays.map((name) => icon(PICTURES[name], `icon ${PICTURES[name]}`)));
  };
  form.addEventListener("change", show);
  onSubmit(form, async () => {
    await call("PATCH", `/api/streams/${form.dataset.stream}/scene`, chosen(form));
    toast("The scene is saved.");
  });
  show();
}
