// The desk: a document reader that types, live check digits. Capital letters, digits and fillers go into the zone, wherever
// the focus is. While a traveller's sheet is open, what a reader types does nothing: its Enter must not decide.
// Everything also works without this file.
import { startPhoto } from "./photo";
import { checks, isWhole } from "./mrz";

/** After a reader's last character nothing is taken for a person's key for so long. */
const QUIET_MS = 1_000;

export function startDesk(): void {
  const desk = document.querySelector<HTMLElement>("[data-desk]");
  if (!desk) return;
  const zone = desk.querySelector<HTMLTextAreaElement>("[data-mrz]");
  if (zone) {
    zone.addEventListener("input", () => {
      if (zone.value === "") by(desk, "");
      show(zone);
    });
    zone.addEventListener("keydown", (event) => onZoneKey(event, zone));
    show(zone);
    // Not the attribute: a reader that types while the page comes has the focus there already, and the browser complains.
    if (zone.matches("[data-first]") && document.activeElement === document.body) zone.focus();
    startPhoto(desk, (lines) => {
      zone.value = lines.join("\n");
      by(desk, "photo");
      show(zone);
      zone.focus();
    });
  }
  document.addEventListener("keydown", (event) => onReader(event, zone), true);
  desk.querySelector<HTMLElement>("[data-focus]")?.focus();
}

/** Where the lines come from: what a photograph gave is said on the sheet. */
function by(desk: HTMLElement, what: string): void {
  const field = desk.querySelector<HTMLInputElement>("[data-mrz-by]");
  if (field) field.value = what;
}

/** Enter after the last line looks the document up; the reader sends it. */
function onZoneKey(event: KeyboardEvent, zone: HTMLTextAreaElement): void {
  if (event.key !== "Enter" || event.shiftKey || !isWhole(zone.value)) return;
  event.preventDefault();
  zone.form?.requestSubmit();
}

let readAt = -QUIET_MS;

function onReader(event: KeyboardEvent, zone: HTMLTextAreaElement | null): void {
  const target = event.target as HTMLElement;
  const inField = target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select");
  if (inField || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const reader = /^[A-Z<]$/.test(event.key);
  const reading = event.timeStamp - readAt < QUIET_MS;
  if (!reader && !reading && !(zone && /^[0-9]$/.test(event.key))) return;
  if (event.key.length !== 1 && event.key !== "Enter") return;
  readAt = event.timeStamp;
  event.stopImmediatePropagation();
  event.preventDefault();
  if (!zone) {
    const told = document.querySelector<HTMLElement>("[data-reader-told]");
    if (told) told.hidden = false;
    return;
  }
  zone.value += event.key === "Enter" ? "\n" : event.key;
  zone.focus();
  zone.setSelectionRange(zone.value.length, zone.value.length);
  show(zone);
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
