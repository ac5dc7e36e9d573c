// An order from a draft to its end: gaps, approval by another person, a match at a camera, an objection, the receipts.
import { readFileSync } from "node:fs";
import { prefer } from "./world.mjs";

// A rendered person who walks past the first camera and is on no list.
const truth = new URL("../../fixtures/people/groundtruth.json", import.meta.url);

export async function orders(world) {
  const { people, step } = world;
  if (!["clerk", "approver", "liaison"].every((name) => people.has(name))) return;
  const { identities, clips } = JSON.parse(readFileSync(truth, "utf8"));
  const passing = clips["clips/checkpoint_a.mp4"].tracks.map((track) => track.id);
  const strangers = identities.filter((one) => passing.includes(one.id) && !one.watchlisted);
  const languages = ["en", "id"];
  for (const [n, language] of languages.entries()) {
    const person = strangers[n];
    if (!person) return world.check("a stranger walks past the first camera", false);
    await step(`an order in ${language}`, () => walk(world, person, language));
  }
}

async function press(page, selector) {
  await Promise.all([page.waitForNavigation(), page.click(selector)]);
}

async function walk(world, person, language) {
  const { base, check } = world;
  const clerk = await world.enter("clerk");
  const approver = await world.enter("approver");
  for (const page of [clerk, approver]) await prefer(page, "language", language);
  await clerk.goto(`${base}/orders/new`);
  await clerk.selectOption("#kind", "wanted");
  await clerk.selectOption("#agency", "police");
  await clerk.selectOption("#form", "request");
  await clerk.selectOption("#reason", "fugitive");
  await clerk.fill("#reference", `DPO-${person.id}`);
  await clerk.fill("#full-name", person.full_name);
  await clerk.fill("#birth", person.birth_date);
  await clerk.fill("#nationality", person.nationality);
  await press(clerk, 'form[action="/orders"] button.button--main');
  const order = new URL(clerk.url()).pathname;
  check("a draft says what is missing", (await clerk.locator("#gaps-title + ul li").count()) === 3);
  check("an incomplete draft cannot be handed in", (await clerk.locator(`form[action="${order}/submission"]`).count()) === 0);
  await world.shot(clerk, `order-draft-${language}`);
  await clerk.goto(`${base}${order}/edit`);
  await clerk.fill("#birth-place", "Kota Contoh");
  await clerk.fill("#reason-text", "A file at the agency.");
  await clerk.setInputFiles("#photograph", new URL(`../../fixtures/people/portraits/${person.id}.jpg`, import.meta.url).pathname);
  await press(clerk, `form[action="${order}"] button.button--main`);
  await press(clerk, `form[action="${order}/submission"] button`);
  check("who wrote an order is not offered its approval", (await clerk.locator(`form[action="${order}/decision"]`).count()) === 0);

  const liaison = await world.enter("liaison");
  check("a liaison sees its agency's order", (await liaison.goto(`${base}${order}`)).status() === 200);
  await liaison.context().close();

  await approver.goto(`${base}/orders?status=submitted`);
  check("it waits in the approver's queue", (await approver.locator(`a[href="${order}"]`).count()) === 1);
  await approver.goto(`${base}${order}`);
  await world.shot(approver, `order-decide-${language}`);
  await press(approver, 'button[value="approve"]');
  const entry = await approver.locator('a[href^="/entries/"]').first().getAttribute("href");
  check("an approval makes the entry", Boolean(entry));
  await approver.goto(`${base}${entry}`);
  if ((await approver.locator(`form[action="${entry}/decision"]`).count()) > 0) {
    await approver.fill("#decision-reason", "Compared with the letter and the photograph.");
    await press(approver, 'button[value="accept"]');
  }
  const seen = await until(180_000, async () => {
    await approver.goto(`${base}${order}`);
    const text = await approver.locator("#facts-title + dl dd").last().innerText();
    return Number.parseInt(text, 10) > 0;
  });
  check("a camera matches the person who was put on the list", seen);
  await world.shot(approver, `order-matched-${language}`);

  await clerk.goto(`${base}${order}`);
  await clerk.fill("#object-note", "K-1/2026");
  await press(clerk, `form[action="${order}/objections"] button`);
  await approver.goto(`${base}${order}`);
  check("an objection does not suspend", (await approver.locator("h1 + p .tone-green").count()) === 1);
  await approver.fill("#answer-note", "The person is another one.");
  await world.shot(approver, `order-objection-${language}`);
  await press(approver, 'button[value="uphold_objection"]');
  check("an upheld objection ends it", (await approver.locator("h1 + p .tone-grey").count()) === 1);
  check("nothing more can be done to it", (await approver.locator('main button[name="decision"]').count()) === 0);
  const gone = await until(60_000, async () => {
    await approver.goto(`${base}${entry}`);
    return (await approver.locator("#removal-title + p .tone-green").count()) === 1;
  });
  check("every node sends its receipt", gone);
  await world.shot(approver, `order-receipts-${language}`);
  for (const page of [clerk, approver]) await page.context().close();
}

/** Asks once a second; whether it came true in time. */
async function until(ms, look) {
  const end = Date.now() + ms;
  while (Date.now() < end) {
    if (await look()) return true;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  return false;
}
