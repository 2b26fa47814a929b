// A new stream: announced, or announced and started at once.
import { onSubmit } from "../kit/forms.js";
import { call, Refusal } from "../session.js";

const MOST_TAGS = 5;
const wrong = (code, message) => {
  throw new Refusal({ code, message });
};

function draftOf({ title, category, tags, scheduledAt, visibility, mature }) {
  const draft = {
    title: title.value.trim() || wrong("title", "Give the stream a title."),
    category: category.value.trim(),
    tags: tags.value.split(",").map((tag) => tag.trim()).filter(Boolean),
    visibility: visibility.value,
    mature: mature.checked,
  };
  if (draft.tags.length > MOST_TAGS) wrong("tags", "Five tags at most.");
  if (scheduledAt.value) draft.scheduledAt = new Date(scheduledAt.value).toISOString();
  if (scheduledAt.value && Date.parse(draft.scheduledAt) < Date.now()) wrong("scheduledAt", "That time is over.");
  return draft;
}

export function bindNewStream(form) {
  const fields = { title: "title", tags: "tags", scheduledAt: "scheduledAt" };
  let announced = null;
  form.addEventListener("input", () => (announced = null));
  onSubmit(
    form,
    async (elements, { value: then }) => {
      announced ??= await call("POST", "/api/streams", draftOf(elements));
      if (then === "start") await call("POST", `/api/streams/${announced.id}/start`);
      location.assign(then === "start" ? `/studio/${announced.id}` : "/studio");
    },
    fields,
  );
}
