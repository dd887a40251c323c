// What happened in a run, line by line, as far as it has been played.

import { h } from "./dom.js";

/** Lines for every event of `frames`; `show(at)` uncovers those up to the frame `at`. */
export function makeLog(list, frames, plan) {
  const steps = new Map(plan.steps.map((step) => [step.id, step]));
  const lines = frames.flatMap((frame, at) => frame.events.map((event) => ({ at, element: lineOf(event, frame.t_ms, steps) })))
    .filter((line) => line.element);
  list.replaceChildren(...lines.map((line) => line.element));
  return {
    show(at) {
      for (const line of lines) line.element.hidden = line.at > at;
      list.scrollTop = list.scrollHeight;
    },
  };
}

export function clock(t_ms) {
  const seconds = Math.floor(t_ms / 1000);
  const tenths = Math.floor((t_ms % 1000) / 100);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}.${tenths}`;
}

function lineOf(event, t_ms, steps) {
  const say = LINES[event.event];
  const [kind, text] = say ? say(event, steps) : ["other", JSON.stringify(event)];
  return text && h(`li.${kind}`, h("time", clock(t_ms)), h("span", text));
}

/** By event: the kind of line, and its text. Details are shown when asked for. */
const LINES = {
  phase: ({ phase }) => ["phase", PHASES[phase] ?? phase],
  step: ({ step, state, message, by_earlier_run }, steps) => [state === "running" ? "detail" : state, `${stepText(steps.get(step), step)}: ${STATES[state] ?? state}${by_earlier_run ? " before this run" : ""}${message ? ` — ${message}` : ""}`],
  call: ({ step, call }) => ["detail", `${step}: → ${call}`],
  reply: ({ step, reply }) => ["detail", `${step}: ← ${reply}`],
  state: (event) => ["machine", machineText(event)],
  wait: ({ step, until_ms }) => ["detail", `${step}: nothing to do before ${clock(until_ms)}`],
  warning: ({ message }) => ["failed", message],
  done: ({ outcome, message }) => ["outcome-line", `${outcome}: ${message}`],
};

const PHASES = {
  check: "Comparing the fleet with the plan",
  forward: "Going forward",
  back: "Going back: taking back what was done",
  finish: "Past the point of no return: finishing",
};

const STATES = { running: "begins", done: "done", failed: "failed", "taken-back": "taken back" };

function stepText(step, id) {
  if (!step) return id;
  return [id, step.op, step.slot ?? step.machine].filter(Boolean).join(" ");
}

function machineText({ id, slot, state, checks_passing, checks_total }) {
  const checks = checks_total > 0 ? `, ${checks_passing}/${checks_total} checks passing` : "";
  return `${slot ?? id} is ${state}${checks}`;
}
