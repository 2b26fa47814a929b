// What is pressed before the page's modules have run waits for them. Without this a form that only scripts can send would be
// sent the plain way, and everything written into it would be gone. A form with an action of its own needs nobody.
(() => {
  const kept = [];
  const keep = (event, again) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    kept.push(again);
  };
  const submitted = (event) => {
    const form = event.target;
    if (!form.hasAttribute("action")) keep(event, () => form.requestSubmit(event.submitter));
  };
  const clicked = (event) => {
    const button = event.target.closest("button[type=button]");
    if (button) keep(event, () => button.click());
  };
  document.addEventListener("submit", submitted, true);
  document.addEventListener("click", clicked, true);
  document.addEventListener("DOMContentLoaded", () => {
    document.removeEventListener("submit", submitted, true);
    document.removeEventListener("click", clicked, true);
    for (const again of kept) again();
  });
})();
