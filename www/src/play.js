// The simulated deploy: runs the plan in the core's simulator and plays back what happened there.

import { makeCards } from "./cards.js";
import { count, h, prose } from "./dom.js";
import { FAULTS } from "./faults.js";
import { clock, makeLog } from "./log.js";
import { makePlayer } from "./player.js";
import { record } from "./recording.js";

/**
 * `simulate(planned, faults)` gives a simulation of `planned` (what the core's `plan` returned); the
 * same arguments give the same run.
 * `parts` are the pane's elements by name; `onProgress(steps)` hears the state of each step.
 */
export function makePlayPane({ parts, simulate, onProgress, say }) {
  let planned = null;
  let shown = null;
  let aborted = false;
  const player = makePlayer({ onMove: (at) => shown?.show(at), onPlaying });

  parts.toggle.addEventListener("click", player.toggle);
  parts.forward.addEventListener("click", () => player.step(1));
  parts.back.addEventListener("click", () => player.step(-1));
  parts.scrubber.addEventListener("input", () => player.seek(Number(parts.scrubber.value)));
  parts.speed.addEventListener("change", () => player.setSpeed(Number(parts.speed.value)));
  parts.fault.addEventListener("change", () => planned && load());
  parts.abort.addEventListener("click", abortOrNot);
  parts.details.addEventListener("change", () => parts.log.classList.toggle("with-details", parts.details.checked));
  player.setSpeed(Number(parts.speed.value));
  parts.fault.replaceChildren(...FAULTS.map(({ name }, value) => h("option", { value }, name)));

  function onPlaying(is) {
    parts.toggle.textContent = is ? "Pause" : "Play";
    parts.toggle.classList.toggle("playing", is);
  }

  /** `result` is what the core's `plan` returned; without a plan there is nothing to play. */
  function show(result) {
    planned = result.plan && result.plan.steps.length > 0 ? result : null;
    parts.stage.hidden = planned === null;
    parts.empty.hidden = planned !== null;
    if (planned) load();
    else player.load([]);
  }

  /** The run from its beginning; with `abortAt`, somebody presses Ctrl-C at that frame. */
  function load(abortAt = null) {
    const recording = record(simulate(planned, FAULTS[parts.fault.value].of(planned.plan)), abortAt);
    shown = screen(planned.plan, recording);
    aborted = abortAt !== null;
    parts.abort.textContent = aborted ? "Undo the abort" : "Abort here";
    parts.scrubber.max = String(recording.frames.length - 1);
    player.load(recording.frames.map((frame) => frame.t_ms));
  }

  /** Goes on from where it stands, if it was playing. */
  function abortOrNot() {
    if (isOff(parts.abort)) return;
    const at = Number(parts.scrubber.value);
    const wasPlaying = player.isPlaying();
    load(aborted ? null : at);
    player.seek(at);
    if (wasPlaying) player.play();
  }

  function screen(plan, recording) {
    const { frames, outcome } = recording;
    const end = clock(frames.at(-1).t_ms);
    const cards = makeCards(plan);
    const log = makeLog(parts.log, frames, plan);
    parts.cards.replaceChildren(...cards.elements);
    return {
      show(at) {
        const now = recording.at(at);
        cards.show(now);
        parts.scrubber.value = String(at);
        parts.scrubber.setAttribute("aria-valuetext", `${clock(now.t_ms)} of ${end}`);
        parts.time.textContent = `${clock(now.t_ms)} / ${end}`;
        turnOff(parts.back, at === 0);
        turnOff(parts.forward, at === frames.length - 1);
        onProgress(now.steps);
        turnOff(parts.abort, !aborted && at === frames.length - 1);
        showOutcome(at === frames.length - 1 ? outcome : null);
        // Last: it scrolls to its end, and how much room it has depends on the rest.
        log.show(at);
      },
    };
  }

  function showOutcome(outcome) {
    parts.outcome.hidden = !outcome;
    if (!outcome) return;
    const [tone, title] = OUTCOMES[outcome.kind] ?? ["bad", outcome.kind];
    parts.outcome.className = `outcome ${tone}`;
    parts.outcome.replaceChildren(
      h("h3", title), h("p", prose(outcome.message)),
      outcome.left.length > 0
        ? h("div", h("p", `${count(outcome.left.length, "machine")} left for a person:`), h("ul", outcome.left.map(leftover)))
        : "");
    say(`${title}. ${outcome.message}`);
  }

  return { show };
}

/** A button that does nothing now, and yet keeps the focus. */
function turnOff(button, off) {
  button.setAttribute("aria-disabled", String(off));
}

function isOff(button) {
  return button.getAttribute("aria-disabled") === "true";
}

function leftover({ machine, why, command }) {
  return h("li", h("code", machine), " ", prose(why), h("pre", h("code", command)));
}

const OUTCOMES = {
  completed: ["good", "Completed: the greens have taken over"],
  restored: ["restored", "Restored: the deploy failed, and the fleet is as before"],
  "needs-attention": ["bad", "Needs attention"],
  stale: ["bad", "Stale: the fleet is not the one of the plan"],
  refused: ["bad", "Refused before anything was changed"],
  held: ["restored", "Held before traffic moves"],
};
