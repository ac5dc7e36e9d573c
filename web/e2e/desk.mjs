// The desk with a simulated reader: what an officer presses, and for how long, for four kinds of traveller; then what
// cannot be done. Seconds are what the machine needs with keys at once; a person's reading comes on top.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { TAGS } from "./accessibility.mjs";
import { prefer } from "./world.mjs";
import { passport, read } from "./zone.mjs";

const CITIZEN = { state: "IDN", number: "C0000101", surname: "CONTOH", given: "WIJAYANTI", birth: "910506", sex: "F", expiry: "330201" };
const BANNED = { state: "IDN", number: "SP8314860", surname: "SETYOWIRA", given: "DEWI", birth: "720622", sex: "F", expiry: "320502" };
const OVERSTAYED = { state: "SGP", number: "E0000401", surname: "CONTOH", given: "RAHIM", birth: "930119", sex: "M", expiry: "310404" };
const LOST = { state: "IDN", number: "X0000001", surname: "CONTOH", given: "PEMEGANG PASPOR", birth: "900412", sex: "F", expiry: "300606" };

export async function desk(world) {
  const { people, step, base } = world;
  if (!people.has("rina")) return;
  const page = await world.enter("rina");
  await page.goto(`${base}/desk`);
  const arrival = await page.locator('.desk a[href*="/desk?lane"]', { hasText: "Lajur 3" }).first().getAttribute("href");
  const departure = await page.locator('.desk a[href*="/desk?lane"]', { hasText: "Lajur 5" }).first().getAttribute("href");
  for (const language of ["en", "id"]) {
    await prefer(page, "language", language);
    await step(`travellers at a desk in ${language}`, () => travellers(world, page, { arrival, departure }, language));
  }
  await step("a zone that is read wrongly", () => wrong(world, page, arrival));
  await step("a photograph of the page", () => photograph(world, page, arrival));
  await step("a reader while the focus is elsewhere", () => elsewhere(world, page, arrival));
  await page.context().close();
  for (const [probe, band] of [["s026", "green"], ["s001", "red"]]) {
    await step(`one to one with ${probe}`, () => face(world, departure, probe, band));
  }
}

const PEOPLE = new URL("../../fixtures/people/", import.meta.url).pathname;

/** The desk's camera shows a rendered person: the holder, and then somebody else. */
async function face(world, departure, probe, tone) {
  const picture = `${PEOPLE}portraits/${probe}.jpg`;
  if (!existsSync(picture)) return;
  const clip = join(mkdtempSync(join(tmpdir(), "tapal-")), "face.mjpeg");
  execFileSync("ffmpeg", ["-nostdin", "-loglevel", "error", "-loop", "1", "-i", picture, "-t", "1", "-r", "10", "-vf", "scale=640:480:force_original_aspect_ratio=increase,crop=640:480", "-q:v", "2", clip]);
  const page = await world.enterWithCamera("rina", clip);
  await prefer(page, "language", "en");
  await page.goto(`${world.base}${departure}`);
  await put(page, BANNED);
  await page.waitForTimeout(1100);
  await page.keyboard.press("f");
  await page.waitForSelector("[data-face-said]:not([hidden])");
  const said = page.locator("[data-face-said]");
  world.check(`${probe}: the face is compared with the portrait`, (await said.getAttribute("class")).includes(`tone-${tone}`), await said.innerText());
  await world.shot(page, `desk-face-${probe}`, { fullPage: true });
  await page.context().browser().close();
}

/** Reads a passport; the page that follows. */
async function put(page, who) {
  await Promise.all([page.waitForNavigation(), read(page, passport(who))]);
}

async function press(page, key) {
  await Promise.all([page.waitForNavigation(), page.keyboard.press(key)]);
}

/** Officer time of one traveller: from the reader to the blank form. */
async function timed(world, page, { name, lane, who, keys }) {
  await page.goto(`${world.base}${lane}`);
  const started = performance.now();
  await put(page, who);
  const read_s = (performance.now() - started) / 1000;
  await world.shot(page, `desk-${name}`, { fullPage: true });
  const again = performance.now();
  for (const key of keys.slice(0, -1)) await page.keyboard.press(key);
  if (keys.length > 0) await press(page, keys.at(-1));
  const done_s = read_s + (performance.now() - again) / 1000;
  console.log(`     ${name}: ${keys.length} key(s) after the reader (${keys.join(" ")}), ${done_s.toFixed(2)} s`);
  return done_s;
}

