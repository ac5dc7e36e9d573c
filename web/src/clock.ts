// Countdowns and "ago" texts, by the centre's clock: the page says what time it was there when it was made.
import { agoText, clockText } from "./time";

let offset = 0;

/** Milliseconds since 1970 by the centre's clock. */
export function now(): number {
  return Date.now() + offset;
}

/** Takes the centre's time from a fresh page. The smallest offset seen is closest to the truth (least delay). */
export function setNow(text: string | undefined): void {
  const at = Number(text);
  if (at > 0) offset = at - Date.now();
}

/** Rewrites every `data-deadline` and `data-since` on the page. */
export function tick(): void {
  for (const el of document.querySelectorAll<HTMLElement>("[data-deadline]")) {
    const left = Number(el.dataset["deadline"]) - now();
    put(el, clockText(left));
    el.toggleAttribute("data-soon", left < 10_000);
  }
  for (const el of document.querySelectorAll<HTMLElement>("[data-since]")) {
    put(el, agoText(now() - Number(el.dataset["since"])));
  }
}

function put(el: HTMLElement, text: string): void {
  if (el.textContent !== text) el.textContent = text;
}

export function startClock(): void {
  setNow(document.body.dataset["now"]);
  tick();
  setInterval(tick, 250);
}
