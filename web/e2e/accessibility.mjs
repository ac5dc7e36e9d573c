// axe on every page, in both languages and themes, on a desk's screen and a phone; and nothing scrolls sideways.
import AxeBuilder from "@axe-core/playwright";
import { prefer } from "./world.mjs";

const PAGES = {
  budi: ["/", "/desk", "/alerts", "/alerts/recent", "/attempts", "/false-alerts", "/cameras", "/cameras/*", "/sites", "/sites/*", "/name-checks", "/holders", "/in-process", "/second-line", "/second-line/*", "/passenger-lists", "/passenger-lists/*", "/password", "/no-such-page"],
  clerk: ["/entries", "/orders", "/orders/new", "/imports", "/rule-packs", "/rule-packs/*"],
  liaison: ["/", "/orders", "/orders/new", "/imports"],
  approver: ["/entries", "/entries/*", "/orders", "/orders/*"],
  policy: ["/", "/false-alerts", "/sites", "/sites/*", "/rule-packs/*"],
  admin: ["/accounts", "/edges", "/standbys"],
  auditor: ["/audit", "/alerts/recent", "/statistics", "/statistics/reports", "/crossings", "/crossings/*", "/standbys"],
};
const SIZES = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];
export const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export async function accessibility(world) {
  const { check, step, people } = world;
  await step("axe on the sign-in page", () => outside(world));
  for (const [username, paths] of Object.entries(PAGES)) {
    if (!people.has(username)) continue;
    const page = await world.enter(username);
    const real = await resolve(world, page, paths);
    for (const language of ["id", "en"]) {
      await prefer(page, "language", language);
      for (const theme of ["light", "dark"]) {
        await prefer(page, "theme", theme);
        for (const size of SIZES) {
          await page.setViewportSize(size);
          for (const [name, path] of real) {
            await step(`axe ${username} ${name}`, () => look(world, page, username, name, path, language, theme, size));
          }
        }
      }
    }
    await page.context().close();
  }
  check("axe ran", true);
}

/** `/cameras/*` becomes the first camera's page. */
async function resolve(world, page, paths) {
  const real = [];
  for (const path of paths) {
    if (!path.endsWith("/*")) {
      real.push([path, path]);
      continue;
    }
    const list = path.slice(0, -2);
    await page.goto(world.base + list);
    const href = await page.evaluate((start) => [...document.querySelectorAll("main a")].map((a) => a.getAttribute("href")).find((to) => to.startsWith(start) && !to.endsWith("/new")), `${list}/`);
    if (href) real.push([path, href]);
  }
  return real;
}

async function look(world, page, username, name, path, language, theme, size) {
  await page.goto(world.base + path);
  await page.waitForLoadState("load");
  await run(world, page, `${username}${name.replaceAll("/", "-").replace("*", "one")}-${language}-${theme}-${size.width}`);
}

async function outside(world) {
  const context = await world.context();
  const page = await context.newPage();
  await page.goto(`${world.base}/sign-in`);
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await run(world, page, `sign-in-${size.width}`);
  }
  await context.close();
}

/** One page as it is: axe, no scrolling sideways, a picture. */
export async function run(world, page, name) {
  const found = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  const text = found.violations.map((v) => `${v.id} (${v.nodes.length}: ${v.nodes[0]?.target.join(" ")})`).join("; ");
  world.check(`axe ${name}`, found.violations.length === 0, text);
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (over > 0) world.check(`${name} does not scroll sideways`, false, `${over} px`);
  await world.shot(page, name, { fullPage: page.viewportSize().width < 600 });
}
