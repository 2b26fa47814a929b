// Older streams under the newer ones: the server's own rows take the place of the link that leads to them.
import { busy, localTimes, toast } from "../dom.js";

async function rowsOf(address) {
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  if (!answer.ok) throw new Error(`The platform answered ${answer.status}`);
  return [...new DOMParser().parseFromString(await answer.text(), "text/html").body.children];
}

export function bindMore(list) {
  list?.addEventListener("click", (press) => {
    const link = press.target.closest("[data-more]");
    if (!link) return;
    press.preventDefault();
    busy(link, async () => {
      try {
        const rows = await rowsOf(link.dataset.more);
        link.closest("li").replaceWith(...rows);
        localTimes(list);
        rows[0]?.querySelector("a")?.focus();
      } catch (trouble) {
        toast(trouble.message, "bad");
      }
    });
  });
}
