// Walks the console in Chromium against a running centre: BASE_URL and TAPAL_SIGN_INS (a JSON file with
// `sign_ins: [{username, password, role}]`) come from who started it; TAPAL_SCREENSHOTS names a folder for pictures.
// Prints one line a check; exit 0 only when all passed.
import { mkdirSync } from "node:fs";
import { setUp } from "./world.mjs";
import { accessibility } from "./accessibility.mjs";
import { counts } from "./counts.mjs";
import { desk } from "./desk.mjs";
import { forms } from "./forms.mjs";
import { groups } from "./groups.mjs";
import { imports } from "./imports.mjs";
import { judging } from "./judging.mjs";
import { line } from "./line.mjs";
import { nameChecks } from "./name_checks.mjs";
import { orders } from "./orders.mjs";
import { policy } from "./policy.mjs";
import { returns } from "./returns.mjs";
import { rules } from "./rules.mjs";
import { signing } from "./signing.mjs";
import { standby } from "./standby.mjs";

const world = await setUp();
if (!world) process.exit(process.env.TAPAL_TEST_FULL === "1" ? 1 : 0);
if (world.screenshots) mkdirSync(world.screenshots, { recursive: true });
const parts = { signing, judging, line, desk, standby, forms, orders, imports, nameChecks, returns, rules, policy, accessibility, counts, groups };
// TAPAL_E2E_PARTS=judging,line runs only those, while working on them.
const wanted = process.env.TAPAL_E2E_PARTS?.split(",") ?? Object.keys(parts);
try {
  for (const name of wanted) await parts[name](world);
} finally {
  await world.browser.close();
}
const { passed, failed } = world.tally;
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
