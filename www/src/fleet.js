// The machine list: what was pasted, in one line, and the editor to paste it in.

import { count, h } from "./dom.js";

/** Shows what `text` holds; opens the editor when it holds no machine list. */
export function makeFleet({ panel, summary }) {
  return {
    show(text) {
      const machines = readMachines(text);
      summary.replaceChildren(...(machines ? describe(machines) : [h("span.tally.error", "not a machine list")]));
      if (!machines) panel.open = true;
    },
  };
}

/** Only to count them; the core reads the list itself and says what is wrong with it. */
function readMachines(text) {
  try {
    const value = JSON.parse(text);
    const machines = Array.isArray(value) ? value : value?.machines;
    return Array.isArray(machines) ? machines : null;
  } catch {
    return null;
  }
}

function describe(machines) {
  const distinct = (read) => new Set(machines.map(read).filter(Boolean)).size;
  const groups = distinct((machine) => machine.config?.metadata?.fly_process_group);
  const regions = distinct((machine) => machine.region);
  return [[count(machines.length, "machine"), count(groups, "group"), count(regions, "region")].join(" · ")];
}
