// Group labels of a site: one policy administrator proposes, another decides, a supervisor counts passers-by.
import { run } from "./accessibility.mjs";
import { prefer } from "./world.mjs";

export async function groups(world) {
  const { base, check, step, people } = world;
  if (!people.has("policy") || !people.has("policy2")) return;
  const first = await world.enter("policy");
  const second = await world.enter("policy2");
  await prefer(first, "language", "en");
  await prefer(second, "language", "en");
  let page = "";
  await step("labels are proposed with their legal ground", async () => {
    await first.goto(`${base}/sites`);
    const site = await first.locator("tbody a").first().getAttribute("href");
    page = `${base}${site}/groups`;
    await first.goto(page);
    await first.fill("#group-labels", "female\nmale");
    await first.locator("form[action$=proposals] button.button--main").click();
    check("without a legal ground nothing is sent", (await first.locator("#group-ground:invalid").count()) === 1);
    await first.fill("#group-ground", "Decree IMI-7/2026 (invented), article 3");
    await Promise.all([first.waitForNavigation(), first.locator("form[action$=proposals] button.button--main").click()]);
    check("the proposal waits", (await first.locator("#waiting-title").count()) === 1);
    check("the proposer is not offered to approve", (await first.locator("button[value=approve]").count()) === 0);
    await world.shot(first, "groups-waiting");
  });
  await step("another person approves", async () => {
    await second.goto(page);
    await second.fill("#decision-reason", "Checked with the data protection officer");
    await Promise.all([second.waitForNavigation(), second.locator("button[value=approve]").click()]);
    check("the labels are in force", (await second.locator("#force-title ~ dl").innerText()).includes("female"));
  });
  await step("the page can be read by everybody", async () => {
    for (const width of [1440, 390]) {
      for (const [language, theme] of [["id", "light"], ["en", "dark"]]) {
        await second.setViewportSize({ width, height: 900 });
        await prefer(second, "language", language);
        await prefer(second, "theme", theme);
        await second.goto(page);
        const name = `groups-${language}-${theme}-${width}`;
        await run(world, second, name);
        await second.goto(`${base}/false-alerts`);
        await run(world, second, `false-alerts-${name}`);
      }
    }
  });
  await first.context().close();
  await second.context().close();
}
