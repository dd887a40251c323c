// What must hold wherever the package runs: nothing here knows where that is.

/** A deploy that is taken back, then one that is not. Throws what does not hold. */
export async function deploy({ apply, check, plan }, { text, machines, baseUrl }) {
  const blues = ids(JSON.parse(machines));
  expect("errors", check(text, "fly.toml").diagnostics.filter(({ severity }) => severity === "error"), []);
  const { json } = plan({ path: "fly.toml", text, machines, image: "registry.fly.io/shop:v2", policy: { settle_ms: 50 } });
  const options = { token: "FlyV1 fm2_verysecret", baseUrl };

  const aborting = new AbortController();
  const onEvent = ({ event, step, state }) => event === "step" && state === "done" && step && aborting.abort();
  expect("aborted", (await apply(json, { ...options, onEvent, signal: aborting.signal })).kind, "restored");
  expect("machines", ids(await live(baseUrl)), blues);

  expect("applied", await apply(json, options), { kind: "completed", message: "Every step was done.", left: [] });
  const greens = await live(baseUrl);
  expect("blues left", ids(greens).filter((id) => blues.includes(id)), []);
  expect("tags", [...new Set(greens.map(({ image_ref }) => image_ref.tag))], ["v2"]);
}

async function live(baseUrl) {
  const all = await (await fetch(`${baseUrl}/v1/apps/shop/machines`)).json();
  return all.filter(({ state }) => state !== "destroyed");
}

function ids(machines) {
  return machines.map(({ id }) => id).sort();
}

function expect(what, found, wanted) {
  const [a, b] = [found, wanted].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`${what}: ${a}, not ${b}`);
}
