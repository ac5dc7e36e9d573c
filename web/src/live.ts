// Keeps the live regions of a page fresh: asks for the page again and takes over only what changed.
// One way of drawing (the server's) for the first paint and for every update.
import { setNow, tick } from "./clock";
import { morph } from "./morph";
import { noticeArrivals } from "./arrivals";

let running = false;
let again = false;

/** Refreshes now; calls during a refresh are folded into one more. */
export async function refresh(): Promise<boolean> {
  if (running) {
    again = true;
    return true;
  }
  running = true;
  try {
    do {
      again = false;
      await once();
    } while (again);
    return true;
  } catch {
    return false;
  } finally {
    running = false;
  }
}

async function once(): Promise<void> {
  const reply = await fetch(location.href, { headers: { "x-tapal-quiet": "1" }, credentials: "same-origin" });
  const address = new URL(reply.url);
  if (address.pathname === "/sign-in") {
    location.assign("/sign-in");
    return;
  }
  if (!reply.ok) throw new Error(String(reply.status));
  const fresh = new DOMParser().parseFromString(await reply.text(), "text/html");
  if (fresh.body.dataset["build"] !== document.body.dataset["build"]) {
    // The server was replaced by another version: start clean rather than mix two.
    location.reload();
    return;
  }
  setNow(fresh.body.dataset["now"]);
  // Work that is done needs no more asking.
  document.body.dataset["poll"] = fresh.body.dataset["poll"] ?? "";
  if (address.pathname !== location.pathname) history.replaceState(null, "", address.pathname + address.search);
  takeOver(fresh);
}

function takeOver(fresh: Document): void {
  const focused = document.activeElement;
  const before = keysOfQueue();
  for (const region of document.querySelectorAll<HTMLElement>("[data-live]")) {
    const name = region.dataset["live"];
    const other = fresh.querySelector(`[data-live="${name}"]`);
    if (other) morph(region, other);
  }
  noticeArrivals(before);
  document.title = fresh.title;
  tick();
  document.dispatchEvent(new Event("tapal:fresh"));
  if (focused instanceof HTMLElement && focused !== document.body && !focused.isConnected) {
    // What had the focus is gone; the panel's heading is the nearest sensible place.
    document.querySelector<HTMLElement>("[data-focus-home]")?.focus({ preventScroll: true });
  }
}

function keysOfQueue(): Set<string> {
  return new Set([...document.querySelectorAll("[data-queue] [data-key]")].map((el) => el.getAttribute("data-key") ?? ""));
}

/** Some pages change every second without an event worth storing (counters): they ask again at their own pace. */
export function startLive(): void {
  const every = Number(document.body.dataset["poll"]);
  if (!every) return;
  setInterval(() => {
    if (Number(document.body.dataset["poll"]) && document.visibilityState === "visible") void refresh();
  }, every);
}
