// What every walk needs: the browser, signed-in people, and a `check` that counts.
import { existsSync, readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The world, or `undefined` with a printed reason when there is nothing to test against. */
export async function setUp() {
  const base = process.env.BASE_URL;
  const file = process.env.TAPAL_SIGN_INS;
  const browserPath = process.env.TAPAL_CHROMIUM ?? "/usr/bin/chromium";
  const missing = [
    !base && "BASE_URL",
    !file && "TAPAL_SIGN_INS",
    !existsSync(browserPath) && `a browser at ${browserPath}`,
  ].filter(Boolean);
  if (missing.length > 0) {
    console.log(`browser tests skipped: missing ${missing.join(", ")}`);
    return undefined;
  }
  const people = new Map(JSON.parse(readFileSync(file, "utf8")).sign_ins.map((one) => [one.username, one]));
  const browser = await chromium.launch({ executablePath: browserPath, args: FLAGS });
  const tally = { passed: 0, failed: 0 };
  const world = { base, people, browser, tally, screenshots: process.env.TAPAL_SCREENSHOTS };

  world.check = (what, good, more = "") => {
    tally[good ? "passed" : "failed"] += 1;
    console.log(`${good ? "ok  " : "FAIL"} ${what}${!good && more ? ` — ${more}` : ""}`);
    return Boolean(good);
  };
  /** Runs a walk; an exception is one failure, and the others still run. */
  world.step = async (what, walk) => {
    try {
      await walk();
    } catch (error) {
      world.check(what, false, String(error?.message ?? error).split("\n").slice(0, 3).join(" "));
    }
  };
  world.context = async (options = {}, from = browser) => {
    const context = await from.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1440, height: 900 }, ...options });
    context.setDefaultTimeout(15_000);
    return context;
  };
  /** A page signed in as this person, in a browser context of its own. */
  world.enter = async (username, options = {}, from = browser, at = base) => {
    const context = await world.context(options, from);
    const page = await context.newPage();
    watch(world, page, username, at !== base);
    await page.goto(`${at}/sign-in`);
    await page.fill("#username", username);
    await page.fill("#password", people.get(username).password);
    await page.press("#password", "Enter");
    await page.waitForURL((url) => url.pathname !== "/sign-in");
    return page;
  };
  /** The same in a browser of its own whose camera shows a recording. */
  world.enterWithCamera = async (username, clip) => {
    const args = [...FLAGS, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${clip}`];
    const own = await chromium.launch({ executablePath: browserPath, args });
    return world.enter(username, { permissions: ["camera"] }, own);
  };
  world.shot = async (page, name, options = {}) => {
    if (world.screenshots) await page.screenshot({ path: `${world.screenshots}/${name}.png`, ...options });
  };
  return world;
}

/** Nothing may be printed to the console of the browser, and the policy may not be broken. `breaks`: the line does. */
function watch(world, page, who, breaks) {
  page.on("console", (message) => {
    const text = message.text();
    if (breaks && /Failed to load resource.*(503|504|net::ERR_)/.test(text)) return;
    // A refused action is a reply like any other; the browser prints its status by itself.
    if (/Failed to load resource.*(4\d\d|ERR_INTERNET_DISCONNECTED|ERR_FAILED)|ERR_INTERNET_DISCONNECTED|ERR_NETWORK/.test(text)) return;
    world.check(`nothing is printed to the browser console (${who})`, false, text);
  });
  page.on("pageerror", (error) => world.check(`no script error (${who})`, false, error.message));
}

/** Switches the language or theme of the signed-in person by the page's own form. */
export async function prefer(page, name, value) {
  await page.evaluate(() => (document.querySelector(".head__who details.menu").open = true));
  const button = page.locator(`button[name=${name}][value=${value}]`);
  await Promise.all([page.waitForNavigation(), button.click()]);
}
