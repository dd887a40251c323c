// One simulated deploy from beginning to end, in virtual time, reduced to what the page shows of
// each moment. Knows nothing of elements or of wall time.

/** A run that takes more moments than this is cut: something is wrong with it. */
const MAX_MOMENTS = 20_000;

/** `simulation` has `next()`, `abort()` and `outcome()`; with `abortAt`, it is aborted after that frame. */
export function record(simulation, abortAt = null) {
  const frames = [];
  for (let moment = simulation.next(); moment && frames.length < MAX_MOMENTS; moment = simulation.next()) {
    if (frames.length === abortAt) simulation.abort();
    frames.push({
      t_ms: moment.t_ms,
      events: moment.events,
      machines: new Map(moment.machines.map((machine) => [machine.id, seen(machine)])),
    });
  }
  return { frames, outcome: simulation.outcome(), at: (at) => situation(frames, at) };
}

/**
 * How things stand at the frame `at`: its time, its machines by id, which machine each slot became,
 * and the state of each step that has one.
 */
function situation(frames, at) {
  const slots = new Map();
  const steps = new Map();
  for (const { events } of frames.slice(0, at + 1)) {
    for (const event of events) {
      if (event.event === "state" && event.slot) slots.set(event.slot, event.id);
      if (event.event === "step") steps.set(event.step, event.state);
    }
  }
  return { t_ms: frames[at].t_ms, machines: frames[at].machines, slots, steps };
}

function seen(machine) {
  // The API makes these entries up for old clients.
  const checks = (machine.checks ?? []).filter((check) => !check.name.startsWith("bg_deployments_compat"));
  return {
    state: machine.state,
    cordoned: machine.cordoned,
    serving: machine.serving,
    passing: checks.filter((check) => check.status === "passing").length,
    checks: checks.length,
    routed: (machine.config?.services ?? []).length > 0,
  };
}
