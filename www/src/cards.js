// The machines of a running deploy: each blue beside the green that takes its place, by process
// group, with who serves. Colour is never alone: every card says what it is.

import { count, h } from "./dom.js";

/** Elements for `plan`, and `show(now)` to bring them to a moment of the recording. */
export function makeCards(plan) {
  const groups = groupsOf(plan).map(([name, berths]) => groupOf(name, berths));
  return {
    elements: groups.map((group) => group.element),
    show: (now) => groups.forEach((group) => group.show(now)),
  };
}

/** A berth holds a blue, a green, or a blue and the green that replaces it. */
function groupsOf(plan) {
  const created = plan.steps.filter((step) => step.op === "create");
  const replaced = new Map(created.filter((step) => step.replaces).map((step) => [step.replaces, step.slot]));
  const berths = [
    ...plan.machines.map((machine) => ({
      group: machine.group, region: machine.region, blue: machine.id, fate: machine.disposition, green: replaced.get(machine.id),
    })),
    ...created.filter((step) => !step.replaces).map((step) => ({ group: step.group, region: step.region, green: step.slot })),
  ];
  const groups = new Map();
  for (const berth of berths) groups.set(berth.group, [...(groups.get(berth.group) ?? []), berth]);
  return [...groups].sort(([a], [b]) => a.localeCompare(b));
}

function groupOf(name, berths) {
  const bar = trafficBar();
  const rows = berths.map(berthOf);
  const element = h("section.group",
    h("h3", name || "(no group)"), bar.element,
    h("ul.berths", rows.map((row) => row.element)));
  function show(now) {
    const serving = { blue: 0, green: 0 };
    for (const row of rows) for (const colour of row.show(now)) serving[colour] += 1;
    bar.show(serving, rows.length);
  }
  return { element, show };
}

function trafficBar() {
  const blue = h("span.share.blue");
  const green = h("span.share.green");
  const text = h("span.figures");
  const element = h("div.traffic", h("div.bar", { "aria-hidden": "true" }, blue, green), text);
  function show(serving, berths) {
    const total = Math.max(serving.blue + serving.green, berths, 1);
    blue.style.flexBasis = `${(serving.blue / total) * 100}%`;
    green.style.flexBasis = `${(serving.green / total) * 100}%`;
    text.textContent = `serving: ${count(serving.blue, "blue", "blue")}, ${count(serving.green, "green", "green")}`;
  }
  return { element, show };
}

function berthOf({ region, blue, green, fate }) {
  const cards = [blue && cardOf("blue", blue, () => blue, fate), green && cardOf("green", green, (now) => now.slots.get(green))].filter(Boolean);
  const element = h("li.berth", h("span.region", region), cards.map((card) => card.element));
  /** The colours of those that serve. */
  const show = (now) => cards.filter((card) => card.show(now)).map((card) => card.colour);
  return { element, show };
}

/** `idIn(now)`: the id of the machine by then, if it has one. */
function cardOf(colour, name, idIn, fate) {
  const role = colour === "green" ? "GREEN" : (ROLES[fate] ?? "BLUE");
  const state = h("span.state");
  const checks = h("span.checks");
  const traffic = h("span.route");
  const element = h(`article.card.${colour}`, h("header", h("span.role", role), h("code", name)), h("p", state, checks, traffic));
  function show(now) {
    const machine = now.machines.get(idIn(now));
    const isThere = machine !== undefined && machine.state !== "destroyed";
    const wasThere = colour === "blue" || now.slots.has(name);
    element.classList.toggle("absent", !isThere);
    element.classList.toggle("serving", isThere && machine.serving);
    state.textContent = isThere ? machine.state : wasThere ? "destroyed" : "not made yet";
    state.dataset.state = isThere ? machine.state : "absent";
    checks.textContent = isThere && machine.checks > 0 ? `${machine.passing}/${machine.checks} passing` : "";
    checks.dataset.passing = String(isThere && machine.passing === machine.checks);
    traffic.textContent = isThere ? (machine.cordoned ? "cordoned" : machine.routed ? "routed" : "") : "";
    return isThere && machine.serving;
  }
  return { element, colour, show };
}

const ROLES = { keep: "KEPT", ignore: "NOT TOUCHED", leftover: "LEFTOVER", sweep: "SWEPT", unreachable: "UNREACHABLE" };
