// The what-if form of a policy answers while one types; without this file its button does the same.
// The server draws the answer, as for the first paint; nothing is computed here.
import { morph } from "./morph";

const PAUSE_MS = 350;

export function startPolicy(): void {
  const form = document.querySelector<HTMLFormElement>("[data-preview-form]");
  const shown = document.querySelector("[data-preview]");
  if (!form || !shown) return;
  let wait: ReturnType<typeof setTimeout> | undefined;
  let turn = 0;
  form.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(() => void answer(), PAUSE_MS);
  });

  async function answer(): Promise<void> {
    if (!form || !shown || !form.checkValidity()) return;
    turn += 1;
    const mine = turn;
    try {
      const reply = await fetch(address(form), { headers: { "x-tapal-quiet": "1" }, credentials: "same-origin" });
      const fresh = new DOMParser().parseFromString(await reply.text(), "text/html").querySelector("[data-preview]");
      // An older answer that comes late must not replace a newer one.
      if (reply.ok && fresh && mine === turn) morph(shown, fresh);
    } catch {
      // No line: the button is still there, and says what is wrong.
    }
  }
}

/** The address the form's own button would open. */
export function address(form: HTMLFormElement): string {
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") fields.set(name, value.trim());
  return `${form.getAttribute("action") ?? ""}?${fields}`;
}
