// False alerts beside their prediction, and entries that the enrolment audit holds back.
import { prefer } from "./world.mjs";

export async function counts(world) {
  const { base, check, step, people } = world;
  if (people.has("auditor")) {
    const page = await world.enter("auditor");
    await prefer(page, "language", "en");
    await step("false alerts are counted and predicted", async () => {
      await page.goto(`${base}/false-alerts`);
      check("the page says what it does not", (await page.locator("main").innerText()).includes("What this says, and what it does not"));
      const charts = await page.locator("main svg.chart").count();
      const tables = await page.locator("main table").count();
      check("a table stands beside every chart", charts === tables, `${charts} ${tables}`);
      check("searches are counted", charts > 0, "nobody was searched yet");
      const bare = await page.locator("main [style], main style").count();
      check("charts are drawn with classes only", bare === 0);
      const file = await page.evaluate(async () => {
        const reply = await fetch(document.querySelector("main a[download]").getAttribute("href"));
        return { kind: reply.headers.get("content-type"), text: await reply.text() };
      });
      check("the file holds a row a camera and day", file.kind.startsWith("text/csv") && file.text.split("\r\n").length >= 2);
      await page.goto(`${base}/false-alerts?from=2027-01-02&to=2027-01-01`);
      check("a wrong range is said in words", (await page.locator("#notice").innerText()).includes("first day"));
    });
    await page.context().close();
  }
  if (people.has("approver")) {
    const page = await world.enter("approver");
    await prefer(page, "language", "en");
    await step("a held entry is decided by an approver", async () => {
      await page.goto(`${base}/entries`);
      const held = page.locator("tbody tr", { hasText: "held back" });
      if ((await held.count()) === 0) return check("no entry is held back here", true);
      check("the list says that entries wait", (await page.locator("#notice").innerText()).includes("wait for a decision"));
      await held.first().locator("a").click();
      await page.waitForSelector("#decision-reason");
      const text = await page.locator("main").innerText();
      check("the finding is explained in numbers", /Expected were [\d.,]+/.test(text));
      // What was expected is a count and may be a fraction; nothing else with a point may stand here.
      const rest = text.replace(/Expected were [\d.,]+/g, "");
      check("no score and no percentage", !/\b0\.\d/.test(rest) && !/\d\s?%/.test(rest));
      await world.shot(page, "entry-held");
      await page.locator("button[value=accept]").click();
      check("a decision without a reason is not sent", await page.locator("#decision-reason:invalid").count() === 1);
      await page.fill("#decision-reason", "Checked beside the order");
      await Promise.all([page.waitForNavigation(), page.locator("button[value=accept]").click()]);
      check("the decision is recorded", (await page.locator("#notice").innerText()).includes("Decision recorded"));
      check("the entry is in force now", !(await page.locator("main").innerText()).includes("held back"));
      await world.shot(page, "entry-decided");
    });
    await page.context().close();
  }
}
