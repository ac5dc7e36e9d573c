// The desk: a document reader that types, live check digits. A reader types a whole line faster than a hand can; what it
// types goes into the zone, wherever the focus is. Everything also works without this file.
import { checks, isWhole } from "./mrz";

/** Keys closer together than this come from a reader. */
const READER_MS = 40;

export function startDesk(): void {
  const desk = document.querySelector<HTMLElement>("[data-desk]");
  if (!desk) return;
  const zone = desk.querySelector<HTMLTextAreaElement>("[data-mrz]");
  if (zone) {
    zone.addEventListener("input", () => show(zone));
    zone.addEventListener("keydown", (event) => onZoneKey(event, zone));
    show(zone);
  }
  document.addEventListener("keydown", (event) => onReader(event, zone), true);
  desk.querySelector<HTMLElement>("[data-focus]")?.focus();
}

/** Enter after the last line looks the document up; the reader sends it. */
function onZoneKey(event: KeyboardEvent, zone: HTMLTextAreaElement): void {
  if (event.key !== "Enter" || event.shiftKey || !isWhole(zone.value)) return;
  event.preventDefault();
  zone.form?.requestSubmit();
}

let burst = "";
let lastAt = 0;
let held: number | undefined;

/** Characters that come in a burst while the focus is elsewhere belong to the zone, not to the keys of the page. */
function onReader(event: KeyboardEvent, zone: HTMLTextAreaElement | null): void {
  const target = event.target as HTMLElement;
  const inField = target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select");
  if (inField || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const sign = event.key === "Enter" ? "\n" : event.key;
  // No zone has a blank; it scrolls and presses.
  if (sign.length !== 1 || sign === " ") return;
  const fast = event.timeStamp - lastAt < READER_MS;
  lastAt = event.timeStamp;
  if (!fast) burst = "";
  burst += sign;
  if (burst.length === 1) {
    // It may be a key of the page: it is one if nothing follows at once.
    if (!event.isTrusted) return;
    event.stopImmediatePropagation();
    event.preventDefault();
    window.clearTimeout(held);
    held = window.setTimeout(() => again(event, target), READER_MS + 5);
    return;
  }
  window.clearTimeout(held);
  event.stopImmediatePropagation();
  event.preventDefault();
  if (!zone) return;
  zone.value = burst;
  zone.focus();
  zone.setSelectionRange(burst.length, burst.length);
  show(zone);
  burst = "";
}

/** The key was a person's: it goes where it was meant to go. */
function again(event: KeyboardEvent, target: HTMLElement): void {
  burst = "";
  const copy = new KeyboardEvent("keydown", { key: event.key, code: event.code, bubbles: true, cancelable: true });
  const handled = !target.dispatchEvent(copy);
  // Enter presses what has the focus, as it would have.
  if (!handled && event.key === "Enter") target.closest<HTMLElement>("a, button, summary, input, label")?.click();
}

function show(zone: HTMLTextAreaElement): void {
  const box = document.querySelector<HTMLElement>("[data-mrz-checks]");
  if (!box) return;
  const found = checks(zone.value).filter((check) => check.agrees !== null);
  box.replaceChildren(
    ...found.map((check) => {
      const tag = document.createElement("span");
      tag.className = `tag tone-${check.agrees ? "green" : "red"}`;
      const word = box.dataset[check.agrees ? "ok" : "bad"] ?? "";
      tag.textContent = `${box.dataset[check.field] ?? check.field}: ${word}`;
      return tag;
    }),
  );
}
