// Durations as text. Pure, so that they are tested without a page.

/** `00:14`, or `1:02:03` from an hour on; never below zero. */
export function clockText(ms: number): string {
  const total = Math.max(0, Math.ceil(ms / 1000));
  const two = (n: number) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(total / 3600), Math.floor((total % 3600) / 60), total % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`;
}

/** How long ago, rounded down: `00:12`. */
export function agoText(ms: number): string {
  return clockText(Math.floor(Math.max(0, ms) / 1000) * 1000);
}

/** Local wall-clock time of the browser, `14:02:11`. */
export function wallText(ms: number): string {
  return new Date(ms).toLocaleTimeString("en-GB", { hour12: false });
}
