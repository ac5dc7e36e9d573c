// Small helps for forms: no double sending, menus that close, filters that apply at once.

export function startForms(): void {
  // On the window, so that it runs after whatever else may still stop the sending.
  window.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset["sent"]) event.preventDefault();
    form.dataset["sent"] = "yes";
  });
  // Coming back by the browser's button must not leave a dead form.
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll<HTMLFormElement>("form[data-sent]")) delete form.dataset["sent"];
  });
  document.addEventListener("change", (event) => {
    const field = event.target as HTMLElement;
    if (field.matches("[data-apply]")) field.closest("form")?.requestSubmit();
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
      if (!menu.contains(event.target as Node)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.querySelector<HTMLDetailsElement>("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
  });
}
