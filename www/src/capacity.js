// How many machines serve, step by step: a line for each group and region.

import { h } from "./dom.js";

const [WIDTH, HEIGHT] = [220, 34];

export function capacityChart(plan) {
  const lines = linesOf(plan);
  if (lines.length === 0) return null;
  const top = Math.max(...lines.flatMap((line) => line.points.map((point) => point.serving)), 1);
  return h("section.capacity",
    h("h3", "Machines that serve"),
    h("ul", lines.map((line) => h("li",
      h("span.cell", line.group, h("span.aside", line.region)),
      chart(line, plan.steps.length, top),
      h("span.figures", figures(line))))));
}

/** `{ group, region, points: [{ at, serving }] }`, `at` counted in steps. */
function linesOf(plan) {
  const order = new Map(plan.steps.map((step, at) => [step.id, at + 1]));
  const lines = new Map();
  for (const { after, group, region, serving } of plan.capacity) {
    const key = `${group} ${region}`;
    if (!lines.has(key)) lines.set(key, { group, region, points: [] });
    lines.get(key).points.push({ at: order.get(after) ?? 0, serving });
  }
  return [...lines.values()];
}

function figures({ points }) {
  const serving = points.map((point) => point.serving);
  const first = points[0].at === 0 ? serving[0] : 0;
  return `${first} now, at most ${Math.max(...serving)}, never below ${Math.min(first, ...serving)}`;
}

/** Decoration beside the figures: hidden from assistive technology. */
function chart({ points }, steps, top) {
  const x = (at) => (at / Math.max(steps, 1)) * WIDTH;
  const y = (serving) => HEIGHT - 2 - (serving / top) * (HEIGHT - 6);
  let path = `M0 ${y(points[0].at === 0 ? points[0].serving : 0)}`;
  for (const point of points) path += `H${x(point.at).toFixed(1)}V${y(point.serving).toFixed(1)}`;
  path += `H${WIDTH}`;
  const svg = svgElement("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  svg.append(
    svgElement("path", { class: "area", d: `${path}V${HEIGHT}H0Z` }),
    svgElement("path", { class: "line", d: path }));
  return svg;
}

function svgElement(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