async function travellers(world, page, { arrival, departure }, language) {
  const { check } = world;
  const green = () => page.locator(".notice.tone-green").count();
  let seconds = await timed(world, page, { name: `ordinary-${language}`, lane: arrival, who: CITIZEN, keys: ["Enter"] });
  check("an ordinary traveller takes one scan and one key", (await green()) === 1);
  check("in less than five seconds", seconds < 5, `${seconds}`);
  seconds = await timed(world, page, { name: `watchlisted-${language}`, lane: departure, who: BANNED, keys: [] });
  check("who may not leave is not offered to leave", (await page.locator('form[action="/desk/crossings"]').count()) === 0);
  check("the reason stands there", (await page.locator(".desk__why li").count()) >= 1);
  check("the list's reason is ticked for second line", await page.locator('input[name="list_hit"]').isChecked());
  await axe(world, page, language);
  await press(page, "r");
  check("referred to second line with one key", (await green()) === 1);
  await timed(world, page, { name: `overstayed-${language}`, lane: departure, who: OVERSTAYED, keys: [] });
  const first = (await page.locator('form[action="/desk/crossings"]').count()) === 1;
  if (language === "en") {
    check("an overstay of four days is paid at the desk", first);
    await page.keyboard.press("b");
    await page.waitForFunction(() => document.activeElement?.id === "receipt");
    await page.keyboard.type("SIMPONI-0001");
    await press(page, "Enter");
    check("paid and departed", (await green()) === 1);
  }
  await timed(world, page, { name: `lost-${language}`, lane: departure, who: LOST, keys: [] });
  check("a lost passport does not leave from the desk", (await page.locator('form[action="/desk/crossings"]').count()) === 0);
  await press(page, "x");
  await timed(world, page, { name: `lost-home-${language}`, lane: arrival, who: LOST, keys: ["Enter"] });
  check("its holder comes home", (await green()) === 1);
}

/** The sheet with most on it, on a desk's screen and a phone, light and dark. */
async function axe(world, page, language) {
  for (const size of [{ width: 1440, height: 900 }, { width: 390, height: 844 }]) {
    await page.setViewportSize(size);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
      const name = `the traveller's sheet: ${language} ${colorScheme} ${size.width}`;
      world.check(`axe ${name}`, violations.length === 0, violations.map((one) => `${one.id}: ${one.nodes[0]?.html}`).join("; "));
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
      world.check(`nothing scrolls sideways: ${name}`, !sideways);
      if (size.width === 390) await world.shot(page, `desk-phone-${language}-${colorScheme}`, { fullPage: true });
    }
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize({ width: 1440, height: 900 });
}

async function wrong(world, page, arrival) {
  const { check, base } = world;
  await page.goto(`${base}${arrival}`);
  const [first, second] = passport(CITIZEN);
  const broken = `${second.slice(0, 5)}9${second.slice(6)}`;
  await page.keyboard.type(`${first}\n${broken}`);
  check("a wrong digit is seen while typing", (await page.locator("[data-mrz-checks] .tone-red").count()) >= 1);
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  check("and refused with its reason", (await page.locator("#notice.tone-red, #notice.tone-amber").count()) === 1 && (await page.locator(".desk__faults li").count()) >= 1);
  check("what was typed is kept", (await page.inputValue("#mrz")).includes(broken));
}

/** A rendered specimen through the reader of characters. */
async function photograph(world, page, arrival) {
  const { check, base } = world;
  await page.goto(`${base}${arrival}`);
  await page.setInputFiles("#page-photo", new URL("../../fixtures/specimens/td3-straight.jpg", import.meta.url).pathname);
  await page.waitForFunction(() => document.querySelector("#mrz").value !== "" || /tone-amber/.test(document.querySelector("[data-mrz-photo-said]").className), undefined, { timeout: 40_000 });
  check("the zone of a photograph stands in the field", (await page.inputValue("#mrz")).includes("L898902C36UTO7408122F1204159"), await page.locator("[data-mrz-photo-said]").innerText());
  await world.shot(page, "desk-photo", { fullPage: true });
  await Promise.all([page.waitForNavigation(), page.press("#mrz", "Enter")]);
  check("the sheet says that it comes from a photograph", (await page.locator("#who-title ~ .tag.tone-amber").count()) === 1);
}

async function elsewhere(world, page, arrival) {
  const { check, base } = world;
  await page.goto(`${base}${arrival}`);
  await page.locator("h1").click();
  await page.evaluate(() => document.activeElement?.blur());
  await put(page, CITIZEN);
  await read(page, passport(LOST));
  await page.waitForSelector("[data-reader-told]:not([hidden])");
  check("a second document decides nothing about the first", (await page.locator("#who-title").count()) === 1 && page.url().endsWith("/desk"));
  await page.waitForTimeout(1100);
  check("a reader is heard from any focus", (await page.locator("#who-title").count()) === 1);
  await press(page, "x");
  check("nothing is decided when the officer leaves", (await page.locator("#mrz").count()) === 1);
}
