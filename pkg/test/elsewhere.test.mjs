// The package where it is not Node that runs it: the same two deploys in each, against the simulator.
// DENO, WORKERD and CHROMIUM name the programs where they are not on the PATH; for one that is not
// there it is said that it was left out. Deno and workerd come from npm, too: their packages hold a
// program for each system, and not every registry has all of them, so that they are not installed here.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { MACHINES, TOML, listen, stop } from "./simulator.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const found = (name) =>
  process.env[name.toUpperCase()] || (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name)).find(existsSync);
const without = (name) => (found(name) ? false : `there is no ${name}`);
const run = promisify(execFile);
const CHROMIUM = found("chromium");
const LIMIT = { timeout: 60_000 };

after(stop);

test("Deno", { ...LIMIT, skip: without("deno") }, async () => {
  const baseUrl = await listen();
  await run(found("deno"), ["run", "--no-config", "--allow-net=127.0.0.1", "--allow-read", here("elsewhere/deno.mjs"), baseUrl]);
});

test("a Worker", { ...LIMIT, skip: without("workerd") }, async () => {
  const env = { ...process.env, BASE_URL: await listen() };
  await run(found("workerd"), ["test", here("elsewhere/worker.capnp")], { env });
});

test("a browser", { ...LIMIT, skip: without("chromium") }, async () => {
  const given = { text: TOML, machines: MACHINES, baseUrl: await listen() };
  const folder = await mkdtemp(`${tmpdir()}/cutover-`);
  const { url, told, server } = await serve(given);
  const browser = spawn(CHROMIUM, ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", `--user-data-dir=${folder}`, url]);
  try {
    assert.equal(await told, "done");
  } finally {
    browser.kill();
    server.close();
    server.closeAllConnections();
    await new Promise((resolve) => browser.once("close", resolve));
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
});

const PAGE = `<!doctype html><script type="module">
  const tell = (what) => fetch("/told", { method: "POST", body: what });
  try {
    const [core, { deploy }, given] = await Promise.all([import("/web.js"), import("/test/elsewhere/deploy.mjs"), fetch("/given")]);
    await core.default();
    await deploy(core, await given.json());
    await tell("done");
  } catch (error) {
    await tell(String(error.stack));
  }
</script>`;

/** The package and its page; `told`: what the page says in the end. */
async function serve(given) {
  let tell;
  const told = new Promise((resolve) => (tell = resolve));
  const server = createServer(async (request, response) => {
    const answer = (type, body) => response.writeHead(200, { "content-type": type }).end(body);
    if (request.url === "/") return answer("text/html", PAGE);
    if (request.url === "/given") return answer("application/json", JSON.stringify(given));
    if (request.url === "/told") {
      tell((await request.setEncoding("utf8").toArray()).join(""));
      return answer("text/plain", "");
    }
    const path = here(`..${new URL(request.url, "http://x").pathname}`);
    if (!existsSync(path)) return response.writeHead(404).end();
    answer(path.endsWith(".wasm") ? "application/wasm" : "text/javascript", await readFile(path));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, told, server };
}
