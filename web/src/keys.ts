// Keyboard: every action has a key, shown on its button as data-key-press. Never while typing; can be switched off.

const KEY = "tapal.keys";

function isOn(): boolean {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

export function startKeys(): void {
  apply();
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    const target = event.target as Element;
    if (target.closest("[data-open-keys]")) openHelp();
    if (target.closest("[data-close-dialog]")) target.closest("dialog")?.close();
  });
  document.addEventListener("change", (event) => {
    const box = event.target as HTMLInputElement;
    if (!box.matches("[data-keys-switch]")) return;
    localStorage.setItem(KEY, box.checked ? "on" : "off");
    apply();
  });
}

function apply(): void {
  document.documentElement.classList.toggle("no-keys", !isOn());
  const box = document.querySelector<HTMLInputElement>("[data-keys-switch]");
  if (box) box.checked = isOn();
}

function openHelp(): void {
  const dialog = document.querySelector<HTMLDialogElement>("#keys");
  // No modal on a modal.
  if (dialog && !document.querySelector("dialog[open]")) dialog.showModal();
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (document.querySelector("dialog[open]")) return;
  // Just after a dialog closed the browser may still call its field the target.
  const hit = event.target as HTMLElement;
  const target = hit.closest("dialog") ? document.body : hit;
  if (isTyping(target)) {
    if (event.key === "Escape") target.blur();
    return;
  }
  if (event.key === "?") {
    openHelp();
    event.preventDefault();
    return;
  }
  if (!isOn()) return;
  const key = event.key.toLowerCase();
  if (key === "j" || key === "k") {
    moveInQueue(key === "j" ? 1 : -1);
    event.preventDefault();
    return;
  }
  // Enter belongs to what has the focus, unless nothing has it.
  if (key === "enter" && target.closest("a, button, summary, input, select, [role=button]")) return;
  const wanted = document.querySelector<HTMLElement>(`[data-key-press~="${CSS.escape(key)}"]`);
  if (!wanted) return;
  event.preventDefault();
  if (wanted instanceof HTMLInputElement || wanted instanceof HTMLTextAreaElement) {
    wanted.focus();
    if (wanted.type === "radio") wanted.click();
  } else wanted.click();
}

function isTyping(el: HTMLElement): boolean {
  if (el instanceof HTMLInputElement) return !["radio", "checkbox", "button", "submit", "range"].includes(el.type);
  return el instanceof HTMLTextAreaElement || el instanceof HTMLSelectElement || el.isContentEditable;
}

function moveInQueue(step: number): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>("[data-queue] a[data-key], [data-queue] [data-key] a")];
  if (links.length === 0) return;
  const here = links.findIndex((a) => a === document.activeElement);
  const current = here >= 0 ? here : links.findIndex((a) => a.hasAttribute("aria-current"));
  const next = Math.min(links.length - 1, Math.max(0, current + step));
  links[next]?.focus();
}
