// The line to the centre: server-sent events with resume, and honest words when it is cut.
import { say } from "./arrivals";
import { refresh } from "./live";
import { wallText } from "./time";
import { word } from "./words";

/** Longest silence of a healthy line, in ms: the centre pings more often than this. */
const SILENCE_MS = 40_000;

/** Every kind of event the centre tells; `stale` means that what was missed is no longer kept. */
const KINDS = [
  "alert.raised",
  "alert.changed",
  "attempt.recorded",
  "camera.changed",
  "edge.changed",
  "site.changed",
  "entry.added",
  "entry.ended",
  "entry.re_enrolled",
  "second_line.opened",
  "second_line.changed",
  "second_line.alarm",
  "passenger_list.received",
  "passenger_list.changed",
  "stale",
];

let source: EventSource | undefined;
let lastId = "";
let lastHeard = 0;
let lostAt = 0;
let pending: number | undefined;
let pendingAt = 0;

export function startLink(): void {
  if (!document.body.dataset["after"]) return;
  lastId = document.body.dataset["after"] ?? "";
  lastHeard = Date.now();
  show("connecting");
  open();
  setInterval(watch, 2_000);
  addEventListener("offline", () => lost());
  addEventListener("online", () => open());
  document.addEventListener("tapal:fresh", () => show(source?.readyState === EventSource.OPEN ? "ok" : "lost"));
}

function open(): void {
  source?.close();
  source = new EventSource(`/api/v1/events?after=${encodeURIComponent(lastId)}`);
  source.onopen = () => {
    const wasLost = lostAt > 0;
    lostAt = 0;
    lastHeard = Date.now();
    show("ok");
    if (wasLost) {
      say(word("back"));
      void refresh();
    }
  };
  source.onerror = () => lost();
  for (const kind of KINDS) source.addEventListener(kind, heard);
  for (const kind of ["hello", "ping"]) source.addEventListener(kind, () => (lastHeard = Date.now()));
}

function heard(event: MessageEvent): void {
  lastHeard = Date.now();
  if (event.lastEventId) lastId = event.lastEventId;
  const delay = waitFor(event.type);
  // A burst of events is one refresh; what matters now does not wait for what does not.
  if (pending !== undefined && pendingAt <= Date.now() + delay) return;
  clearTimeout(pending);
  pendingAt = Date.now() + delay;
  pending = window.setTimeout(() => {
    pending = undefined;
    void refresh();
  }, delay);
}

/** Alerts at once everywhere; what this page is about within half a second; the rest is not urgent. */
function waitFor(kind: string): number {
  const noun = kind.split(".")[0] ?? "";
  if (noun === "alert" || noun === "stale") return 20;
  return (document.body.dataset["page"] ?? "").startsWith(noun.slice(0, 4)) ? 500 : 15_000;
}

/** A line that died without telling is found by its silence. */
function watch(): void {
  if (Date.now() - lastHeard > SILENCE_MS || source?.readyState === EventSource.CLOSED) {
    lost();
    open();
    // A session that ended looks like a cut line; the page itself knows, and leads to signing in.
    void refresh();
  }
}

function lost(): void {
  if (lostAt === 0) {
    lostAt = Date.now();
    say(word("lost", { time: wallText(lostAt) }), true);
  }
  show("lost");
}

function show(state: "ok" | "connecting" | "lost"): void {
  for (const el of document.querySelectorAll<HTMLElement>("[data-link]")) {
    el.hidden = el.dataset["link"] !== state;
  }
  const banner = document.getElementById("offline");
  if (!banner) return;
  banner.hidden = lostAt === 0;
  const text = banner.querySelector("p");
  if (text && lostAt > 0) text.textContent = word("lost", { time: wallText(lostAt) });
}
