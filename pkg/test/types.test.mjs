// The types against real values: each value is written into a program as a literal of its type, and
// the compiler refuses both a field that is missing and one that the types do not know.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import init, * as core from "cutover";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const run = promisify(execFile);

before(() => init());

test("every value has the declared type", async () => {
  const folder = await mkdtemp(here("../dist/types-"));
  try {
    await writeFile(`${folder}/values.ts`, program(await values()));
    const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--skipLibCheck", "false"];
    await run(process.execPath, [here("../node_modules/typescript/bin/tsc"), ...options, `${folder}/values.ts`])
      .catch((error) => assert.fail(error.stdout || error.message));
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** `[type, value]` for all that the package gives. */
async function values() {
  const [text, machines] = await Promise.all(["fly.toml", "machines.json"].map((name) => readFile(here(`../../examples/shop/${name}`), "utf8")));
  const request = { path: "fly.toml", text, machines, image: "registry.fly.io/shop:v2" };
  const planned = core.plan(request);
  const moments = [[], ["create#2=no-capacity"]].flatMap((faults) => simulated(planned, machines, faults));
  return [
    ["PlanRequest", request],
    ["Planned", planned],
    ["Planned", core.plan({ ...request, settings: SETTINGS })],
    ["Refused", core.plan({ ...request, machines: "[]" })],
    ["Unreadable", core.plan({ ...request, machines: "?" })],
    ["CheckedFile", core.check(`ap = "shop"\n[[http_service.checks]]\n`, "fly.toml")],
    ["CheckedFile", core.check(`ap = "shop" # cutover: ignore[unknown-key] of old\n`, "fly.toml")],
    ...moments,
  ];
}

const SETTINGS = `[policy]
drain = "until-idle"
idle-command = "true"
floor = "50%"
surge = 2
verify-url = "https://shop.example"
`;

function simulated(planned, machines, faults) {
  const simulation = new core.Simulation(planned.json, machines, { faults });
  const events = [];
  let machine;
  for (let moment = simulation.next(); moment; moment = simulation.next()) {
    events.push(...moment.events.map((event) => ["RunEvent", event]));
    [machine] = moment.machines;
  }
  return [...events, ["Machine", machine], ["Outcome", simulation.outcome()]];
}

function program(values) {
  const types = [...new Set(values.map(([type]) => type))];
  const lines = values.map(([type, value], at) => `export const value${at}: ${type} = ${JSON.stringify(value)};`);
  return [`import type { ${types.join(", ")} } from "cutover";`, ...lines].join("\n");
}
