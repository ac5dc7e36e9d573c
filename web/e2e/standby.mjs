// A checkpoint that loses its centre, walked as its officers see it: the standby server is enrolled on its page, the line
// between the two is cut, travellers go on, and in the end the centre has what was recorded. TAPAL_BINARY is the program.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { TAGS } from "./accessibility.mjs";
import { prefer } from "./world.mjs";
import { passport, read } from "./zone.mjs";

const CITIZEN = { state: "IDN", number: "C0000777", surname: "CONTOH", given: "SARASWATI", birth: "880817", sex: "F", expiry: "330201" };
const BANNED = { state: "IDN", number: "SP8314860", surname: "SETYOWIRA", given: "DEWI", birth: "720622", sex: "F", expiry: "320502" };
const SITE = "Soekarno-Hatta";

export async function standby(world) {
  const { people, step } = world;
  const binary = process.env.TAPAL_BINARY;
  const centreData = process.env.TAPAL_SIGN_INS ? dirname(process.env.TAPAL_SIGN_INS) : undefined;
  const certificate = centreData && join(centreData, "certificate.pem");
  if (!people.has("rina") || !binary || !existsSync(binary) || !certificate || !existsSync(certificate)) {
    console.log("     the walk without a centre is left out: TAPAL_BINARY or the centre's certificate is missing");
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "tapal-standby-"));
  const line = await cuttable(new URL(world.base).port);
  let server;
  try {
    let token;
    await step("a standby server is announced on its page", async () => { token = await announce(world); });
    if (!token) return;
    server = await start(binary, folder, line.port, certificate, token);
    const reached = await mode(server.base, "centre", 60);
    world.check("it becomes a copy of the centre", reached.mode === "centre", JSON.stringify(reached));
    await step("a checkpoint without its centre", () => outage(world, line, server.base));
  } finally {
    line.close();
    await ended(server?.child);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The one-time token, from the page. */
async function announce(world) {
  const person = [...world.people.values()].find((one) => one.role === "system_admin").username;
  const page = await world.enter(person);
  await prefer(page, "language", "en");
  await page.goto(`${world.base}/standbys`);
  await world.shot(page, "standbys-empty", { fullPage: true });
  await page.fill("#standby-name", "Hall");
  await page.selectOption("#standby-site", { label: await siteLabel(page) });
  await Promise.all([page.waitForNavigation(), page.click("form[action='/standbys'] .button--main")]);
  const token = (await page.locator(".secret").innerText()).trim();
  world.check("the token is shown once", token.length > 20);
  await page.goto(`${world.base}/standbys`);
  world.check("and not again", (await page.locator(".secret").count()) === 0);
  await page.context().close();
  return token;
}

async function siteLabel(page) {
  const labels = await page.locator("#standby-site option").allInnerTexts();
  return labels.find((label) => label.includes(SITE));
}

async function outage(world, line, base) {
  const { check } = world;
  const page = await world.enter("rina", {}, world.browser, base);
  await prefer(page, "language", "en");
  await page.goto(`${base}/desk`);
  const lane = async (name) => page.locator('.desk a[href*="/desk?lane"]', { hasText: name }).first().getAttribute("href");
  const [arrival, departure] = [await lane("Lajur 3"), await lane("Lajur 5")];
  check("while the centre answers nothing is said of it", (await page.locator(".banner--alone").count()) === 0);
  await page.goto(`${base}${arrival}`);
  await put(page, CITIZEN);
  // What was just changed at the centre, such as this sign-in, is copied within a moment.
  await page.waitForTimeout(3000);
  // The sheet came from the centre; the line breaks before the officer decides.
  line.cut();
  await press(page, "Enter");
  check("the traveller passes with the centre gone", (await page.locator(".notice.tone-green").count()) === 1);
  const banner = page.locator(".banner--alone");
  check("the page says so", (await banner.count()) === 1 && /cannot be reached/.test(await banner.innerText()));
  await page.goto(`${base}${departure}`);
  await put(page, BANNED);
  check("who may not leave is not offered to leave by the copies", (await page.locator('form[action="/desk/crossings"]').count()) === 0);
  check("the reason stands there", (await page.locator(".desk__why li").count()) >= 1);
  await axe(world, page, "the desk without its centre");
  await press(page, "r");
  check("referred to second line", (await page.locator(".notice.tone-green").count()) === 1);
  const nav = await page.locator(".head__nav a").allInnerTexts();
  check("only what goes on is offered", nav.length > 0 && !nav.some((name) => /Registry|Statistics|Orders/.test(name)), nav.join(", "));
  const waits = await page.goto(`${base}/statistics`);
  check("what waits for the centre says so", waits.status() === 503 && /cannot be reached/i.test(await page.locator("h1").innerText()));
  await world.shot(page, "standby-waits", { fullPage: true });
  await caseTaken(world, base);
  line.mend();
  const reached = await mode(base, "centre", 60);
  check("the centre takes over again, and nothing waits", reached.mode === "centre" && reached.waiting === 0, JSON.stringify(reached));
  await back(world, page, base);
}

/** A colleague of second line signs in while the centre is gone, and takes the case. */
async function caseTaken(world, base) {
  const page = await world.enter("budi", {}, world.browser, base);
  await prefer(page, "language", "id");
  await page.goto(`${base}/second-line`);
  world.check("second line is open to who signs in now", (await page.locator("a[href^='/second-line/']").count()) >= 1);
  await page.locator("a[href^='/second-line/']").first().click();
  await page.waitForURL(/second-line\/./);
  await Promise.all([page.waitForNavigation(), page.locator("form[action$='/taking'] button").first().click()]);
  world.check("a case is taken", (await page.locator("form[action$='/taking']").count()) === 0);
  await axe(world, page, "a case without its centre");
  await page.context().close();
}

async function back(world, page, base) {
  const { check } = world;
  await page.goto(`${base}/desk`);
  if (page.url().includes("/sign-in")) check("whoever signed in here signs in once more", true);
  check("the banner is gone", (await page.locator(".banner--alone").count()) === 0);
  await page.context().close();
  // At the centre's own address: the ledger, the case, and nothing to settle.
  const sari = await world.enter("sari");
  await prefer(sari, "language", "en");
  await sari.goto(`${world.base}/second-line`);
  check("the case is at the centre", (await sari.locator("a[href^='/second-line/']").count()) >= 1);
  await sari.goto(`${world.base}/standbys`);
  await sari.waitForFunction(() => /hands on/.test(document.querySelector("tbody")?.innerText ?? ""), undefined, { timeout: 20_000 }).catch(() => {});
  check("the page of standby servers shows it handing on", /hands on/.test(await sari.locator("tbody").innerText()));
  check("nothing was found to settle", (await sari.locator("form[action$='/settlement']").count()) === 0);
  await axe(world, sari, "standby servers");
  await sari.context().close();
}

async function axe(world, page, name) {
  for (const size of [{ width: 1440, height: 900 }, { width: 390, height: 844 }]) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
      world.check(`axe ${name}: ${colorScheme} ${size.width}`, violations.length === 0, violations.map((one) => `${one.id}: ${one.nodes[0]?.html}`).join("; "));
      await world.shot(page, `${name.replaceAll(" ", "-")}-${colorScheme}-${size.width}`, { fullPage: true });
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
}

async function put(page, who) {
  await Promise.all([page.waitForNavigation(), read(page, passport(who))]);
}

async function press(page, key) {
  await Promise.all([page.waitForNavigation(), page.keyboard.press(key)]);
}

/** A line to the centre that can be cut: what is under way breaks off, and nobody answers. */
async function cuttable(port) {
  const open = new Set();
  let whole = true;
  const server = createServer((from) => {
    if (!whole) return from.destroy();
    const to = connect(port, "127.0.0.1");
    for (const [one, other] of [[from, to], [to, from]]) {
      open.add(one);
      one.on("close", () => { open.delete(one); other.destroy(); });
      one.on("error", () => other.destroy());
      one.pipe(other);
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const cut = () => { whole = false; for (const one of open) one.destroy(); };
  return { port: server.address().port, cut, mend: () => { whole = true; }, close: () => { cut(); server.close(); } };
}

/** The program, once it listens. */
async function start(binary, folder, port, certificate, token) {
  const listen = await free();
  const args = ["--data", folder, "standby", "--centre", `https://localhost:${port}`, "--ca", certificate, "--listen", `127.0.0.1:${listen}`, "--with-parent"];
  const child = spawn(binary, args, { stdio: ["pipe", "ignore", "pipe"], env: { ...process.env, TAPAL_ENROL: token } });
  let said = "";
  child.stderr.on("data", (text) => { said = (said + text).slice(-2000); });
  for (let n = 0; n < 300; n += 1) {
    if (child.exitCode !== null) throw new Error(`the standby server ended: ${said}`);
    const there = await new Promise((done) => {
      const probe = connect(listen, "127.0.0.1", () => { probe.destroy(); done(true); });
      probe.on("error", () => done(false));
    });
    if (there) return { child, base: `https://localhost:${listen}` };
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`the standby server does not listen: ${said}`);
}

function ended(child) {
  if (!child || child.exitCode !== null) return undefined;
  const gone = new Promise((done) => child.on("exit", done));
  child.kill("SIGTERM");
  return gone;
}

function free() {
  return new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

/** How the standby server is, once it is in this mode; or how it is after so many seconds. */
async function mode(base, wanted, seconds) {
  const { request } = await import("node:https");
  const ask = () => new Promise((done) => {
    const asked = request(`${base}/healthz`, { rejectUnauthorized: false }, (reply) => {
      let text = "";
      reply.on("data", (part) => { text += part; });
      reply.on("end", () => { try { done(JSON.parse(text).standby ?? {}); } catch { done({}); } });
    });
    asked.on("error", () => done({}));
    asked.end();
  });
  let seen = {};
  for (let n = 0; n < seconds * 5; n += 1) {
    seen = await ask();
    if (seen.mode === wanted) return seen;
    await new Promise((done) => setTimeout(done, 200));
  }
  return seen;
}
