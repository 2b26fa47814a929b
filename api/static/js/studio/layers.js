// The editor of own overlays: rows of fields, seen on a small stage as they are typed, and saved together.
import { busy, make, toast } from "../dom.js";
import { complain, onSubmit } from "../kit/forms.js";
import { drawLayers } from "../scenery.js";
import { call } from "../session.js";

const MOST_BYTES = 5 * 2 ** 20;
const NUMBERS = ["x", "y", "width", "height"];
const FIRST = {
  words: { kind: "words", x: 5, y: 82, width: 50, height: 10, text: "Back soon", enabled: true },
  picture: { kind: "picture", x: 80, y: 5, width: 15, height: 20, text: "", enabled: true },
};

/** What the fields of a row say, as the API takes it. */
function read(row) {
  const { elements, dataset } = row.querySelector("fieldset");
  const told = { kind: dataset.kind, key: elements.key.value.trim(), text: elements.text.value, enabled: elements.enabled.checked };
  for (const name of NUMBERS) told[name] = elements[name].valueAsNumber;
  if (dataset.kind === "picture") told.assetId = elements.assetId.value;
  return told;
}

/** As it would be drawn; fields that are being typed may not be numbers yet. */
function drawn(row) {
  const told = read(row);
  for (const name of NUMBERS) told[name] = Math.min(100, Math.max(0, told[name] || 0));
  const { assetId } = row.querySelector("fieldset").elements;
  return { ...told, url: assetId?.selectedOptions[0]?.dataset.url ?? "" };
}

/** `onSaved` is given the overlays as they are kept. */
export function bindLayers(form, onSaved) {
  const list = form.querySelector(".layer-list");
  const preview = document.getElementById("layer-preview");
  const adders = [...form.querySelectorAll("[data-add]")];
  const rows = () => [...list.children];

  const show = () => {
    drawLayers(preview, rows().map(drawn));
    form.querySelector("[data-empty]").hidden = rows().length > 0;
    for (const adder of adders) adder.disabled = rows().length >= Number(form.dataset.most);
    for (const row of rows()) row.querySelector("[data-what]").textContent = ` ${read(row).key}`;
  };
  const freeKey = (kind) => {
    const taken = new Set(rows().map((row) => read(row).key));
    for (let number = 1; ; number++) if (!taken.has(`${kind}-${number}`)) return `${kind}-${number}`;
  };
  const add = (overlay) => {
    const row = document.getElementById(`layer-${overlay.kind}`).content.firstElementChild.cloneNode(true);
    const { elements } = row.querySelector("fieldset");
    for (const name of ["key", "text", ...NUMBERS]) elements[name].value = overlay[name];
    elements.enabled.checked = overlay.enabled;
    if (overlay.assetId) elements.assetId.value = overlay.assetId;
    list.append(row);
    return elements.key;
  };

  for (const adder of adders) {
    adder.addEventListener("click", () => {
      add({ ...FIRST[adder.dataset.add], key: freeKey(adder.dataset.add) }).focus();
      show();
    });
  }
  list.addEventListener("click", ({ target }) => {
    if (!target.closest("[data-remove]")) return;
    target.closest("li").remove();
    show();
    document.getElementById("layers-title").focus();
  });
  form.addEventListener("input", show);
  form.elements.file.addEventListener("change", ({ target }) => {
    const [file] = target.files;
    target.value = "";
    if (!file) return;
    complain(form, file.size > MOST_BYTES ? "A file has at most 5 MB." : "");
    if (file.size > MOST_BYTES) return;
    busy(target.closest("label"), async () => {
      try {
        const { id, name, kind, url } = await call("POST", `/api/me/assets?name=${encodeURIComponent(file.name.slice(0, 80))}`, file);
        const choosers = [...document.querySelectorAll("[data-pictures]"), document.getElementById("layer-picture").content.querySelector("[data-pictures]")];
        for (const chooser of choosers) chooser.append(make("option", { value: id, textContent: name || kind, dataset: { url } }));
        form.querySelector("[data-add=picture]").hidden = false;
        if (rows().length < Number(form.dataset.most)) add({ ...FIRST.picture, key: freeKey("picture"), assetId: id }).focus();
        show();
      } catch (refusal) {
        complain(form, refusal.message);
      }
    });
  });
  onSubmit(form, async () => {
    const wrong = rows().flatMap((row) => [...row.querySelectorAll("input:invalid")])[0];
    if (wrong) {
      wrong.focus();
      throw new Error(wrong.validationMessage);
    }
    const { overlays } = await call("PUT", "/api/me/overlays", { overlays: rows().map(read) });
    toast("The overlays are saved.");
    onSaved(overlays);
  });
  for (const overlay of JSON.parse(form.dataset.overlays)) add(overlay);
  show();
}
