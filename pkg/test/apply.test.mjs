// A plan carried out by the package, over real sockets, against the simulator of the command.

import assert from "node:assert/strict";
import { afterEach, before, test } from "node:test";
import init, * as core from "cutover";
import { MACHINES, TOML, listen, machines, stop } from "./simulator.mjs";

const TOKEN = "FlyV1 fm2_verysecret";
const BLUES = JSON.parse(MACHINES).map((machine) => machine.id).sort();

before(() => init());
afterEach(stop);

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

test("what is held open is let go when the deploy has ended", async () => {
  const baseUrl = await listen();
  const held = new Set();
  const aborting = new AbortController();
  const watched = async (url, request) => {
    if (!url.includes("/wait?")) return fetch(url, request);
    held.add(url);
    aborting.abort();
    // As long as the machine takes for ever, and the server holds it open.
    return new Promise((_, reject) => {
      request.signal.addEventListener("abort", () => {
        held.delete(url);
        reject(request.signal.reason);
      });
    });
  };
  const outcome = await core.apply(planned(), { token: TOKEN, baseUrl, fetch: watched, signal: aborting.signal });
  assert.equal(outcome.kind, "restored", outcome.message);
  assert.deepEqual([...held], []);
});

test("a token that cannot be sent is refused, and not repeated", () => {
  for (const token of ["FlyV1 fm2_very\nsecret", "fm2_verysecret\u20ac"]) {
    assert.throws(() => core.apply(planned(), { token }), ({ message }) => /token/.test(message) && !message.includes("secret"));
  }
});

test("no answer, whatever it says, puts the token into an event or the outcome", async () => {
  const echo = async (url, { headers }) => new Response(JSON.stringify({ error: `odd: ${new Headers(headers).get("authorization")}` }), { status: 400 });
  const events = [];
  const outcome = await core.apply(planned(), { token: TOKEN, fetch: echo, onEvent: (event) => events.push(event) });
  assert.equal(outcome.kind, "refused");
  assert.ok(!JSON.stringify([outcome, events]).includes("verysecret"), JSON.stringify([outcome, events]));
});

test("what kept an answer away is told, without the token", async () => {
  const fetch = async () => {
    throw new TypeError("fetch failed", { cause: new Error(`getaddrinfo ENOTFOUND with ${TOKEN}`) });
  };
  const { kind, message } = await core.apply(planned(), { token: TOKEN, fetch });
  assert.equal(kind, "refused");
  assert.match(message, /no answer: fetch failed: getaddrinfo ENOTFOUND with FlyV1 \*\*\*, 5 times/);
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
