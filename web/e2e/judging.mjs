// The heart: two people judge one alert blind, by keyboard only; then a disagreement goes to the supervisor.
import { prefer } from "./world.mjs";

/** Everything that would tell the list, in both languages. */
const SECRETS = [
  "Exit ban", "Entry ban", "Wanted", "red notice", "Red notice", "Cegah", "Tangkal", "DPO", "exit_ban", "entry_ban", "wanted", "red_notice",
];

export async function judging(world) {
  const { check, step, people } = world;
  const first = await world.enter("rina");
  const second = await world.enter("budi");
  const boss = people.has("sari") ? await world.enter("sari") : undefined;
  for (const page of [first, second, boss]) if (page) await prefer(page, "language", "en");
  await step("similar: two people say same", () => walk(world, first, second, boss, "same"));
  await step("disagreement: the supervisor settles it", () => walk(world, first, second, boss, "different"));
  await step("the viewer", () => viewer(world, first));
  check("people are in their own browser contexts", first.context() !== second.context());
  for (const page of [first, second, boss]) await page?.context().close();
}

async function walk(world, first, second, boss, answer) {
  const { base, check } = world;
  const id = await takeOne(world, first);
  const source = await first.content();
  const named = SECRETS.filter((word) => source.includes(word));
  check(`${answer}: no list category in the page of the first officer`, named.length === 0, named.join(", "));
  check(`${answer}: a measured meaning, no percentage and no score`, /1 in [\d,]+|by chance|measured/.test(source) && !/\d\s?%/.test(await first.locator("main").innerText()));
  await world.shot(first, `judge-${answer}-1`);
  await give(first, "1", "4", "word-of-the-first");
  check(`${answer}: the first opinion is taken`, await waitFor(first, "Your opinion is recorded"));

  const again = await post(first, `/alerts/${id}/opinions`, { opinion: "same", why: "ears" });
  check(`${answer}: the same person again is a 409 in the page`, again.status === 409 && again.text.includes("already gave an opinion"));

  await second.goto(`${base}/alerts/${id}`);
  const blind = await second.content();
  check(`${answer}: the first opinion is not in the second officer's page source`, !/word-of-the-first|eyes and brows<\/span>\s*<\/div>|class="opinion"/.test(blind.replace(/name="why"[^]*?<\/fieldset>/, "")));
  const told = SECRETS.filter((word) => blind.includes(word));
  check(`${answer}: no list category in the page of the second officer`, told.length === 0, told.join(", "));
  const json = await second.evaluate(async (path) => (await fetch(path)).text(), `/api/v1/alerts/${id}`);
  check(`${answer}: nor in what the API tells the second officer`, !/word-of-the-first|"opinion":"same"|full_name|order_reference|exit_ban|wanted|red_notice/.test(json), json.slice(0, 300));
  await world.shot(second, `judge-${answer}-2`);
  await give(second, answer === "same" ? "1" : "2", "6", "");
  if (answer === "same") {
    check("same: list, order and next steps are shown now", await waitFor(second, "second line") && (await second.locator(".person__name").count()) === 1);
    await world.shot(second, "judge-same-3");
    await first.goto(`${base}/alerts/${id}`);
    check("same: the first officer sees it too", (await first.locator(".person__name").count()) === 1);
    return;
  }
  check("different: a supervisor is asked", await waitFor(second, "The two opinions differ"));
  const before = await first.goto(`${base}/alerts/${id}`).then(() => first.content());
  check("different: no opinion is shown to the judges while it is open", !before.includes('class="opinion"'));
  if (!boss) return;
  await boss.goto(`${base}/alerts/${id}`);
  check("different: the supervisor sees both opinions", (await boss.locator(".opinion").count()) === 2);
  check("different: the supervisor must decide", (await boss.locator('[name=opinion][value=cannot_tell]').count()) === 0);
  await world.shot(boss, "judge-different-3");
  await give(boss, "2", "7", "other person");
  check("different: settled", await waitFor(boss, "Settled: different persons"));
  check("different: who was cleared is not named", (await boss.locator(".person__name").count()) === 0);
  await world.shot(boss, "judge-different-4");
}

