// The opinion form: choose, say why, confirm. The server checks again; this only spares a round trip.
import { say } from "./arrivals";

export function startDecision(): void {
  document.addEventListener("change", (event) => {
    const input = event.target as HTMLInputElement;
    const form = input.closest<HTMLFormElement>("[data-opinion]");
    if (form && input.type === "radio") clearError(form);
  });
  document.addEventListener("submit", (event) => {
    const form = (event.target as Element).closest<HTMLFormElement>("[data-opinion]");
    if (!form) return;
    const data = new FormData(form);
    const hasReason = Boolean(data.get("why")) || String(data.get("reason") ?? "").trim() !== "";
    const missing = !data.get("opinion") ? "choose" : hasReason ? "" : "why";
    if (missing) {
      event.preventDefault();
      showError(form, missing);
      return;
    }
    form.querySelector("button[type=submit]")?.setAttribute("aria-disabled", "true");
  });
}

function showError(form: HTMLFormElement, missing: "choose" | "why"): void {
  clearError(form);
  const message = form.querySelector<HTMLElement>(`[data-missing="${missing}"]`);
  if (message) {
    message.hidden = false;
    say(message.textContent ?? "", true);
  }
  form.querySelector<HTMLElement>(missing === "choose" ? "[name=opinion]" : "[name=why]")?.focus();
}

function clearError(form: HTMLFormElement): void {
  for (const el of form.querySelectorAll<HTMLElement>("[data-missing]")) el.hidden = true;
}
