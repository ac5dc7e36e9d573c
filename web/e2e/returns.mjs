// What happens to an order besides the straight way: handed back and corrected, given more time, for life with two
// approvals; and the account of an agency's liaison.
import { readFileSync } from "node:fs";
import { prefer } from "./world.mjs";

const truth = new URL("../../fixtures/people/groundtruth.json", import.meta.url);

export async function returns(world) {
  const { people, step } = world;
  if (!["clerk", "approver", "approver2", "admin"].every((name) => people.has(name))) return;
  const { identities, clips } = JSON.parse(readFileSync(truth, "utf8"));
  const walking = new Set(Object.values(clips).flatMap((clip) => clip.tracks.map((track) => track.id)));
  const others = identities.filter((one) => !one.watchlisted && !walking.has(one.id));
  const foreigner = others.find((one) => one.nationality !== "IDN");
  const citizen = others.find((one) => one.nationality === "IDN");
  if (!foreigner || !citizen) return world.check("two people who walk past no camera", false);
  await step("an order handed back, corrected and given more time", () => back(world, citizen));
  await step("an entry ban for life needs two approvals", () => life(world, foreigner));
  await step("a liaison's account", () => account(world));
}

async function press(page, selector) {
  await Promise.all([page.waitForNavigation(), page.click(selector)]);
}

async function draft(world, clerk, person, { kind, agency, form, reason, lifetime }) {
  await clerk.goto(`${world.base}/orders/new`);
  await clerk.selectOption("#kind", kind);
  await clerk.selectOption("#agency", agency);
  await clerk.selectOption("#form", form);
  await clerk.selectOption("#reason", reason);
  await clerk.fill("#reason-text", "A file at the agency.");
  await clerk.fill("#reference", `R-${kind}-${Date.now()}`);
  await clerk.fill("#full-name", person.full_name);
  await clerk.fill("#birth", person.birth_date);
  await clerk.fill("#birth-place", "Kota Contoh");
  await clerk.fill("#nationality", person.nationality);
  if (lifetime) await clerk.check('input[name="lifetime"]');
  await clerk.setInputFiles("#photograph", new URL(`../../fixtures/people/portraits/${person.id}.jpg`, import.meta.url).pathname);
  await press(clerk, 'form[action="/orders"] button.button--main');
  const order = new URL(clerk.url()).pathname;
  await press(clerk, `form[action="${order}/submission"] button`);
  return order;
}

async function back(world, person) {
  const { base, check } = world;
  const clerk = await world.enter("clerk");
  const approver = await world.enter("approver");
  for (const page of [clerk, approver]) await prefer(page, "language", "en");
  const order = await draft(world, clerk, person, { kind: "exit_ban", agency: "kpk", form: "decision", reason: "corruption_case" });
  await approver.goto(`${base}${order}`);
  await approver.fill("#decide-note", "The letter names another town.");
  await press(approver, 'button[value="return"]');
  await clerk.goto(`${base}${order}/edit`);
  await clerk.fill("#birth-place", "Kota Lain");
  await press(clerk, `form[action="${order}"] button.button--main`);
  await press(clerk, `form[action="${order}/submission"] button`);
  await approver.goto(`${base}${order}`);
  const rows = approver.locator("#changes-title ~ div tbody tr");
  check("the approver sees what was corrected, and only that", (await rows.count()) === 1 && (await rows.first().innerText()).includes("Kota Lain"));
  await world.shot(approver, "order-difference", { fullPage: true });
  await press(approver, 'button[value="approve"]');
  check("the corrected order is approved", (await approver.locator("h1 + p .tone-green").count()) === 1);
  await clerk.goto(`${base}${order}`);
  const before = await clerk.locator("h1 + p").innerText();
  await clerk.fill("#extend-note", "KPK-77/2026");
  await press(clerk, `form[action="${order}/extension"] button`);
  check("who asked for more time is not offered to give it", (await clerk.locator('button[value="approve_extension"]').count()) === 0);
  await approver.goto(`${base}${order}`);
  check("the approver sees the old and the new last day", (await rows.count()) === 1);
  await world.shot(approver, "order-extension", { fullPage: true });
  await press(approver, 'button[value="approve_extension"]');
  check("the order has more time", (await approver.locator("h1 + p").innerText()) !== before);
  await clerk.goto(`${base}${order}`);
  await press(clerk, `form[action="${order}/notifications"] button`);
  check("a notification is recorded", (await clerk.locator("#clocks-title ~ div .tone-green").count()) === 1);
  await approver.goto(`${base}${order}`);
  await approver.fill("#end-note", "Judgment 9/2026");
  await press(approver, 'button[value="acquit"]');
  check("an acquittal ends it", (await approver.locator("h1 + p .tone-grey").count()) === 1);
  for (const page of [clerk, approver]) await page.context().close();
}

async function life(world, person) {
  const { base, check } = world;
  const clerk = await world.enter("clerk");
  const one = await world.enter("approver");
  const two = await world.enter("approver2");
  for (const page of [clerk, one, two]) await prefer(page, "language", "en");
  const order = await draft(world, clerk, person, { kind: "entry_ban", agency: "immigration", form: "decision", reason: "national_security", lifetime: true });
  await one.goto(`${base}${order}`);
  await press(one, 'button[value="approve"]');
  check("one approval is not enough for life", (await one.locator("h1 + p .tone-amber").count()) === 1 && (await one.locator('a[href^="/entries/"]').count()) === 0);
  check("the first approver is not offered the second", (await one.locator('button[value="approve"]').count()) === 0);
  await two.goto(`${base}${order}`);
  await press(two, 'button[value="approve"]');
  check("the second approval makes the entry", (await two.locator('a[href^="/entries/"]').count()) > 0);
  await world.shot(two, "order-lifetime", { fullPage: true });
  await two.fill("#end-note", "End of the walk");
  await press(two, 'button[value="revoke"]');
  for (const page of [clerk, one, two]) await page.context().close();
}

async function account(world) {
  const { base, check } = world;
  const admin = await world.enter("admin");
  await prefer(admin, "language", "en");
  await admin.goto(`${base}/accounts`);
  const name = `walk${Date.now()}`;
  await admin.fill("#display-name", "Contoh Penghubung");
  await admin.fill("#new-username", name);
  await admin.selectOption("#role", "agency_liaison");
  await press(admin, 'form[action="/accounts"] button.button--main');
  check("a liaison without an agency is refused", (await admin.locator("#notice.tone-red").count()) === 1);
  check("what was typed is kept", (await admin.inputValue("#new-username")) === name);
  await admin.selectOption("#agency", "bnn");
  await press(admin, 'form[action="/accounts"] button.button--main');
  check("a liaison with an agency is opened", (await admin.locator(".secret").count()) === 1);
  check("it can have keys", (await admin.locator("tr", { hasText: name }).locator('a[href$="/credentials"]').count()) === 1);
  await admin.context().close();
}
