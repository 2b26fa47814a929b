// Small menus made of `<details>`: one open at a time, closed by Escape and by a press elsewhere.

export function bindMenus() {
  const open = () => document.querySelectorAll("details[data-menu][open]");
  const closeBut = (kept) => open().forEach((menu) => menu !== kept && (menu.open = false));
  document.addEventListener("click", (press) => closeBut(press.target.closest("details[data-menu]")));
  document.addEventListener("keydown", (press) => {
    const menu = press.key === "Escape" && open()[0];
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
