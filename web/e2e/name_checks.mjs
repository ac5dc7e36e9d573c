// A name asked at a desk, by keyboard; others of the same person before an approval; and axe on the answers.
import { run } from "./accessibility.mjs";
import { prefer } from "./world.mjs";

const PERSON = { name: "Soerjatmadja Wirya Contoh", born: "1975-04-05", number: "C7654321" };

export async function nameChecks(world) {
  const { people, step } = world;
  if (!["clerk", "approver", "rina"].every((name) => people.has(name))) return;
  for (const language of ["en", "id"]) await step(`a name check in ${language}`, () => walk(world, language));
}

async function press(page, selector) {
  await Promise.all([page.waitForNavigation(), page.click(selector)]);
}

/** A lost document in the name of the person, handed in; the address of the order. */
async function handIn(world, clerk, reference, name) {
  await clerk.goto(`${world.base}/orders/new`);
  await clerk.selectOption("#kind", "lost_document");
  await clerk.selectOption("#agency", "police");
  await clerk.selectOption("#form", "request");
  await clerk.selectOption("#reason", "reported_stolen");
  await clerk.fill("#reference", reference);
  await clerk.fill("#full-name", name);
  await clerk.fill("#birth", PERSON.born);
  await clerk.fill("#birth-place", "Kota Contoh");
  await clerk.fill("#nationality", "IDN");
  await clerk.fill("#document", PERSON.number);
  await clerk.fill("#reason-text", "Reported at the agency.");
  await press(clerk, 'form[action="/orders"] button.button--main');
  const order = new URL(clerk.url()).pathname;
  await press(clerk, `form[action="${order}/submission"] button`);
  return order;
}

async function walk(world, language) {
  const { base, check } = world;
  const stamp = `${language}-${Date.now() % 1_000_000}`;
  const [clerk, approver, rina] = [await world.enter("clerk"), await world.enter("approver"), await world.enter("rina")];
  for (const page of [clerk, approver, rina]) await prefer(page, "language", language);
  const first = await handIn(world, clerk, `LOST-${stamp}`, PERSON.name);
  await approver.goto(base + first);
  await press(approver, 'button[value="approve"]');
  const second = await handIn(world, clerk, `LOST-B-${stamp}`, "Suryatmaja Wirya Contoh");
  await approver.goto(base + second);
  check("others of the same person are shown before the approval", (await approver.locator(`a[href^="/persons/"]`).count()) === 1);
  await world.shot(approver, `person-before-approval-${language}`);
  await press(approver, 'a[href^="/persons/"]');
  check("the other order stands beside it", (await approver.locator(".persons > article").count()) >= 2);
  await approver.locator(".persons details").first().evaluate((one) => (one.open = true));
  for (const theme of ["light", "dark"]) {
    await prefer(approver, "theme", theme);
    await approver.locator(".persons details").first().evaluate((one) => (one.open = true));
    await run(world, approver, `person-${language}-${theme}`);
  }
  await press(approver, '.persons button[value="same"]');
  check("a person says it is the same", (await approver.locator(".persons .tone-green").count()) >= 1);

  await rina.goto(`${base}/name-checks`);
  check("the first field has the focus", (await rina.evaluate(() => document.activeElement.id)) === "names");
  await rina.keyboard.type("Suryatmaja W. Contoh");
  await rina.keyboard.press("Tab");
  await rina.keyboard.type(PERSON.number.toLowerCase());
  await Promise.all([rina.waitForNavigation(), rina.keyboard.press("Enter")]);
  check("a document number hits, also in small letters", (await rina.locator(".hit .tone-red").count()) >= 1);
  check("the answer says what to do", (await rina.locator(".hit__advice").first().innerText()).length > 20);
  check("no order is linked for a desk", (await rina.locator('main a[href^="/orders/"]').count()) === 0);
  check("the name is in no address", !rina.url().includes("Suryatmaja"));
  for (const theme of ["light", "dark"]) {
    await prefer(rina, "theme", theme);
    for (const width of [1440, 390]) {
      await rina.setViewportSize({ width, height: 900 });
      await rina.goto(`${base}/name-checks`);
      await run(world, rina, `name-check-empty-${language}-${theme}-${width}`);
      await rina.fill("#names", "Suryatmaja Wirya");
      await rina.fill("#documents", PERSON.number);
      await rina.fill("#birth-date", "1985");
      await press(rina, 'form[action="/name-checks"] button.button--main');
      await run(world, rina, `name-check-${language}-${theme}-${width}`);
    }
  }
  await rina.fill("#names", "");
  await rina.fill("#documents", "");
  await press(rina, 'form[action="/name-checks"] button.button--main');
  check("an empty question is refused in words", (await rina.locator("#notice").count()) === 1);
  const sari = await world.enter("budi");
  await sari.goto(`${base}/in-process`);
  await run(world, sari, `in-process-${language}`);
  await sari.context().close();
  for (const page of [clerk, approver, rina]) await page.context().close();
}
