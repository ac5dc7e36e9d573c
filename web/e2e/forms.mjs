// Forms of those who keep sites, lists and accounts: what is wrong is said at the form, in words.
import { prefer } from "./world.mjs";

export async function forms(world) {
  const { base, check, step, people } = world;
  if (people.has("policy")) {
    const page = await world.enter("policy");
    await prefer(page, "language", "en");
    await step("a site without a deployment record", async () => {
      await page.goto(`${base}/sites`);
      const name = `Test site ${Date.now() % 100000}`;
      await page.fill("#name", name);
      await Promise.all([page.waitForNavigation(), page.click('form[action="/sites"] button')]);
      check("a site is added", (await page.locator("h1").innerText()) === name);
      check("why the matcher refuses is said in words", (await page.locator("main").innerText()).includes("no deployment record"));
      const id = page.url().split("/").pop().split("?")[0];
      await page.locator("summary", { hasText: "Add camera" }).click();
      await page.fill("#camera-name", "Test");
      await page.fill("#camera-source", "concat:a|b");
      await Promise.all([page.waitForNavigation(), page.click(`form[action="/sites/${id}/cameras"] button`)]);
      check("a bad source is refused in words", (await page.locator("#notice").innerText()).includes("rtsp://"));
    });
    await page.context().close();
  }
  if (people.has("clerk")) {
    const page = await world.enter("clerk");
    await prefer(page, "language", "en");
    await step("a citizen cannot be given an entry ban", async () => {
      await page.goto(`${base}/orders/new`);
      await page.selectOption("#kind", "entry_ban");
      await page.fill("#reference", "R-TEST/2026");
      await page.fill("#full-name", "اسم للتجربة");
      await page.fill("#nationality", "IDN");
      const bytes = Buffer.from("not a photograph");
      await page.setInputFiles("#photograph", { name: "x.jpg", mimeType: "image/jpeg", buffer: bytes });
      await Promise.all([page.waitForNavigation(), page.click('form[action="/orders"] button.button--main')]);
      check("a citizen cannot be given an entry ban", (await page.locator("#notice").innerText()).includes("citizen"));
      check("what was typed is still there", (await page.inputValue("#reference")) === "R-TEST/2026");
      await page.selectOption("#kind", "wanted");
      await page.setInputFiles("#photograph", { name: "x.jpg", mimeType: "image/jpeg", buffer: bytes });
      await Promise.all([page.waitForNavigation(), page.click('form[action="/orders"] button.button--main')]);
      check("a file that is no photograph is refused with the reason", (await page.locator(".field__error").count()) > 0);
      await world.shot(page, "entry-photo-refused");
    });
    await page.context().close();
  }
  if (people.has("auditor")) {
    const page = await world.enter("auditor");
    await prefer(page, "language", "en");
    await step("the chain is verified", async () => {
      await page.goto(`${base}/audit`);
      await Promise.all([page.waitForNavigation(), page.click('form[action="/audit/verify"] button')]);
      check("the audit chain verifies", (await page.locator("#notice").innerText()).includes("whole"));
      check("no name is in the audit record", !/Prabasari|Siregar/.test(await page.locator("table").innerText()));
    });
    await page.context().close();
  }
}