/** Waits for an alert in the queue, takes it with Enter; by keyboard only. Its id. */
async function takeOne(world, page) {
  for (let tries = 0; tries < 5; tries += 1) {
    await page.goto(`${world.base}/alerts`);
    // An empty board becomes an alert by itself.
    await page.waitForURL(/\/alerts\/[0-9a-f-]{36}$/, { timeout: 60_000 });
    const id = page.url().split("/").pop();
    await page.waitForSelector("[data-compare] img");
    if ((await page.locator("[data-opinion]").count()) > 0) return id;
    await page.keyboard.press("Enter");
    const form = page.waitForSelector("[data-opinion]", { timeout: 5_000 }).catch(() => undefined);
    if (await form) {
      world.check("an alert is taken with Enter", true);
      return id;
    }
  }
  throw new Error("no alert could be taken");
}

/** Chooses, gives a reason and confirms, by keyboard only. */
async function give(page, choice, reason, words) {
  await page.waitForSelector("[data-opinion]");
  await page.keyboard.press(choice);
  await page.keyboard.press(reason);
  if (words) {
    await page.focus("#reason");
    await page.keyboard.type(words);
  }
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
}

async function waitFor(page, text) {
  return page.getByText(text, { exact: false }).first().waitFor({ timeout: 10_000 }).then(() => true, () => false);
}

async function post(page, path, fields) {
  return page.evaluate(
    async ([to, values]) => {
      const csrf = document.querySelector("[name=csrf]").value;
      const reply = await fetch(to, { method: "POST", body: new URLSearchParams({ ...values, csrf }) });
      return { status: reply.status, text: await reply.text() };
    },
    [path, fields],
  );
}

async function viewer(world, page) {
  const { check } = world;
  await takeOne(world, page);
  const zoom = () => page.evaluate(() => Number(getComputedStyle(document.querySelector("[data-compare]")).getPropertyValue("--zoom")));
  await page.keyboard.press("+");
  check("+ zooms both photographs", (await zoom()) > 1);
  const transforms = await page.$$eval(".pane__photo", (all) => all.map((el) => getComputedStyle(el).transform));
  check("zoom is linked", transforms.length === 2 && transforms[0] === transforms[1]);
  await page.keyboard.press("0");
  check("0 shows the whole photograph", (await zoom()) === 1);
  await page.keyboard.press("e");
  check("E looks at the eyes", (await zoom()) > 2);
  await world.shot(page, "viewer-eyes");
  for (const [key, mode] of [["o", "overlay"], ["b", "blink"], ["v", "side"]]) {
    await page.keyboard.press("0");
    await page.keyboard.press(key);
    check(`${key.toUpperCase()} compares by ${mode}`, (await page.getAttribute("[data-compare]", "data-mode")) === mode);
    await world.shot(page, `viewer-${mode}`);
  }
  const src = () => page.getAttribute(".pane--now img", "src");
  const before = await src();
  if ((await page.locator("[data-shot=now]").count()) > 1) {
    await page.keyboard.press("s");
    check("S shows the next shot", (await src()) !== before);
  }
  await page.keyboard.press("?");
  check("? shows the keys", await page.locator("#keys").evaluate((dialog) => dialog.open));
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  const choose = page.locator('[data-missing="choose"]');
  check("an opinion without a choice is not sent", await choose.waitFor({ timeout: 2_000 }).then(() => true, () => false), await page.locator("[data-opinion]").innerText());
  await page.keyboard.press("1");
  await page.keyboard.press("Enter");
  check("an opinion without a reason is not sent", await page.locator('[data-missing="why"]').isVisible());
}
