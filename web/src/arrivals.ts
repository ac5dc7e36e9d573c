// A new alert: slides in once, is read out, sounds when the officer switched that on.
import { beep } from "./sound";

/** Marks and announces queue items whose key was not there before. */
export function noticeArrivals(before: Set<string>): void {
  const fresh = [...document.querySelectorAll<HTMLElement>("[data-queue] [data-key]")].filter(
    (el) => !before.has(el.dataset["key"] ?? ""),
  );
  for (const el of document.querySelectorAll("[data-new]")) el.removeAttribute("data-new");
  if (fresh.length === 0) return;
  const urgent = fresh.some((el) => el.hasAttribute("data-urgent"));
  for (const el of fresh) el.setAttribute("data-new", "");
  say(fresh.map((el) => el.dataset["announce"] ?? "").join(". "), urgent);
  beep(urgent);
}

/** Reads a text out to screen readers; assertive only for what must be acted on now. */
export function say(text: string, urgent = false): void {
  const region = document.getElementById(urgent ? "say-now" : "say");
  if (!region) return;
  region.textContent = "";
  requestAnimationFrame(() => (region.textContent = text));
}
