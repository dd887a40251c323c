// The page: every pane and what flows between them. fly.toml -> findings; fly.toml, machines and
// image -> plan -> simulated deploy. All of it happens here; the page has no server.

import init, * as core from "cutover";
import exampleToml from "../../examples/shop/fly.toml";
import exampleMachines from "../../examples/shop/machines.json";
import { byId, debounced } from "./dom.js";
import { makeEditor } from "./editor.js";
import { makeFindings } from "./findings.js";
import { makeFleet } from "./fleet.js";
import { makePlanPane } from "./plan.js";
import { makePlayPane } from "./play.js";
import { makeAnnouncer } from "./announcer.js";

const PATH = "fly.toml";
const EXAMPLE_IMAGE = "registry.fly.io/shop:v2";

function start() {
  const say = makeAnnouncer(byId("announcer"));
  const image = byId("image");
  image.value = EXAMPLE_IMAGE;

  const toml = makeEditor({
    parent: byId("toml"), label: "fly.toml", text: exampleToml, language: "toml", marks: true,
    onChange: () => { lint(); replan(); },
  });
  const machines = makeEditor({
    parent: byId("machines"), label: "Machines, as JSON", text: exampleMachines, language: "json", onChange: () => { lint(); replan(); },
  });

  const findings = makeFindings({
    editor: toml, list: byId("findings"), verdict: byId("verdict"), fixAll: byId("fix-all"), say: say.about("findings"),
    onFixAll: () => toml.setText(withMachines((fleet) => core.fix(toml.text(), PATH, false, fleet))),
  });
  const fleet = makeFleet({ panel: byId("fleet"), summary: byId("fleet-summary") });
  const planPane = makePlanPane({
    output: byId("plan"), status: byId("plan-status"), download: byId("download"), say: say.about("plan"),
    onDownload: (json) => save("plan.json", json),
  });
  const playPane = makePlayPane({ parts: playParts(), simulate, onProgress: planPane.showProgress, say: say.about("deploy") });

  function check() {
    const text = toml.text();
    findings.show(withMachines((fleet) => core.check(text, PATH, fleet)), text);
  }

  /** `work` with the machine list, or without when it cannot be read: the plan says what is wrong with it. */
  function withMachines(work) {
    try {
      return work(machines.text());
    } catch {
      return work(undefined);
    }
  }

  function plan() {
    fleet.show(machines.text());
    const result = core.plan({ path: PATH, text: toml.text(), machines: machines.text(), image: image.value.trim() || undefined });
    planPane.show(result);
    playPane.show(result);
  }

  function simulate(planned, faults) {
    return new core.Simulation(planned.json, machines.text(), { seed: 1, faults });
  }

  const lint = debounced(30, check);
  const replan = debounced(250, plan);
  image.addEventListener("input", replan);
  check();
  plan();
  document.documentElement.dataset.ready = "true";
}

function playParts() {
  const names = ["toggle", "forward", "back", "abort", "scrubber", "speed", "fault", "details", "log", "cards", "time", "outcome", "stage", "empty"];
  return Object.fromEntries(names.map((name) => [name, byId(`play-${name}`)]));
}

function save(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** What cannot go on is said where people look, not only in the console. */
function fail(error) {
  const notice = byId("failure");
  notice.hidden = false;
  notice.textContent = `This page could not start: ${error.message ?? error}. It needs a browser with WebAssembly and JavaScript modules.`;
}

init().then(start).catch(fail);
