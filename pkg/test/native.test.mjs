// The package and the command give the same: the same findings, and the same plan to the byte.
// CUTOVER names the command; otherwise it is built.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import init, * as core from "cutover";

const root = fileURLToPath(new URL("../..", import.meta.url));
const [command, ...leading] = process.env.CUTOVER ? [process.env.CUTOVER] : ["cargo", "run", "--quiet", "--"];
const cutover = (...args) => promisify(execFile)(command, [...leading, ...args], { cwd: root });
const PATH = "examples/shop/fly.toml";
const MACHINES = "examples/shop/machines.json";
const IMAGE = "registry.fly.io/shop:v2";
const [text, machines] = await Promise.all([PATH, MACHINES].map((path) => readFile(`${root}/${path}`, "utf8")));

before(() => init());

test("check", async () => {
  const { stdout } = await cutover("check", "--format", "json", PATH);
  assert.deepEqual(JSON.parse(stdout).files, [core.check(text, PATH)]);
});

test("plan", async () => {
  const folder = await mkdtemp(`${tmpdir()}/cutover-`);
  try {
    await cutover("plan", PATH, "--machines", MACHINES, "--image", IMAGE, "-o", `${folder}/plan.json`);
    assert.equal(core.plan({ path: PATH, text, machines, image: IMAGE }).json, await readFile(`${folder}/plan.json`, "utf8"));
  } finally {
    await rm(folder, { recursive: true });
  }
});
