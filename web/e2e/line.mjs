// The line to the centre: a new alert arrives by itself, focus stays, a cut line is told honestly and heals.
import { prefer } from "./world.mjs";

export async function line(world) {
  const { base, check, step } = world;
  const page = await world.enter("budi");
  await prefer(page, "language", "en");
  await step("live updates", async () => {
    await page.goto(`${base}/alerts`);
    await page.waitForSelector('[data-link="ok"]:not([hidden])');
    check("the line is said to be up", true);
    const seen = await page.evaluate(() => [...document.querySelectorAll("[data-queue] [data-key]")].map((el) => el.dataset.key));
    await page.evaluate(() => {
      const button = document.querySelector("[data-open-keys]");
      button.focus();
    });
    const came = await page
      .waitForFunction((old) => [...document.querySelectorAll("[data-queue] [data-key]")].some((el) => !old.includes(el.dataset.key)), seen, { timeout: 60_000 })
      .then(() => true, () => false);
    check("a new alert appears without a reload", came);
    check("focus stays where it was", await page.evaluate(() => document.activeElement?.matches("[data-open-keys]")));
    check("it is read out", await page.evaluate(() => (document.getElementById("say").textContent + document.getElementById("say-now").textContent).length > 0));
    check("the title counts", /^\(\d+\)/.test(await page.title()));
  });
  await step("a cut line", async () => {
    await page.context().setOffline(true);
    await page.waitForSelector("#offline:not([hidden])", { timeout: 20_000 });
    const text = await page.locator("#offline").innerText();
    check("a cut line says since when", /since \d\d:\d\d:\d\d/.test(text), text);
    await world.shot(page, "offline");
    await page.context().setOffline(false);
    await page.waitForSelector('[data-link="ok"]:not([hidden])', { timeout: 20_000 });
    check("it heals by itself", await page.locator("#offline").isHidden());
  });
  await page.context().close();
}
