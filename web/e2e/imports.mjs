// A file of orders from its upload to its end: columns, preview, every broken row explained, another person approves and
// undoes. The rows are invented: fixtures/imports.
import { run } from "./accessibility.mjs";
import { prefer } from "./world.mjs";

const FILE = new URL("../../fixtures/imports/orders.csv", import.meta.url).pathname;

export async function imports(world) {
  const { people, step } = world;
  if (!["clerk", "approver"].every((name) => people.has(name))) return;
  for (const language of ["en", "id"]) await step(`an import in ${language}`, () => walk(world, language));
}

async function press(page, selector) {
  await Promise.all([page.waitForNavigation(), page.click(selector)]);
}

/** Waits until the page, by itself, shows what comes after the work. */
async function shows(page, selector) {
  await page.waitForSelector(selector, { timeout: 60_000 });
}

/** axe in both themes, on a desk's screen and a phone. */
async function look(world, page, name) {
  for (const theme of ["light", "dark"]) {
    await prefer(page, "theme", theme);
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await run(world, page, `${name}-${theme}-${width}`);
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
}

async function walk(world, language) {
  const { base, check } = world;
  const clerk = await world.enter("clerk");
  const approver = await world.enter("approver");
  for (const page of [clerk, approver]) await prefer(page, "language", language);
  await clerk.goto(`${base}/imports`);
  await look(world, clerk, `imports-${language}`);
  await clerk.selectOption("#agency", "police");
  await clerk.selectOption("#format", "csv");
  await clerk.setInputFiles("#file", { name: "f.csv", mimeType: "text/csv", buffer: Buffer.from("x\n") });
  await press(clerk, 'form[action="/imports"] button.button--main');
  check("a file that cannot be used says why", (await clerk.locator(".notice.tone-red").count()) === 1);
  await clerk.selectOption("#agency", "police");
  await clerk.setInputFiles("#file", FILE);
  await press(clerk, 'form[action="/imports"] button.button--main');
  const address = new URL(clerk.url()).pathname;
  check("columns are guessed from Indonesian headings", (await clerk.inputValue("#column-full_name")) === "2" && (await clerk.inputValue("#column-birth_date")) === "4");
  await look(world, clerk, `import-setup-${language}`);
  await clerk.selectOption("#kind", "lost_document");
  await clerk.selectOption("#form", "request");
  await clerk.selectOption("#reason", "reported_lost");
  await clerk.fill("#reason-text", "Invented for the walk.");
  await clerk.fill("#to", new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10));
  await press(clerk, `form[action="${address}/setup"] button`);
  await shows(clerk, "#broken-title");
  check("every broken row is explained", (await clerk.locator('[aria-labelledby="broken-title"] tbody tr').count()) === 6);
  await look(world, clerk, `import-preview-${language}`);
  // The first language's orders were undone: the same file is new again.
  await clerk.focus(`form[action="${address}/application"] button`);
  await Promise.all([clerk.waitForNavigation(), clerk.keyboard.press("Enter")]);
  await shows(clerk, "#orders-title");
  check("who recorded them is not offered the approval", (await clerk.locator('button[value="approve"]').count()) === 0);

  await approver.goto(base + address);
  await look(world, approver, `import-decide-${language}`);
  await press(approver, 'button[value="approve"]');
  await shows(approver, "#undo-title");
  check("another person approves all of them", (await approver.locator(".tag.tone-green").count()) > 0);
  await approver.fill("#undo-note", "The walk is over.");
  await press(approver, 'button[value="undo"]');
  await approver.waitForFunction(() => !document.querySelector("progress") && !document.querySelector("#undo-title"));
  check("and undoes them", (await approver.locator("#orders-title").count()) === 1);
  await look(world, approver, `import-undone-${language}`);
  for (const page of [clerk, approver]) await page.context().close();
}
