//! The language server over standard input and output, as an editor talks to it.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test writes files and may panic"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// Two characters of four bytes each stand before the fault, on its line.
const TEXT: &str = "app = \"shop\"\nbuild = { args = { CRAB = \"🦀🦀\" }, dokerfile = \"D\" }\n";
const MENDED: &str = "app = \"shop\"\nbuild = { args = { CRAB = \"🦀🦀\" }, dockerfile = \"D\" }\n";
const URI: &str = "file:///home/me/my%20shop/fly.toml";

struct Editor {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    last_id: i32,
}

impl Editor {
    /// Starts the server and shakes hands.
    fn new(capabilities: Value) -> (Self, Value) {
        let mut editor = Self::start();
        let params = json!({"processId": null, "rootUri": null, "capabilities": capabilities});
        let answer = editor.ask("initialize", params);
        editor.tell("initialized", json!({}));
        (editor, answer["result"].clone())
    }

    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_cutover"))
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (process.stdin.take(), BufReader::new(process.stdout.take().unwrap()));
        Self { process, input, output, last_id: 0 }
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        self.send(json!({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}));
        let answer = self.receive();
        assert_eq!(answer["id"], self.last_id, "{answer}");
        answer
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    fn send(&mut self, message: Value) {
        let body = message.to_string();
        let input = self.input.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        input.flush().unwrap();
    }

