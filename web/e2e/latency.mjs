// Measures frame capture to officer's screen: a signed-in console in Chromium notes when each new alert stands in its
// queue, and compares with the capture time of the deciding frame. Both clocks are this machine's.
// BASE_URL, TAPAL_SIGN_INS as for the other walks; SECONDS (60); PEOPLE ("rina,yosef,made"). Prints one JSON line.
import { setUp } from "./world.mjs";

const world = await setUp();
if (!world) process.exit(0);
const seconds = Number(process.env.SECONDS ?? 60);
const people = (process.env.PEOPLE ?? "rina,yosef,made").split(",");

const pages = [];
for (const who of people) {
  const page = await world.enter(who);
  await page.goto(`${world.base}/alerts`);
  await page.evaluate(() => {
    const seen = (window.seenAt = new Map());
    const note = (first) => {
      for (const link of document.querySelectorAll('a[href^="/alerts/"]')) {
        const id = link.getAttribute("href").slice("/alerts/".length).split(/[?#/]/)[0];
        // After the next frame is drawn it is on the screen. What stood there at the start is not counted.
        if (!seen.has(id)) {
          seen.set(id, 0);
          if (!first) requestAnimationFrame(() => requestAnimationFrame(() => seen.set(id, Date.now())));
        }
      }
    };
    note(true);
    new MutationObserver(() => note(false)).observe(document.body, { childList: true, subtree: true });
  });
  pages.push(page);
}
await new Promise((done) => setTimeout(done, seconds * 1000));

const waits = [];
for (const page of pages) {
  const found = await page.evaluate(async () => {
    const out = [];
    for (const [id, at] of window.seenAt) {
      if (at === 0 || !/^[0-9a-f-]{36}$/.test(id)) continue;
      const reply = await fetch(`/api/v1/alerts/${id}`);
      if (reply.ok) out.push(at - (await reply.json()).captured_at);
    }
    return out;
  });
  waits.push(...found);
}
await world.browser.close();
waits.sort((a, b) => a - b);
const rank = (share) => waits[Math.max(0, Math.ceil(share * waits.length) - 1)];
console.log(JSON.stringify({ n: waits.length, p50_ms: rank(0.5), p99_ms: rank(0.99), max_ms: waits.at(-1) }));
