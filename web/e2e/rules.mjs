// A change of the law's data by two people, and a key of an agency's system from making to ending.
import { prefer } from "./world.mjs";

export async function rules(world) {
  const { people, step } = world;
  if (["policy", "policy2", "clerk"].every((name) => people.has(name))) {
    for (const language of ["en", "id"]) await step(`a rule pack changes in ${language}`, () => pack(world, language));
  }
  if (people.has("admin")) await step("a key of an agency", () => key(world));
  if (["clerk", "approver"].every((name) => people.has(name))) await step("the calendar and the letter", () => calendar(world));
}

async function press(page, selector) {
  await Promise.all([page.waitForNavigation(), page.click(selector)]);
}

async function pack(world, language) {
  const { base, check } = world;
  const one = await world.enter("policy");
  const other = await world.enter("policy2");
  for (const page of [one, other]) await prefer(page, "language", language);
  await one.goto(`${base}/rule-packs/id-2025`);
  await world.shot(one, `rule-pack-${language}`, { fullPage: true });
  const text = await one.inputValue("#text");
  await one.fill("#text", text.replace('"hand_over"', '"refuse_entry"').replaceAll('"admit", "hand_over"', '"refuse_entry"'));
  await one.fill("#reason", "An error on purpose.");
  await press(one, 'form[action="/rule-packs/id-2025"] button.button--main');
  check("a pack that lets a citizen be refused is not taken", (await one.locator("#notice.tone-red").count()) === 1);
  check("what was typed is kept", (await one.inputValue("#reason")) === "An error on purpose.");
  const words = `Walked in ${language} ${Date.now()}`;
  await one.fill("#text", text.replace(/^title = ".*"$/m, `title = "UU 63/2024 (${words})"`));
  await one.fill("#reason", "The title names the decree.");
  await press(one, 'form[action="/rule-packs/id-2025"] button.button--main');
  check("who proposed a pack is offered only to take it back", (await one.locator('button[value="approve"]').count()) === 0 && (await one.locator('button[value="withdraw"]').count()) === 1);
  await other.goto(`${base}/rule-packs`);
  check("another person sees what changes", (await other.locator("tr.diff-in").count()) === 1 && (await other.locator("tr.diff-out").count()) === 1);
  await world.shot(other, `rule-pack-decide-${language}`, { fullPage: true });
  await other.fill('textarea[name="reason"]', "Compared with the decree.");
  await press(other, 'button[value="approve"]');
  check("an approved pack is in place", (await other.locator("table").last().innerText()).includes(words));
  for (const page of [one, other]) await page.context().close();
}

async function key(world) {
  const { base, check } = world;
  const admin = await world.enter("admin");
  await prefer(admin, "language", "en");
  await admin.goto(`${base}/accounts`);
  await admin.click('a[href$="/credentials"]');
  await admin.fill("#label", "gateway");
  await press(admin, "form.form button.button--main");
  const secret = await admin.locator(".secret").innerText();
  await world.shot(admin, "credential-made");
  const ask = (token) => admin.request.get(`${base}/api/v1/orders`, { headers: { authorization: `Bearer ${token}` } });
  check("a key opens the agency's orders", (await ask(secret)).status() === 200);
  check("another key opens nothing", (await ask(`${secret}x`)).status() === 401);
  await admin.goto(admin.url());
  check("a key is shown once", !(await admin.content()).includes(secret));
  await admin.locator("details.confirm summary").first().click();
  await press(admin, "details.confirm[open] button");
  check("an ended key opens nothing", (await ask(secret)).status() === 401);
  await admin.context().close();
}

async function calendar(world) {
  const { base, check } = world;
  const clerk = await world.enter("clerk");
  for (const language of ["en", "id"]) {
    await prefer(clerk, "language", language);
    await clerk.goto(`${base}/orders`);
    await world.shot(clerk, `orders-${language}`, { fullPage: true });
  }
  const day = clerk.locator(".calendar a").first();
  const expect = Number.parseInt(await day.locator("strong").innerText(), 10);
  await Promise.all([clerk.waitForNavigation(), day.click()]);
  check("a day of the calendar opens the orders that end on it", (await clerk.locator("tr[data-key]").count()) === expect);
  await clerk.goto(`${base}/orders?status=approved`);
  const orders = await clerk.evaluate(() => [...document.querySelectorAll("tr[data-key]")].map((row) => row.dataset.key));
  let letter;
  for (const id of orders) {
    await clerk.goto(`${base}/orders/${id}`);
    letter = await clerk.locator('a[href$="/notice"]').first().getAttribute("href", { timeout: 500 }).catch(() => undefined);
    if (letter) break;
  }
  const reply = await clerk.request.get(`${base}${letter}`);
  check("the letter to the person is a PDF", reply.headers()["content-type"] === "application/pdf" && (await reply.body()).subarray(0, 5).toString() === "%PDF-");
  await clerk.context().close();
}
