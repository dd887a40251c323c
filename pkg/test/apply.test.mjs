// A plan carried out by the package, over real sockets, against the simulator of the command.
// CUTOVER names the command; otherwise it is built.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { afterEach, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import init, * as core from "cutover";

const root = fileURLToPath(new URL("../..", import.meta.url));
const FLEET = "examples/shop/machines.json";
const [TOML, MACHINES] = await Promise.all(["examples/shop/fly.toml", FLEET].map((path) => readFile(`${root}/${path}`, "utf8")));
const TOKEN = "FlyV1 fm2_verysecret";
const BLUES = JSON.parse(MACHINES).map((machine) => machine.id).sort();

const servers = [];

before(() => init());
afterEach(() => servers.splice(0).forEach((server) => server.kill()));

test("every blue is replaced, and what happens is told in order", async () => {
  const baseUrl = await listen();
  const events = [];
  const outcome = await core.apply(planned(), { token: TOKEN, baseUrl, onEvent: (event) => events.push(event) });
  assert.equal(outcome.kind, "completed", outcome.message);
  assert.deepEqual(outcome.left, []);
  assert.ok((await machines(baseUrl)).every(({ id, image_ref }) => !BLUES.includes(id) && image_ref.tag === "v2"));
  assert.equal(events.at(-1).event, "done");
  assert.ok(events.every(({ t_ms }, at) => at === 0 || t_ms >= events[at - 1].t_ms));
  assert.ok(!JSON.stringify(events).includes("verysecret"));
});

test("a second run finds the plan stale, and touches nothing", async () => {
  const baseUrl = await listen();
  const plan = planned();
  assert.equal((await core.apply(plan, { token: TOKEN, baseUrl })).kind, "completed");
  const before = await machines(baseUrl);
  assert.equal((await core.apply(plan, { token: TOKEN, baseUrl })).kind, "stale");
  assert.deepEqual(await machines(baseUrl), before);
});

test("an AbortSignal takes back what was done", async () => {
  const baseUrl = await listen();
  const plan = planned();
  const checked = JSON.parse(plan).steps.find((step) => step.op === "wait-healthy").id;
  const aborting = new AbortController();
  const onEvent = ({ event, step, state }) => {
    if (event === "step" && step === checked && state === "done") aborting.abort();
  };
  const outcome = await core.apply(plan, { token: TOKEN, baseUrl, onEvent, signal: aborting.signal });
  assert.equal(outcome.kind, "restored", outcome.message);
  assert.deepEqual((await machines(baseUrl)).map((machine) => machine.id).sort(), BLUES);
});

test("a signal that is aborted already changes nothing", async () => {
  const asked = [];
  const fetch = async (url, { method }) => {
    asked.push(method);
    return new Response("[]");
  };
  const outcome = await core.apply(planned(), { token: TOKEN, fetch, signal: AbortSignal.abort() });
  assert.equal(outcome.kind, "restored");
  assert.ok(asked.every((method) => method === "GET"), asked.join());
});

test("lost answers change nothing in the end", async () => {
  const baseUrl = await listen();
  const lost = new Set();
  const lossy = async (url, request) => {
    const response = await fetch(url, request);
    const kind = `${request.method} ${new URL(url).pathname.replace(/machines\/\w+/, "machines/ID")}`;
    if (request.method === "GET" || kind.endsWith("/lease") || lost.has(kind)) return response;
    lost.add(kind);
    throw new TypeError("the answer was lost");
  };
  const outcome = await core.apply(planned(), { token: TOKEN, baseUrl, fetch: lossy });
  assert.equal(outcome.kind, "completed", outcome.message);
  assert.ok(lost.has("POST /v1/apps/shop/machines") && lost.has("DELETE /v1/apps/shop/machines/ID"), [...lost].join());
  assert.equal((await machines(baseUrl)).length, BLUES.length);
});

test("each host gets the token in its own scheme, and no redirect is followed", async () => {
  const baseUrl = await listen();
  const asked = [];
  const watched = (url, request) => {
    asked.push([new URL(url).pathname, new Headers(request.headers).get("authorization"), request.redirect]);
    return fetch(url, request);
  };
  await core.apply(planned(), { token: TOKEN, baseUrl, fetch: watched });
  for (const [path, authorization, redirect] of asked) {
    assert.equal(authorization, path.startsWith("/api/") ? "Bearer fm2_verysecret" : TOKEN, path);
    assert.equal(redirect, "manual");
  }
});

test("what is no plan, and an option that nobody knows, are refused", async () => {
  assert.throws(() => core.apply("{}", { token: TOKEN }));
  assert.throws(() => core.apply(planned(), { token: TOKEN, tokn: TOKEN }), /tokn/);
});

test("a listener that throws does not end the deploy", async (context) => {
  const error = context.mock.method(console, "error", () => {});
  const onEvent = () => {
    throw new Error("a mistake of the listener");
  };
  assert.equal((await core.apply(planned(), { token: TOKEN, baseUrl: await listen(), onEvent })).kind, "completed");
  assert.ok(error.mock.callCount() > 0);
});

function planned() {
  const request = { path: "fly.toml", text: TOML, machines: MACHINES, image: "registry.fly.io/shop:v2", policy: { settle_ms: 50 } };
  return core.plan(request).json;
}

/** A simulated Fly with the machines of the example; its address. */
async function listen() {
  const [command, ...leading] = process.env.CUTOVER ? [process.env.CUTOVER] : ["cargo", "run", "--quiet", "--"];
  const server = spawn(command, [...leading, "sim", "listen", "--port", "0", "--app", "shop", "--fleet", FLEET, "--speed", "2"], { cwd: root });
  servers.push(server);
  const [line] = await once(createInterface(server.stdout), "line");
  return line.match(/http:[^ ]*/)[0];
}

async function machines(baseUrl) {
  const all = await (await fetch(`${baseUrl}/v1/apps/shop/machines`)).json();
  return all.filter((machine) => machine.state !== "destroyed");
}
