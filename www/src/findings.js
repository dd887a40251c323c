// The findings of fly.toml: underlined in the editor, and as a list that leads there and mends.

import { count, h, prose } from "./dom.js";
import { toIndex } from "./offsets.js";

const MARKS = { error: "✕", warning: "!", hint: "i" };

/** `onFixAll` mends what is safe to mend in one go. */
export function makeFindings({ editor, list, verdict, fixAll, onFixAll, say }) {
  fixAll.addEventListener("click", () => {
    onFixAll();
    editor.focus();
  });

  /** `file` is what the core found in `text`. */
  function show(file, text) {
    const index = toIndex(text);
    editor.mark(file.diagnostics.map((found) => mark(found, index)));
    list.replaceChildren(...file.diagnostics.map((found) => item(found, index)));
    verdict.replaceChildren(...summary(file));
    const safe = file.diagnostics.filter((found) => found.fix?.safety === "safe").length;
    fixAll.hidden = safe === 0;
    fixAll.textContent = `Apply ${count(safe, "safe fix", "safe fixes")}`;
    say(verdict.textContent);
  }

  function mark(found, index) {
    const apply = () => applyFix(found.fix, index);
    return {
      from: index(found.start.offset),
      to: index(found.end.offset),
      severity: found.severity,
      message: found.help ? `${found.message}\n${found.help}` : found.message,
      source: found.rule,
      actions: found.fix ? [{ name: sentence(found.fix.title), apply }] : [],
    };
  }

  function item(found, index) {
    const place = `${found.start.line}:${found.start.column}`;
    const goThere = () => editor.goTo(index(found.start.offset), index(found.end.offset));
    return h(`li.finding.${found.severity}`,
      h("button.place", { type: "button", onclick: goThere, "aria-label": `Line ${found.start.line}, ${found.severity}: ${found.message}` },
        h("span.badge", { "aria-hidden": "true" }, MARKS[found.severity]),
        h("span.where", place),
        h("span.message", prose(found.message))),
      h("div.more",
        found.help && h("p.help", prose(found.help)),
        labels(found, index),
        h("p.meta", h("code", found.rule), FLYCTL[found.flyctl] && h("span", FLYCTL[found.flyctl])),
        found.fix && fixButton(found, index)));
  }

  function labels(found, index) {
    const all = found.labels ?? [];
    return all.length > 0 && h("ul.labels", all.map((label) =>
      h("li", h("button.link", { type: "button", onclick: () => editor.goTo(index(label.start.offset), index(label.end.offset)) },
        `line ${label.start.line}`), " ", prose(label.message))));
  }

  function fixButton(found, index) {
    const safe = found.fix.safety === "safe";
    const onclick = () => {
      applyFix(found.fix, index);
      editor.focus();
    };
    return h("button.fix", { type: "button", onclick }, prose(sentence(found.fix.title)), !safe && h("span.caution", " (changes behaviour: look at it)"));
  }

  function applyFix(fix, index) {
    editor.replace(fix.edits.map((edit) => ({ from: index(edit.start), to: index(edit.end), insert: edit.text })));
  }

  return { show };
}

const FLYCTL = {
  rejects: "flyctl rejects the file",
  "fails-deploy": "flyctl accepts the file, the deploy fails",
  warns: "flyctl warns",
};

function summary(file) {
  const parts = ["error", "warning", "hint"]
    .map((severity) => [severity, file.diagnostics.filter((found) => found.severity === severity).length])
    .filter(([, number]) => number > 0)
    .map(([severity, number]) => h(`span.tally.${severity}`, count(number, severity)));
  const findings = parts.length > 0 ? parts : [h("span.tally.fine", "No findings")];
  return [...findings.flatMap((part) => [part, " "]), h("span.verdict", `flyctl ${file.flyctl} this file`)];
}

function sentence(title) {
  return title.charAt(0).toUpperCase() + title.slice(1);
}
