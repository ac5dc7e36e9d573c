// Signing in: wrong password, the page one wanted to see, signing out; what needs a session stays shut.
export async function signing(world) {
  const { base, check, step, people } = world;
  const context = await world.context();
  const page = await context.newPage();
  await step("a wrong password is refused in words", async () => {
    await page.goto(`${base}/attempts`);
    check("without a session one is asked to sign in", new URL(page.url()).pathname === "/sign-in");
    await page.fill("#username", "rina");
    await page.fill("#password", "not the right one at all");
    await page.press("#password", "Enter");
    await page.waitForSelector("#notice");
    check("a wrong password is refused in words", (await page.locator("#notice").innerText()).length > 20);
    check("the password is not sent back", (await page.inputValue("#password")) === "");
  });
  await step("sign in, come back, sign out", async () => {
    await page.fill("#username", "rina");
    await page.fill("#password", people.get("rina").password);
    await page.press("#password", "Enter");
    await page.waitForURL("**/attempts");
    check("after signing in one is where one wanted to be", true);
    const cookies = await context.cookies();
    const session = cookies.find((cookie) => cookie.name === "__Host-tapal");
    check("the session cookie is Secure, HttpOnly, SameSite=Strict", session?.secure && session.httpOnly && session.sameSite === "Strict");
    const reply = await page.goto(`${base}/audit`);
    check("a page of another role is refused with a page", reply.status() === 403 && (await page.locator("h1").count()) === 1);
    const lost = await page.goto(`${base}/no-such-page`);
    check("an unknown page is a page with a request number", lost.status() === 404 && /[0-9a-f]{32}/.test(await page.content()));
    await page.goto(`${base}/`);
    await page.evaluate(() => (document.querySelector(".head__who details.menu").open = true));
    await page.click('form[action="/sign-out"] button');
    await page.waitForURL("**/sign-in?out=1");
    await page.goto(`${base}/alerts`);
    check("after signing out the session is gone", new URL(page.url()).pathname === "/sign-in");
  });
  await context.close();
}
