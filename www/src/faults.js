// What can be made to go wrong in the simulated deploy, in the words of `cutover sim --fault`.

/** `name` as people read it; `of(plan)` the faults, for a plan that creates or replaces something. */
export const FAULTS = [
  { name: "Nothing", of: () => [] },
  { name: "A green never gets healthy", of: (plan) => onGreen(plan, "never-healthy") },
  { name: "A green does not start", of: (plan) => onGreen(plan, "never-starts") },
  { name: "A green exits at once", of: (plan) => onGreen(plan, "exits-on-start") },
  { name: "A green dies half-way", of: (plan) => onGreen(plan, "dies:12000") },
  { name: "No host has room for a green", of: () => ["create#2=no-capacity"] },
  { name: "The answer to a create is lost", of: () => ["create#1=lost-after"] },
  { name: "Somebody else holds a lease", of: (plan) => onBlue(plan, "leased:600000") },
  { name: "A blue takes long to stop", of: (plan) => onBlue(plan, "stops-slowly:45000") },
  { name: "Fly answers slowly", of: () => ["*=slow:2000"] },
];

/** On a green that is started: a standby is only made. */
function onGreen(plan, behaviour) {
  const started = plan.steps.filter((step) => step.op === "wait-started");
  return started.slice(-1).map((step) => `machine@${step.slot}=${behaviour}`);
}

function onBlue(plan, behaviour) {
  const replaced = plan.machines.filter((machine) => machine.disposition === "replace");
  return replaced.slice(0, 1).map((machine) => `machine@${machine.id}=${behaviour}`);
}
