// The page as people use it: by mouse, by keyboard alone, in the dark, on a phone.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { contrasts } from "./contrast.mjs";
import { nothingWrong, startBrowser } from "./browser.mjs";

const MISTAKE = `swap_size_bm = 512\n`;
const MENDED = "swap_size_mb = 512";

let browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

describe("on a desk", () => {
  let page, wrong;
  beforeEach(async () => {
    ({ page, wrong } = await browser.open());
  });
  afterEach(async () => {
    nothingWrong(wrong);
    await page.close();
  });

  test("starts with the example, checked and planned", async () => {
    assert.match(await page.textContent("#verdict"), /flyctl accepts this file/);
    assert.match(await page.textContent("#plan-status"), /^\d+ steps: \d+ greens? in, \d+ blues? out$/);
    assert.ok((await page.locator(".card.blue").count()) > 0);
    assert.equal(await page.locator("#play-outcome").isVisible(), false);
  });

  test("the plan says what it comes to, what changes and what lets a green have traffic", async () => {
    assert.match(await page.textContent("#plan .facts"), /machines\d+ now, at most \d+ at once/);
    for (const [summary, expected] of [["What changes", /image.*→/], ["What must pass", /the check of its service on port/]]) {
      const part = page.locator("#plan details", { has: page.locator("summary", { hasText: summary }) });
      await part.locator("summary").click();
      assert.match(await part.innerText(), expected);
    }
    assert.match(await page.textContent("#plan .way-back"), /an abort/);
  });

  test("a mistake is found as it is typed, and its fix mends it", async () => {
    await typeMistake(page);
    const finding = page.locator(".finding", { hasText: "swap_size_bm" });
    await finding.waitFor();
    await page.locator(".cm-lintRange").first().waitFor();
    await finding.locator("button.fix").click();
    await finding.waitFor({ state: "detached" });
    assert.ok((await editorText(page)).startsWith(MENDED));
  });

  test("a finding leads to its place", async () => {
    await typeMistake(page);
    await page.locator(".finding", { hasText: "swap_size_bm" }).locator("button.place").click();
    assert.equal(await page.evaluate(() => getSelection().toString()), "swap_size_bm");
  });

  test("a file with text outside ASCII is marked and mended at the right place", async () => {
    await page.focus("#toml .cm-content");
    await page.keyboard.press("Control+Home");
    await page.keyboard.insertText(`# ä 🦀\n${MISTAKE}`);
    const finding = page.locator(".finding", { hasText: "swap_size_bm" });
    await finding.locator("button.fix").click();
    await finding.waitFor({ state: "detached" });
    assert.ok((await editorText(page)).startsWith(`# ä 🦀\n${MENDED}`));
  });

  test("what cannot be planned says why, and there is nothing to play", async () => {
    await page.click("#fleet summary");
    await replaceText(page, "#machines", "not a list");
    await page.waitForFunction(() => document.querySelector("#plan-status").classList.contains("bad"));
    assert.ok((await page.textContent("#plan")).length > 20);
    assert.equal(await page.locator("#play-stage").isVisible(), false);
    await replaceText(page, "#machines", "[]");
    await page.locator(".refusal").first().waitFor();
  });

  test("the plan can be kept as a file that apply takes", async () => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#download")]);
    assert.equal(download.suggestedFilename(), "plan.json");
    const plan = JSON.parse(await readFile(await download.path(), "utf8"));
    assert.equal(plan.version, 1);
    assert.match(plan.digest, /^sha256:/);
  });

  test("a deploy plays to its end: the blues are gone, the greens serve", async () => {
    await page.selectOption("#play-speed", "100");
    await page.click("#play-toggle");
    await page.locator("#play-outcome.good").waitFor({ timeout: 60_000 });
    const replaced = await page.locator(".card.green").count();
    assert.ok(replaced > 0);
    assert.equal(await page.locator(".card.green:not(.absent)").count(), replaced);
    assert.equal(await page.locator(".card.blue.absent").count(), replaced);
    assert.equal(await page.locator(".stage:not([data-progress=done])").count(), 0);
    assert.ok((await page.locator("#play-log li:visible").count()) > replaced);
  });

  test("a deploy that goes wrong before traffic moves is taken back", async () => {
    await page.selectOption("#play-fault", { label: "A green never gets healthy" });
    await page.focus("#play-scrubber");
    await page.keyboard.press("End");
    await page.locator("#play-outcome.restored").waitFor();
    assert.equal(await page.locator(".card.blue.absent").count(), 0);
    assert.equal(await page.locator(".card.green:not(.absent)").count(), 0);
  });

  test("an abort before traffic moves is taken back, and can be undone", async () => {
    await page.locator("#play-scrubber").fill("15");
    await page.click("#play-abort");
    assert.equal(await page.inputValue("#play-scrubber"), "15", "time stands where it was");
    await page.focus("#play-scrubber");
    await page.keyboard.press("End");
    await page.locator("#play-outcome.restored").waitFor();
    await page.click("#play-abort");
    await page.focus("#play-scrubber");
    await page.keyboard.press("End");
    await page.locator("#play-outcome.good").waitFor();
  });

  test("steps go forward and back", async () => {
    const time = () => page.inputValue("#play-scrubber");
    await page.click("#play-forward");
    await page.click("#play-forward");
    const there = await time();
    await page.click("#play-forward");
    await page.click("#play-back");
    assert.equal(await time(), there);
  });

  test("the keyboard alone does it all", async () => {
    await typeMistake(page);
    await page.locator(".finding", { hasText: "swap_size_bm" }).waitFor();
    await tabTo(page, (element) => element.matches(".finding button.fix") && element.textContent.includes("swap_size_mb"));
    await page.keyboard.press("Enter");
    await page.locator(".finding", { hasText: "swap_size_bm" }).waitFor({ state: "detached" });
    assert.ok(await page.evaluate(() => document.activeElement.closest("#toml") !== null), "focus is back in the editor");

    await tabTo(page, (element) => element.id === "image");
    await page.keyboard.press("Control+A");
    await page.keyboard.type("registry.fly.io/shop:v9");
    // The plan is made anew a moment after the last key, and playing begins anew with it.
    await page.getByText("registry.fly.io/shop:v9", { exact: true }).first().waitFor();
    await tabTo(page, (element) => element.matches(".stage summary"));
    await page.keyboard.press("Enter");
    await page.locator(".stage details[open] .steps").waitFor();
    await tabTo(page, (element) => element.id === "play-toggle");
    await page.keyboard.press("Space");
    await tabTo(page, (element) => element.id === "play-scrubber");
    await page.keyboard.press("End");
    await page.locator("#play-outcome.good").waitFor();
    await page.waitForFunction(() => document.querySelector("#announcer").textContent.includes("Completed"));
  });
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [400, 900, 1440]) {
    test(`legible and whole: ${colorScheme}, ${width} pixels wide`, async () => {
      const { page, wrong } = await browser.open({ colorScheme, viewport: { width, height: 900 } });
      await typeMistake(page);
      await page.locator(".finding").first().waitFor();
      const middle = Math.round(Number(await page.getAttribute("#play-scrubber", "max")) * 0.6);
      await page.locator("#play-scrubber").fill(String(middle));
      assert.deepEqual(await contrasts(page, 4.5), []);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(overflow, 0, "the page scrolls sideways");
      nothingWrong(wrong);
      await page.close();
    });
  }
}

async function typeMistake(page) {
  await page.focus("#toml .cm-content");
  await page.keyboard.press("Control+Home");
  await page.keyboard.type(MISTAKE);
}

async function replaceText(page, editor, text) {
  await page.focus(`${editor} .cm-content`);
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(text);
}

function editorText(page) {
  return page.$eval("#toml .cm-content", (content) => [...content.querySelectorAll(".cm-line")].map((line) => line.textContent).join("\n"));
}

/** Presses Tab until the focused element is `wanted`; every stop on the way must show its focus. */
async function tabTo(page, wanted) {
  for (let press = 0; press < 200; press += 1) {
    await page.keyboard.press("Tab");
    const there = await page.evaluate(`(${wanted})(document.activeElement)`);
    const visible = await page.evaluate(() => {
      const element = document.activeElement;
      const shown = (of) => getComputedStyle(of).outlineStyle !== "none";
      return element === document.body || shown(element) || (element.closest(".editor") !== null && shown(element.closest(".editor")));
    });
    assert.ok(visible, `focus cannot be seen on ${await page.evaluate(() => document.activeElement.outerHTML.slice(0, 120))}`);
    if (there) return;
  }
  assert.fail(`Tab never reaches ${wanted}`);
}