    fn receive(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the server went away");
            match line.trim().split_once(": ") {
                Some(("Content-Length", number)) => length = number.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    /// What `textDocument/publishDiagnostics` says next.
    fn published(&mut self) -> Value {
        let message = self.receive();
        assert_eq!(message["method"], "textDocument/publishDiagnostics", "{message}");
        message["params"].clone()
    }

    fn open(&mut self, text: &str) -> Value {
        let document = json!({"uri": URI, "languageId": "toml", "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({"textDocument": document}));
        self.published()
    }

    fn change(&mut self, version: i32, changes: Value) -> Value {
        let document = json!({"uri": URI, "version": version});
        self.tell("textDocument/didChange", json!({"textDocument": document, "contentChanges": changes}));
        self.published()
    }

    fn actions(&mut self, range: &Value) -> Value {
        let params = json!({"textDocument": {"uri": URI}, "range": range, "context": {"diagnostics": []}});
        self.ask("textDocument/codeAction", params)["result"].clone()
    }

    fn at_place(&mut self, method: &str, line: usize, character: usize) -> Value {
        let position = json!({"line": line, "character": character});
        self.ask(method, json!({"textDocument": {"uri": URI}, "position": position}))["result"].clone()
    }

    fn exit(mut self) -> i32 {
        self.tell("exit", Value::Null);
        drop(self.input.take());
        self.process.wait().unwrap().code().unwrap()
    }
}

/// `text` after `edits`, applied as an editor does that counts in `units`.
fn apply(text: &str, edits: &Value, units: fn(char) -> usize) -> String {
    let offset = |position: &Value| {
        let (line, character) = (position["line"].as_u64().unwrap(), position["character"].as_u64().unwrap());
        let start: usize = text.split_inclusive('\n').take(line as usize).map(str::len).sum();
        let mut left = character as usize;
        let mut at = start;
        for c in text[start..].chars() {
            if left == 0 {
                break;
            }
            left -= units(c);
            at += c.len_utf8();
        }
        at
    };
    let mut out = text.to_owned();
    for edit in edits.as_array().unwrap().iter().rev() {
        let range = offset(&edit["range"]["start"])..offset(&edit["range"]["end"]);
        out.replace_range(range, edit["newText"].as_str().unwrap());
    }
    out
}

fn unknown_key(published: &Value) -> &Value {
    let found = published["diagnostics"].as_array().unwrap();
    found.iter().find(|one| one["code"] == "unknown-key").unwrap_or_else(|| panic!("no unknown key in {published}"))
}

fn check(encodings: Value, agreed: &str, units: fn(char) -> usize) {
    let versioned = json!({"workspaceEdit": {"documentChanges": true}});
    let (mut editor, hello) = Editor::new(json!({"general": encodings, "workspace": versioned}));
    assert_eq!(hello["capabilities"]["positionEncoding"], agreed);
    assert_eq!(hello["capabilities"]["textDocumentSync"]["change"], 2, "incremental");

    let opened = editor.open(TEXT);
    assert_eq!((&opened["uri"], &opened["version"]), (&json!(URI), &json!(1)));
    let fault = unknown_key(&opened).clone();
    let before: usize = TEXT.lines().nth(1).unwrap().split("dokerfile").next().unwrap().chars().map(units).sum();
    assert_eq!(
        fault["range"],
        json!({"start": {"line": 1, "character": before}, "end": {"line": 1, "character": before + 9}})
    );
    assert_eq!((&fault["severity"], &fault["source"]), (&json!(2), &json!("cutover")));
    // An address must be absolute: there is one only where the package names its repository.
    let address = cutover::render::rule_page("unknown-key");
    assert_eq!(fault["codeDescription"]["href"].as_str(), address.as_deref());

    let actions = editor.actions(&fault["range"]);
    let action = &actions[0];
    assert_eq!((&action["kind"], &action["title"]), (&json!("quickfix"), &json!("rename to `dockerfile`")));
    // A rename changes what Fly does: no editor may apply it unseen.
    assert_eq!(action["isPreferred"], false);
    let edit = &action["edit"]["documentChanges"][0];
    assert_eq!(edit["textDocument"], json!({"uri": URI, "version": 1}));
    assert_eq!(apply(TEXT, &edit["edits"], units), MENDED);

    let changed = editor.change(2, json!([{"range": edit["edits"][0]["range"], "text": "dockerfile"}]));
    assert_eq!(changed["version"], 2);
    assert!(changed["diagnostics"].as_array().unwrap().iter().all(|one| one["code"] != "unknown-key"), "{changed}");
    assert_eq!(editor.actions(&fault["range"]), json!([]));

    assert_eq!(editor.ask("shutdown", Value::Null)["result"], Value::Null);
    assert_eq!(editor.exit(), 0);
}

#[test]
fn positions_in_utf_8_where_the_editor_offers_it() {
    check(json!({"positionEncodings": ["utf-16", "utf-8"]}), "utf-8", char::len_utf8);
}

#[test]
fn positions_in_utf_16_otherwise() {
    check(json!({}), "utf-16", char::len_utf16);
    check(json!({"positionEncodings": ["utf-32", "utf-16"]}), "utf-16", char::len_utf16);
}

#[test]
fn a_safe_fix_is_preferred_and_reaches_old_editors_without_a_version() {
    let text = "app = \"shop\"\n\n[deploy]\nstrategy = \"Rolling\"\n";
    let (mut editor, _) = Editor::new(json!({}));
    let opened = editor.open(text);
    assert_eq!(opened["diagnostics"][0]["code"], "unknown-strategy");
    let actions = editor.actions(&opened["diagnostics"][0]["range"]);
    assert_eq!(actions[0]["isPreferred"], true);
    let mended = apply(text, &actions[0]["edit"]["changes"][URI], char::len_utf16);
    assert_eq!(mended, text.replace("Rolling", "rolling"));
    assert_eq!(editor.change(2, json!([{"text": mended}]))["diagnostics"], json!([]));
}

#[test]
fn keys_are_explained_and_offered_at_places_behind_wide_characters() {
    let line = |args: &str| format!("app = \"shop\"\nbuild = {{ args = {{ CRAB = \"🦀🦀\" }}, {args} }}\n");
    let start: usize = "build = { args = { CRAB = \"🦀🦀\" }, ".chars().map(char::len_utf16).sum();
    let snippets = json!({"completion": {"completionItem": {"snippetSupport": true}}});
    for (capabilities, inserted) in
        [(json!({"textDocument": snippets}), "dockerfile = \"$0\""), (json!({}), "dockerfile = \"\"")]
    {
        let (mut editor, hello) = Editor::new(capabilities);
        assert_eq!(hello["capabilities"]["hoverProvider"], true);
        assert_eq!(hello["capabilities"]["completionProvider"]["triggerCharacters"], json!(["[", ".", "=", "\""]));
        let range =
            |end: usize| json!({"start": {"line": 1, "character": start}, "end": {"line": 1, "character": end}});

        editor.open(&line("dockerfile = \"D\""));
        let hover = editor.at_place("textDocument/hover", 1, start + 3);
        assert_eq!(hover["range"], range(start + "dockerfile".len()));
        assert_eq!(hover["contents"]["kind"], "markdown");
        let text = hover["contents"]["value"].as_str().unwrap();
        assert!(text.starts_with("`build.dockerfile`: text\n\nPath or URL"), "{text}");
        assert_eq!(editor.at_place("textDocument/hover", 1, 7), Value::Null);

        editor.change(2, json!([{"text": line("dock")}]));
        let offers = editor.at_place("textDocument/completion", 1, start + 4);
        let named = |label: &str| offers.as_array().unwrap().iter().find(|offer| offer["label"] == label);
        assert_eq!(named("args"), None, "it is there already");
        let offer = named("dockerfile").unwrap();
        assert_eq!(offer["textEdit"], json!({"range": range(start + 4), "newText": inserted}));
        assert_eq!(offer["detail"], "text, unset: Dockerfile");
        assert_eq!(offer["documentation"]["value"], "Path or URL of the Dockerfile.");
    }
}

#[test]
fn what_is_offered_is_compared_with_what_stands_there() {
    let (mut editor, _) = Editor::new(json!({}));
    editor.open("[dep\n\n[[vm]]\ncpu_kind = 's'\n");
    let mut compared = |line: usize, character: usize| {
        let offers = editor.at_place("textDocument/completion", line, character);
        let offers = offers.as_array().unwrap().iter().map(|offer| offer["filterText"].as_str().unwrap().to_owned());
        offers.collect::<Vec<_>>()
    };
    assert!(compared(0, 4).contains(&"[deploy]".to_owned()));
    assert_eq!(compared(3, 13), ["'shared", "'performance"]);
}

#[test]
fn labels_are_related_information() {
    let (mut editor, _) = Editor::new(json!({}));
    let opened = editor.open(
        "app = \"shop\"\n[deploy]\nstrategy = \"bluegreen\"\n[http_service]\ninternal_port = 80\nprocesses = [\"app\"]\n",
    );
    let found = opened["diagnostics"].as_array().unwrap();
    let related = found.iter().find_map(|one| one["relatedInformation"].as_array()).expect("a finding with a label");
    assert_eq!(related[0]["location"]["uri"], URI);
    assert_eq!(related[0]["location"]["range"]["start"]["line"], 2, "the strategy's line: {related:?}");
}

#[test]
fn a_closed_text_loses_its_findings() {
    let (mut editor, _) = Editor::new(json!({}));
    editor.open(TEXT);
    editor.tell("textDocument/didClose", json!({"textDocument": {"uri": URI}}));
    assert_eq!(editor.published(), json!({"uri": URI, "diagnostics": []}));
}

#[test]
fn only_the_kinds_asked_for_are_offered() {
    let (mut editor, _) = Editor::new(json!({}));
    let range = unknown_key(&editor.open(TEXT))["range"].clone();
    for (only, offered) in [(json!(["refactor"]), 0), (json!(["quickfix"]), 1), (json!([""]), 1)] {
        let context = json!({"diagnostics": [], "only": only});
        let params = json!({"textDocument": {"uri": URI}, "range": range, "context": context});
        let actions = editor.ask("textDocument/codeAction", params)["result"].clone();
        assert_eq!(actions.as_array().unwrap().len(), offered, "{only}");
    }
}

#[test]
fn requests_out_of_turn_or_unknown_are_refused_and_do_no_harm() {
    let mut editor = Editor::start();
    assert_eq!(editor.ask("textDocument/codeAction", json!({}))["error"]["code"], -32002, "before initialize");
    editor.ask("initialize", json!({"capabilities": {"general": "not an object"}}));
    assert_eq!(editor.ask("initialize", json!({}))["error"]["code"], -32600, "twice");
    assert_eq!(editor.ask("textDocument/rename", json!({}))["error"]["code"], -32601, "unknown");
    assert_eq!(editor.ask("textDocument/hover", json!({}))["error"]["code"], -32602, "without a place");
    let closed = json!({"textDocument": {"uri": URI}, "position": {"line": 0, "character": 0}});
    assert_eq!(editor.ask("textDocument/completion", closed)["result"], Value::Null, "of a text that is not open");
    assert_eq!(editor.ask("textDocument/codeAction", json!({}))["error"]["code"], -32602, "without parameters");
    editor.tell("$/setTrace", json!({"value": "off"}));
    editor.tell("textDocument/didOpen", json!({}));
    assert_ne!(editor.open(TEXT)["diagnostics"], json!([]));
    editor.ask("shutdown", Value::Null);
    assert_eq!(editor.ask("textDocument/codeAction", json!({}))["error"]["code"], -32600, "after shutdown");
    assert_eq!(editor.exit(), 0);
}

#[test]
fn leaving_without_shutdown_is_an_error() {
    let (editor, _) = Editor::new(json!({}));
    assert_eq!(editor.exit(), 1);
}

#[test]
fn the_settings_beside_a_text_are_at_work_as_soon_as_they_are_saved() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lsp {}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let save = |text: &str| std::fs::write(folder.join("cutover.toml"), text).unwrap();
    let address = |name: &str| format!("file://{}/{name}", folder.display()).replace(' ', "%20");
    let watching = json!({"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": true}}});
    let (mut editor, _) = Editor::new(watching);
    let asked = editor.receive();
    assert_eq!(asked["method"], "client/registerCapability");
    assert_eq!(asked["params"]["registrations"][0]["registerOptions"]["watchers"][0]["globPattern"], "**/cutover.toml");

    let document = json!({"uri": address("fly.toml"), "languageId": "toml", "version": 1, "text": TEXT});
    editor.tell("textDocument/didOpen", json!({"textDocument": document}));
    unknown_key(&editor.published());
    save("[lint.rules]\nunknown-key = \"off\"\n");
    editor.tell("workspace/didChangeWatchedFiles", json!({"changes": []}));
    assert_eq!(editor.published()["diagnostics"], json!([]));

    save("[lint.rules]\nunknown-kye = \"off\"\n");
    let document = json!({"uri": address("fly.toml"), "version": 2});
    editor.tell("textDocument/didChange", json!({"textDocument": document, "contentChanges": [{"text": TEXT}]}));
    unknown_key(&editor.published());
    let fault = editor.published();
    assert_eq!(fault["uri"], address("cutover.toml"));
    assert_eq!(fault["diagnostics"][0]["range"]["start"], json!({"line": 1, "character": 0}));
    assert_eq!(fault["diagnostics"][0]["message"], "there is no rule `unknown-kye`\nhelp: did you mean `unknown-key`?");

    std::fs::remove_dir_all(&folder).unwrap();
    editor.tell("workspace/didChangeWatchedFiles", json!({"changes": []}));
    unknown_key(&editor.published());
    assert_eq!(editor.published(), json!({"uri": address("cutover.toml"), "diagnostics": []}));
}
