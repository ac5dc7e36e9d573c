// The false-alert budget: one administrator proposes and is refused their own approval, another approves, both see
// it; a budget out of reach says what could be kept; an officer sees one line. By keyboard where a keyboard is used.
import AxeBuilder from "@axe-core/playwright";
import { prefer } from "./world.mjs";

const SITE = "Pelabuhan Batam Centre";
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export async function policy(world) {
  const { base, check, step, people } = world;
  if (!people.has("policy") || !people.has("policy2")) return;
  const first = await world.enter("policy");
  const second = await world.enter("policy2");
  for (const page of [first, second]) await prefer(page, "language", "en");
  const address = await find(first, base);

  await step("a budget is tried, by keyboard and without pressing the button", async () => {
    await first.goto(address);
    await settle(first);
    await first.fill("#what-x", "1");
    await first.fill("#what-y", "0");
    await first.press("#what-y", "Enter");
    await first.waitForSelector("[data-preview] .field__error");
    check("a budget that means nothing is refused at the form", (await first.locator("[data-preview]").innerText()).includes("A budget is"));
    await first.goto(address);
    await first.fill("#what-x", "2");
    await first.fill("#what-y", "1500");
    await first.waitForFunction(() => document.querySelector("[data-preview]")?.textContent?.includes("At most 2 false alerts a day with 1,500"));
    check("the answer comes while typing", (await first.locator("#propose").count()) === 1);
    await first.fill("#what-x", "0.00001");
    await first.waitForFunction(() => document.querySelector("[data-preview]")?.textContent?.includes("cannot keep"));
    const text = await first.locator("[data-preview]").innerText();
    check("a budget out of reach says the smallest that can be kept", text.includes("The smallest budget it can keep"));
    check("and whether another model could", /model that could|No other installed model/.test(text));
    check("it cannot be proposed", (await first.locator("#propose").count()) === 0);
    await world.shot(first, "policy-unreachable");
  });

  await step("proposed by one, refused to the same person, approved by another", async () => {
    await first.goto(`${address}?false_alerts_per_day=2&passers_by_per_day=1500&shift_hours=8`);
    await first.fill("#propose-reason", "Fewer false alerts at night");
    await Promise.all([first.waitForNavigation(), first.locator("#propose button").press("Enter")]);
    check("a proposal waits", (await first.locator("#notice").innerText()).includes("Another policy administrator decides"));
    check("the proposer is not offered to approve", (await first.locator("button[value=approve]").count()) === 0);
    // Offered or not, the centre refuses it.
    await first.evaluate(() => (document.querySelector("button[value=withdraw]").value = "approve"));
    await first.fill("#decision-reason", "mine");
    await Promise.all([first.waitForNavigation(), first.click("button[value=approve]")]);
    check("the proposer's own approval is refused in words", (await first.locator("#notice").innerText()).includes("another policy administrator must"));
    await second.goto(address);
    check("the other one sees who, why and what changes", (await second.locator("#waiting-title + p").count()) === 1 && (await second.locator("main").innerText()).includes("Fewer false alerts at night"));
    await world.shot(second, "policy-waiting", { fullPage: true });
    await second.fill("#decision-reason", "Agreed");
    await Promise.all([second.waitForNavigation(), second.click("button[value=approve]")]);
    check("it is approved", (await second.locator("#notice").innerText()).includes("Approved"));
    await first.goto(address);
    const force = await first.locator("[data-live=policy-force]").innerText();
    check("both see the new budget in force", force.includes("At most 2 false alerts a day with 1,500 passers-by"));
    check("and what a shift may expect", /Expected false alerts per shift\s+[\d.]+ \([\d.~]+ to [\d.]+\)/.test(force), force);
    check("the refusal is in the history", (await first.locator(".policy-history").innerText()).includes("refused: same person"));
  });

  await step("the page in both languages, themes and sizes", async () => {
    for (const language of ["id", "en"]) {
      await prefer(first, "language", language);
      for (const theme of ["light", "dark"]) {
        await prefer(first, "theme", theme);
        for (const size of [{ width: 1440, height: 900 }, { width: 390, height: 844 }]) {
          await first.setViewportSize(size);
          await first.goto(`${address}?false_alerts_per_day=1&passers_by_per_day=3000&shift_hours=8`);
          await look(world, first, `policy-${language}-${theme}-${size.width}`);
        }
      }
    }
    await first.setViewportSize({ width: 1440, height: 900 });
  });

  const officer = ["yosef", "rina"].find((name) => people.has(name));
  if (officer) {
    const page = await world.enter(officer);
    await step("who judges sees one line and no score", async () => {
      await prefer(page, "language", "en");
      await page.goto(address);
      if (await page.locator("#shift-title").count()) {
        check("an officer sees what a shift may expect", (await page.locator("main").innerText()).includes("Expected false alerts per shift"));
        check("and no curve", (await page.locator(".policy-chart").count()) === 0);
        await look(world, page, "policy-officer");
      }
    });
    await page.context().close();
  }
  await first.context().close();
  await second.context().close();
}

/** Takes back or decides what an earlier walk left, so that the site takes a new proposal. */
async function settle(page) {
  if ((await page.locator("button[value=withdraw]").count()) === 0) return;
  await page.fill("#decision-reason", "left by an earlier walk");
  await Promise.all([page.waitForNavigation(), page.click("button[value=withdraw]")]);
}

async function find(page, base) {
  await page.goto(`${base}/sites`);
  const href = await page.locator("main a", { hasText: SITE }).first().getAttribute("href");
  return `${base}${href}/policy`;
}

async function look(world, page, name) {
  const found = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  const text = found.violations.map((v) => `${v.id} (${v.nodes.length}: ${v.nodes[0]?.target.join(" ")})`).join("; ");
  world.check(`axe ${name}`, found.violations.length === 0, text);
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  world.check(`${name} does not scroll sideways`, over <= 0, `${over} px`);
  await world.shot(page, name, { fullPage: true });
}
