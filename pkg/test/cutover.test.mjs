// The package in Node, through the real Wasm: check, plan, simulate.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";
import init, * as core from "cutover";

const read = (path) => readFile(new URL(path, import.meta.url), "utf8");
const [TOML, MACHINES] = await Promise.all([read("../../examples/shop/fly.toml"), read("../../examples/shop/machines.json")]);
const IMAGE = "registry.fly.io/shop:v2";
const REQUEST = { path: "fly.toml", text: TOML, machines: MACHINES, image: IMAGE };

before(() => init());

test("the types name exactly what the package exports", async () => {
  const types = await read("../cutover.d.ts");
  const declared = [...types.matchAll(/^export (?:function|class) (\w+)/gm)].map((match) => match[1]);
  const internal = ["default", "initSync", "start"];
  assert.deepEqual(Object.keys(core).filter((name) => !internal.includes(name)).sort(), declared.sort());
});

test("a mistake is found at its place, in bytes, and its fix mends it", () => {
  const text = `# ü\nap = "shop"\n`;
  const { flyctl, diagnostics } = core.check(text, "fly.toml");
  const found = diagnostics.find((diagnostic) => diagnostic.rule === "unknown-key");
  assert.equal(flyctl, "accepts");
  assert.deepEqual(found.start, { offset: 5, line: 2, column: 1 });
  assert.equal(found.fix?.edits.length, 1);
  assert.match(core.fix(text, "fly.toml", true), /^app = "shop"$/m);
});

test("the example has no error, and fixing it twice changes nothing more", () => {
  const errors = core.check(TOML, "fly.toml").diagnostics.filter((found) => found.severity === "error");
  assert.deepEqual(errors, []);
  const once = core.fix(TOML, "fly.toml", false);
  assert.equal(core.fix(once, "fly.toml", false), once);
});

test("a file is held against its machines, when they are given", () => {
  const renamed = TOML.replaceAll("worker", "jobs");
  const found = (machines) => core.check(renamed, "fly.toml", machines).diagnostics.map((diagnostic) => diagnostic.rule);
  assert.ok(found(MACHINES).includes("removed-process-group"));
  assert.ok(!found(undefined).includes("removed-process-group"));
  assert.throws(() => core.check(TOML, "fly.toml", "?"));
});

test("a plan is the same bytes each time, and can be shown", () => {
  const { plan, json } = core.plan(REQUEST);
  assert.equal(core.plan(REQUEST).json, json);
  assert.deepEqual(JSON.parse(json), plan);
  assert.equal(plan.image, IMAGE);
  assert.ok(plan.steps.some((step) => step.op === "create"));
  assert.match(core.renderPlan(json, "text"), /shop/);
  assert.equal(JSON.parse(core.renderPlan(json, "json")).digest, plan.digest);
  assert.match(core.renderPlan(json, "markdown"), /^```mermaid$/m);
});

test("policy is heard, and what is wrong with it is said", () => {
  const { plan } = core.plan({ ...REQUEST, policy: { settle_ms: 1 } });
  assert.equal(plan.policy.settle_ms, 1);
  assert.throws(() => core.plan({ ...REQUEST, policy: { setle_ms: 1 } }), /setle_ms/);
});

test("what cannot be planned is refused with reasons, or named as unreadable", () => {
  const { refused } = core.plan({ ...REQUEST, machines: "[]" });
  assert.ok(refused.length > 0 && refused.every((refusal) => refusal.code && refusal.message));
  assert.ok(core.plan({ ...REQUEST, machines: "not JSON" }).error);
  assert.throws(() => new core.Simulation("{}", MACHINES));
});

test("a simulated deploy replaces every blue", () => {
  const planned = core.plan(REQUEST);
  const { moments, outcome } = run(planned);
  assert.equal(outcome.kind, "completed");
  const ids = new Set(alive(moments.at(-1)));
  for (const machine of planned.plan.machines) {
    assert.equal(ids.has(machine.id), machine.disposition !== "replace", machine.id);
  }
});

test("a green that never gets healthy is taken back, and the fleet is as before", () => {
  const planned = core.plan(REQUEST);
  const { slot } = planned.plan.steps.find((step) => step.op === "create");
  const fault = `machine@${slot}=never-healthy`;
  const { moments, outcome } = run(planned, [fault]);
  assert.equal(outcome.kind, "restored");
  assert.deepEqual(alive(moments.at(-1)), planned.plan.machines.map((machine) => machine.id).sort());
});

test("an abort before traffic moves takes everything back", () => {
  const planned = core.plan(REQUEST);
  const { moments, outcome } = run(planned, [], 20);
  assert.equal(outcome.kind, "restored");
  assert.deepEqual(alive(moments.at(-1)), planned.plan.machines.map((machine) => machine.id).sort());
});

test("a fault that nobody knows is named", () => {
  const { json } = core.plan(REQUEST);
  assert.throws(() => new core.Simulation(json, MACHINES, { faults: ["create=magic"] }), /magic/);
});

test("the same seed gives the same run", () => {
  const planned = core.plan(REQUEST);
  assert.deepEqual(run(planned).moments, run(planned).moments);
});

test("process groups are written out, and Machine configs made", () => {
  assert.match(core.normalize(`app = "shop"\n`, "fly.toml"), /\[processes\]/);
  assert.throws(() => core.normalize("app: shop\n", "fly.yaml"));
  assert.ok(core.machineConfig(TOML, "fly.toml", undefined, IMAGE).app);
  assert.ok(core.machineConfig("app: shop\nprocesses: {web: serve}\n", "fly.yaml", undefined, IMAGE).web);
  assert.throws(() => core.machineConfig(TOML, "fly.toml", "no-such-group", IMAGE));
});

function run(planned, faults = [], abortAfter = Infinity) {
  const simulation = new core.Simulation(planned.json, MACHINES, { seed: 7, faults });
  const moments = [];
  for (let moment = simulation.next(); moment; moment = simulation.next()) {
    moments.push(moment);
    if (moments.length === abortAfter) simulation.abort();
  }
  return { moments, outcome: simulation.outcome() };
}

function alive(moment) {
  return moment.machines.filter((machine) => machine.state !== "destroyed").map((machine) => machine.id).sort();
}
