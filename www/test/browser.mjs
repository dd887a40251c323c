// The built page in a real browser, and what must never happen on it.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { serve } from "../serve.mjs";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const ARGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

/** `open(options)` gives a page that has started; `close()` ends browser and server. */
export async function startBrowser() {
  // First: a server that nobody closes would keep the tests from ending.
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ARGS });
  const server = await serve(DIST);

  async function open(options = {}) {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, ...options });
    const wrong = watch(page, server.url);
    await page.goto(server.url);
    await page.waitForSelector("html[data-ready]");
    return { page, wrong };
  }

  async function close() {
    await browser.close();
    server.close();
  }

  return { open, close, url: server.url };
}

/** Collects messages in the console, errors, and requests that leave the origin or fail. */
function watch(page, origin) {
  const wrong = [];
  page.on("console", (message) => wrong.push(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
  page.on("requestfailed", (request) => wrong.push(`failed: ${request.url()}`));
  page.on("response", (response) => response.status() >= 400 && wrong.push(`${response.status()}: ${response.url()}`));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith("blob:") && !url.startsWith("data:")) wrong.push(`left the page: ${url}`);
  });
  return wrong;
}

export function nothingWrong(wrong) {
  assert.deepEqual(wrong, []);
}
