// A plan for people: what it comes to, how many machines serve throughout, and its steps in the
// stages that they form. Or why there is none.

import { capacityChart } from "./capacity.js";
import { count, h, prose } from "./dom.js";
import { stagesOf } from "./stages.js";

/** `onDownload(json)` saves the plan as the command line writes it. */
export function makePlanPane({ output, status, download, onDownload, say }) {
  const opened = new Set();
  let stageItems = [];
  let json = null;
  download.addEventListener("click", () => onDownload(json));

  /** `result` is what the core's `plan` returned. */
  function show(result) {
    json = result.json ?? null;
    download.hidden = json === null;
    const [state, text, content] = outcomeOf(result);
    status.className = `status ${state}`;
    status.textContent = text;
    output.replaceChildren(...content.filter(Boolean));
    say(text);
  }

  function outcomeOf(result) {
    if (result.error !== undefined) return ["bad", "There is nothing to plan from.", [h("p.notice.error", prose(result.error))]];
    if (result.refused) return ["bad", `Refused: ${count(result.refused.length, "reason")}. Nothing would be touched.`, result.refused.map(refusal)];
    return ["good", headline(result.plan), planned(result.plan, result.summary)];
  }

  function planned(plan, summary) {
    return [
      summary.lede && h("p.lede", summary.lede),
      factsOf(summary),
      ...plan.warnings.map((warning) => h("p.notice.warning", h("strong", "Warning: "), prose(warning.message))),
      capacityChart(plan),
      machinesOf(plan),
      changesOf(summary),
      gatesOf(summary),
      stagesElement(plan),
      summary.way_back && h("p.way-back", h("strong", "The way back: "), prose(summary.way_back)),
    ];
  }

  function changesOf({ changes }) {
    if (changes.length === 0) return null;
    const line = ({ kind, path, value, note }) => h(`li.${kind}`,
      h("span.mark", { role: "img", "aria-label": kind }, MARKS[kind]),
      h("span", h("code", path), " ", value, note && h("span.aside", ` (${note})`)));
    const group = ({ group, lines, more }) => [
      h("h4", group), h("ul.changes", lines.map(line), more > 0 && h("li.aside", `and ${more} more`)),
    ];
    const lines = changes.reduce((sum, { lines, more }) => sum + lines.length + more, 0);
    return details("changes", [h("strong", "What changes from blue to green"), h("span.aside", count(lines, "difference"))], changes.map(group));
  }

  function gatesOf({ gates }) {
    if (gates.length === 0) return null;
    return details("gates", [h("strong", "What must pass before a green gets traffic"), h("span.aside", count(gates.length, "group"))],
      definitions(gates));
  }

  function machinesOf(plan) {
    const row = (machine) => h("tr",
      h("th", { scope: "row" }, h("code", machine.id)), h("td", machine.group), h("td", machine.region),
      h("td", h(`span.disposition.${machine.disposition}`, machine.disposition)), h("td.why", prose(machine.why)));
    const head = ["Machine", "Group", "Region", "Becomes", "Why"].map((name) => h("th", { scope: "col" }, name));
    return details("machines", [h("strong", "What becomes of each machine"), h("span.aside", count(plan.machines.length, "machine"))],
      h("div.scroll", h("table", h("thead", h("tr", head)), h("tbody", plan.machines.map(row)))));
  }

  function stagesElement(plan) {
    const items = stagesOf(plan).map((stage) => ({ stage, element: stageItem(stage) }));
    stageItems = items.filter(({ stage }) => stage.kind === "stage");
    return h("ol.stages", items.map(({ element }) => element));
  }

  function stageItem(stage) {
    if (stage.kind === "line") return h("li.no-return", h("span", "Point of no return: from here on only forward"));
    const title = [h("strong", stage.title), h("span.aside", stageAside(stage))];
    return h(`li.stage.${stage.tone}`, details(stage.key, title, h("ul.steps", stage.steps.map(stepItem))));
  }

  /** `steps`: step id -> its state in the deploy that is being played. */
  function showProgress(steps) {
    for (const { stage, element } of stageItems) {
      const state = progressOf(stage.steps.map((step) => steps.get(step.id)));
      element.dataset.progress = state;
      if (state === "running") element.setAttribute("aria-current", "step");
      else element.removeAttribute("aria-current");
    }
  }

  /** Remembers what is open, so that typing does not close it. */
  function details(key, summary, ...content) {
    const remember = (event) => (event.target.open ? opened.add(key) : opened.delete(key));
    return h("details", { open: opened.has(key), ontoggle: remember }, h("summary", summary), content);
  }

  return { show, showProgress };
}

function factsOf({ facts }) {
  return definitions(facts.filter(({ name }) => name !== "from"));
}

function definitions(rows) {
  return h("dl.facts", rows.map(({ name, text }) => [h("dt", name), h("dd", prose(text))]));
}

function headline(plan) {
  const made = plan.steps.filter((step) => step.op === "create").length;
  const gone = plan.steps.filter((step) => step.op === "destroy").length;
  if (plan.steps.length === 0) return "Nothing to do: the fleet already runs this.";
  return `${count(plan.steps.length, "step")}: ${count(made, "green")} in, ${count(gone, "blue")} out`;
}

function refusal(refused) {
  return h("section.refusal",
    h("h3", h("code", refused.code)),
    h("p", prose(refused.message)),
    refused.machines.length > 0 && h("p.aside", "Machines: ", refused.machines.flatMap((id) => [h("code", id), " "])),
    refused.fix.length > 0 && h("div", h("p", "What resolves it:"), refused.fix.map((command) => h("pre", h("code", command)))));
}

function stageAside(stage) {
  return stage.joins ? stage.steps[0].id : count(stage.steps.length, "machine");
}

/** Of a stage whose steps are in `states`. */
function progressOf(states) {
  if (states.includes("failed")) return "failed";
  if (states.includes("taken-back")) return "taken-back";
  if (states.every((state) => state === "done")) return "done";
  return states.every((state) => state === undefined) ? "none" : "running";
}

function stepItem(step) {
  const where = [step.group, step.region].filter(Boolean).join(", ");
  const subject = step.slot ?? step.machine;
  return h("li",
    h("code.step-id", step.id),
    h("span", subject && h(`span.who.${step.slot ? "green" : "blue"}`, subject), step.replaces && [" for ", h("code", step.replaces)], where && ` (${where})`),
    h("span.why", prose(step.why)),
    step.undo && h("span.undo", `taken back by: ${step.undo}`));
}

const MARKS = { added: "+", changed: "~", removed: "−" };
