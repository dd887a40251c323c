// A text editor: CodeMirror with the page's colours. Knows findings only as places with messages.

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { HighlightStyle, StreamLanguage, bracketMatching, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { json } from "@codemirror/legacy-modes/mode/javascript";
import { toml } from "@codemirror/legacy-modes/mode/toml";
import { lintGutter, nextDiagnostic, previousDiagnostic, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import {
  EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** Names of tokens that the modes use and CodeMirror does not know. */
const TOKENS = { property: tags.propertyName };
const LANGUAGES = { toml: { ...toml, tokenTable: TOKENS }, json: { ...json, tokenTable: TOKENS } };

/**
 * `marks`: reserve a gutter for findings. Tab leaves the editor, so that nobody who uses the
 * keyboard is caught in it.
 */
export function makeEditor({ parent, label, text, language, marks = false, onChange }) {
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(), highlightActiveLineGutter(), highlightSpecialChars(), history(), drawSelection(),
        highlightActiveLine(), bracketMatching(), indentUnit.of("  "), EditorView.lineWrapping,
        StreamLanguage.define(LANGUAGES[language]), syntaxHighlighting(COLOURS), THEME,
        marks ? lintGutter() : [],
        keymap.of([
          { key: "F8", run: nextDiagnostic }, { key: "Shift-F8", run: previousDiagnostic }, ...defaultKeymap, ...historyKeymap,
        ]),
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", autocapitalize: "off" }),
        EditorView.updateListener.of((update) => update.docChanged && onChange()),
      ],
    }),
  });
  return {
    text: () => view.state.doc.toString(),
    replace: (changes) => view.dispatch({ changes }),
    setText: (next) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } }),
    /** `marks`: `{ from, to, severity, message, source, actions }`, in indices of the text. */
    mark: (found) => view.dispatch(setDiagnostics(view.state, found)),
    goTo(from, to) {
      view.dispatch({ selection: { anchor: from, head: to }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
      view.focus();
    },
    focus: () => view.focus(),
  };
}

const COLOURS = HighlightStyle.define([
  { tag: [tags.comment], color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [tags.string], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.atom, tags.null], color: "var(--code-value)" },
  { tag: [tags.propertyName, tags.definition(tags.variableName)], color: "var(--code-key)" },
  { tag: [tags.bracket, tags.heading, tags.keyword], color: "var(--code-table)" },
]);

const THEME = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--surface)", height: "100%", fontSize: "0.8125rem" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--ink)", padding: "0.5rem 0" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "var(--selection)",
  },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--muted)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--line-active)" },
  ".cm-tooltip": {
    backgroundColor: "var(--surface)", color: "var(--ink)", border: "1px solid var(--line)", borderRadius: "6px",
    boxShadow: "0 6px 20px rgb(0 0 0 / 0.18)", maxWidth: "min(36rem, 90vw)",
  },
  ".cm-diagnostic": { padding: "0.4rem 0.6rem", borderLeftWidth: "3px", font: "0.8125rem/1.45 var(--sans)" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--error)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warning)" },
  ".cm-diagnostic-info, .cm-diagnostic-hint": { borderLeftColor: "var(--hint)" },
  ".cm-diagnosticAction": { backgroundColor: "var(--button)", color: "var(--on-button)", padding: "0.15rem 0.5rem", margin: "0.35rem 0 0" },
  ".cm-lintRange": { backgroundImage: "none", textDecorationLine: "underline", textDecorationStyle: "wavy", textUnderlineOffset: "3px", textDecorationSkipInk: "none" },
  ".cm-lintRange-error": { textDecorationColor: "var(--error)" },
  ".cm-lintRange-warning": { textDecorationColor: "var(--warning)" },
  ".cm-lintRange-info, .cm-lintRange-hint": { textDecorationColor: "var(--hint)", textDecorationStyle: "dotted" },
  ".cm-lintRange-active": { backgroundColor: "var(--line-active)" },
});
