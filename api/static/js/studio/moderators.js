// Who keeps the peace: added by handle, removed after a question.
import { make, toast } from "../dom.js";
import { confirmed } from "../kit/dialogs.js";
import { onSubmit } from "../kit/forms.js";
import { neighbour } from "../kit/lists.js";
import { call, Refusal } from "../session.js";

const draw = ({ id, handle }) =>
  make(
    "li",
    { dataset: { key: id } },
    make("img", { className: "avatar", src: `/avatars/${handle}.svg`, alt: "", width: 36, height: 36 }),
    make("a", { className: "words", href: `/u/${handle}`, textContent: handle }),
    make("button", { type: "button", className: "button quiet", dataset: { remove: handle } }, "Remove", make("span", { className: "sr-only", textContent: ` ${handle}` })),
  );

export function bindModerators(section, creator) {
  const list = section.querySelector("ul");
  const count = () => {
    list.hidden = !list.children.length;
    section.querySelector("#no-moderators").hidden = !list.hidden;
  };

  onSubmit(
    section.querySelector("form"),
    async ({ handle }) => {
      const name = handle.value.trim().replace(/^@/, "").toLowerCase();
      if (!name) throw new Refusal({ code: "user_not_found", message: "Whose handle?" });
      const person = await call("GET", `/api/users/${encodeURIComponent(name)}`);
      const { changed } = await call("PUT", `/api/creators/${creator}/moderators/${person.id}`);
      if (changed) list.prepend(draw(person));
      handle.value = "";
      count();
      toast(changed ? `${person.handle} moderates your channel.` : `${person.handle} does so already.`);
    },
    { user_not_found: "handle", validation: "handle", banned: "handle", muted: "handle" },
  );

  list.addEventListener("click", async (press) => {
    const button = press.target.closest("[data-remove]");
    if (!button) return;
    const { remove } = button.dataset;
    if (!(await confirmed({ title: `Remove ${remove}?`, words: "They moderate no more, at once.", act: "Remove", danger: true }))) return;
    const row = button.closest("li");
    try {
      await call("DELETE", `/api/creators/${creator}/moderators/${row.dataset.key}`);
      (neighbour(row)?.querySelector("button") ?? section.querySelector("input")).focus();
      row.remove();
      count();
    } catch (refusal) {
      toast(refusal.message, "bad");
    }
  });
}
