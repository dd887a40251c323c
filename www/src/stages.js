// The steps of a plan in the stages that people think in: neighbours that do the same to different
// machines. Knows nothing of how they are shown.

/**
 * In the plan's order: `{ kind: "stage", key, title, tone, joins, steps }`, and one
 * `{ kind: "line" }` before the first step that cannot be taken back.
 */
export function stagesOf(plan) {
  const stages = [];
  for (const segment of segmentsOf(plan)) {
    const byOp = new Map();
    for (const step of segment) byOp.set(step.op, [...(byOp.get(step.op) ?? []), step]);
    stages.push(...[...byOp].map(([op, steps]) => stageOf(op, steps)));
  }
  const last = stages.findIndex((stage) => stage.steps.some((step) => step.id === plan.point_of_no_return));
  if (last >= 0) stages.splice(last, 0, { kind: "line" });
  return stages;
}

/** Cut before and after each step that joins others, and before the point of no return. */
function segmentsOf(plan) {
  const segments = [[]];
  let joined = false;
  for (const step of plan.steps) {
    const joins = JOINING.has(step.op);
    if (joins || joined || step.id === plan.point_of_no_return) segments.push([]);
    segments.at(-1).push(step);
    joined = joins;
  }
  return segments.filter((segment) => segment.length > 0);
}

function stageOf(op, steps) {
  const [title, tone] = STAGES[op] ?? [op, "quiet"];
  return { kind: "stage", key: steps[0].id + op, title, tone, joins: JOINING.has(op), steps };
}

const JOINING = new Set(["gate", "settle", "verify"]);

const STAGES = {
  lease: ["Lease the blues", "quiet"],
  "release-command": ["Run the release command", "green"],
  create: ["Create greens, hidden from traffic", "green"],
  "wait-started": ["Wait until they are started", "green"],
  "wait-healthy": ["Wait until their checks pass", "green"],
  "machine-check": ["Run machine checks against the greens", "green"],
  gate: ["Go on when all of that is done", "quiet"],
  hold: ["End here, until somebody promotes the deploy", "quiet"],
  uncordon: ["Let traffic reach the greens", "green"],
  settle: ["Let the proxies hear of it", "quiet"],
  verify: ["Look at every green again", "green"],
  cordon: ["Keep new traffic from blues", "blue"],
  "verify-url": ["Ask what users get", "green"],
  bake: ["Leave the blues running for a while", "quiet"],
  drain: ["Let the blues finish what they do", "blue"],
  stop: ["Stop the blues", "blue"],
  "wait-stopped": ["Wait until they are stopped", "blue"],
  destroy: ["Destroy the blues", "blue"],
  release: ["Give the leases back", "quiet"],
};
