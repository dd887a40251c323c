//! The types of the Language Server Protocol: the only module that names the crate they come from.

use gen_lsp_types::{
    ClientCapabilities, Code, CodeAction, CodeActionKind, CodeActionOptions, CodeActionParams, CodeActionProvider,
    CodeDescription, DiagnosticRelatedInformation, DiagnosticSeverity, DidChangeTextDocumentParams,
    DidChangeWatchedFilesRegistrationOptions, DidCloseTextDocumentParams, DidOpenTextDocumentParams, DocumentChange,
    Edit, FileSystemWatcher, GlobPattern, InitializeResult, Location, OptionalVersionedTextDocumentIdentifier,
    Position, PositionEncodingKind, PublishDiagnosticsParams, Range, Registration, RegistrationParams,
    ServerCapabilities, ServerInfo, TextDocumentContentChangeEvent, TextDocumentEdit, TextDocumentIdentifier,
    TextDocumentSync, TextDocumentSyncKind, TextDocumentSyncOptions, TextEdit, WorkspaceEdit,
};
use serde::Serialize;
use serde_json::Value;

use super::document::{Change, Document};
use crate::diagnostic::{Diagnostic, Fix, Safety};
use crate::render::{level, rule_page};
use crate::settings::Unreadable;
use crate::span::{EditorPosition, Encoding, LineIndex, Span};

/// What was agreed on with the editor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Session {
    pub(super) encoding: Encoding,
    /// The editor takes edits that name the version of the text which they are for.
    versioned_edits: bool,
    /// The editor tells of files that change.
    pub(super) watches: bool,
}

impl Session {
    /// From the parameters of `initialize`. What cannot be read counts as not offered: an editor
    /// that sends more than we know is served all the same.
    pub(super) fn agree(params: &Value) -> Self {
        let offered: ClientCapabilities = params.get("capabilities").cloned().map(read).unwrap_or_default();
        let encodings = offered.general.and_then(|general| general.position_encodings).unwrap_or_default();
        let encoding = if encodings.contains(&PositionEncodingKind::UTF8) { Encoding::Utf8 } else { Encoding::Utf16 };
        let workspace = offered.workspace.unwrap_or_default();
        let versioned_edits = workspace.workspace_edit.and_then(|edits| edits.document_changes).unwrap_or(false);
        let watched = workspace.did_change_watched_files;
        let watches = watched.and_then(|files| files.dynamic_registration).unwrap_or(false);
        Self { encoding, versioned_edits, watches }
    }

    pub(super) fn initialize_result(self) -> Value {
        write(InitializeResult {
            capabilities: ServerCapabilities {
                position_encoding: Some(match self.encoding {
                    Encoding::Utf8 => PositionEncodingKind::UTF8,
                    Encoding::Utf16 => PositionEncodingKind::UTF16,
                }),
                text_document_sync: Some(TextDocumentSync::Options(TextDocumentSyncOptions {
                    open_close: Some(true),
                    change: Some(TextDocumentSyncKind::Incremental),
                    ..Default::default()
                })),
                code_action_provider: Some(CodeActionProvider::CodeActionOptions(CodeActionOptions {
                    code_action_kinds: Some(vec![CodeActionKind::QuickFix]),
                    ..Default::default()
                })),
                ..Default::default()
            },
            server_info: Some(ServerInfo::new("cutover".into(), Some(env!("CARGO_PKG_VERSION").into()))),
        })
    }

    pub(super) fn diagnostics(self, document: &Document) -> Value {
        let diagnostics = document.findings.iter().map(|found| self.diagnostic(document, found)).collect();
        write(PublishDiagnosticsParams {
            uri: document.uri.as_str().into(),
            version: Some(document.version),
            diagnostics,
        })
    }

    /// What is wrong with a cutover.toml, in that file.
    pub(super) fn settings_fault(self, uri: &str, text: &str, fault: &Unreadable) -> Value {
        let lines = LineIndex::new(text);
        let help = fault.help.as_ref().map_or(String::new(), |help| format!("\nhelp: {help}"));
        let diagnostic = gen_lsp_types::Diagnostic {
            range: self.range_in(text, &lines, fault.span),
            severity: Some(DiagnosticSeverity::Error),
            source: Some("cutover".into()),
            message: format!("{}{help}", fault.message).into(),
            ..Default::default()
        };
        write(PublishDiagnosticsParams { uri: uri.into(), version: None, diagnostics: vec![diagnostic] })
    }

    pub(super) fn code_actions(self, document: &Document, place: Span) -> Value {
        let actions = document.fixable_at(place).filter_map(|found| self.code_action(document, found));
        write(actions.collect::<Vec<_>>())
    }

    fn diagnostic(self, document: &Document, found: &Diagnostic) -> gen_lsp_types::Diagnostic {
        let related = found.labels.iter().map(|label| DiagnosticRelatedInformation {
            location: Location::new(document.uri.as_str().into(), self.range(document, label.span)),
            message: label.message.clone(),
        });
        let related: Vec<_> = related.collect();
        let help = found.help.as_ref().map_or(String::new(), |help| format!("\nhelp: {help}"));
        gen_lsp_types::Diagnostic {
            range: self.range(document, found.span),
            severity: Some(DiagnosticSeverity::from(level(found.severity).lsp)),
            code: Some(Code::String(found.rule.into())),
            code_description: rule_page(found.rule).map(|address| CodeDescription { href: address.as_str().into() }),
            source: Some("cutover".into()),
            message: format!("{}{help}", found.message).into(),
            related_information: (!related.is_empty()).then_some(related),
            ..Default::default()
        }
    }

    fn code_action(self, document: &Document, found: &Diagnostic) -> Option<CodeAction> {
        let fix = found.fix.as_ref()?;
        Some(CodeAction {
            title: fix.title.clone(),
            kind: Some(CodeActionKind::QuickFix),
            diagnostics: Some(vec![self.diagnostic(document, found)]),
            // An editor may apply the preferred one unseen.
            is_preferred: Some(fix.safety == Safety::Safe),
            edit: Some(self.workspace_edit(document, fix)),
            ..Default::default()
        })
    }

    fn workspace_edit(self, document: &Document, fix: &Fix) -> WorkspaceEdit {
        let edits = fix.edits.iter();
        let edits = edits.map(|edit| TextEdit::new(self.range(document, edit.span), edit.text.clone()));
        let uri = || document.uri.as_str().into();
        if !self.versioned_edits {
            return WorkspaceEdit { changes: Some([(uri(), edits.collect())].into()), ..Default::default() };
        }
        let text_document = OptionalVersionedTextDocumentIdentifier {
            version: Some(document.version),
            text_document_identifier: TextDocumentIdentifier { uri: uri() },
        };
        let edit = TextDocumentEdit { text_document, edits: edits.map(Edit::TextEdit).collect() };
        WorkspaceEdit { document_changes: Some(vec![DocumentChange::TextDocumentEdit(edit)]), ..Default::default() }
    }

    fn range(self, document: &Document, span: Span) -> Range {
        self.range_in(&document.text, &document.lines, span)
    }

    fn range_in(self, text: &str, lines: &LineIndex, span: Span) -> Range {
        let at = |offset| {
            let EditorPosition { line, character } = lines.to_editor(text, offset, self.encoding);
            Position { line, character }
        };
        Range { start: at(span.start), end: at(span.end) }
    }
}

/// The parameters of `textDocument/didOpen`: address, version, text.
pub(super) fn opened(params: Value) -> Option<(String, i32, String)> {
    let opened = serde_json::from_value::<DidOpenTextDocumentParams>(params).ok()?.text_document;
    Some((opened.uri.0, opened.version, opened.text))
}

/// The parameters of `textDocument/didChange`: which text, its version afterwards, the changes.
pub(super) fn changed(params: Value) -> Option<(String, i32, Vec<Change>)> {
    let changed = serde_json::from_value::<DidChangeTextDocumentParams>(params).ok()?;
    let changes = changed.content_changes.into_iter().map(|event| match event {
        TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
            Change { range: Some((position(part.range.start), position(part.range.end))), text: part.text }
        }
        TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => {
            Change { range: None, text: whole.text }
        }
    });
    let document = changed.text_document;
    Some((document.text_document_identifier.uri.0, document.version, changes.collect()))
}

pub(super) fn closed(params: Value) -> Option<String> {
    Some(serde_json::from_value::<DidCloseTextDocumentParams>(params).ok()?.text_document.uri.0)
}

/// The parameters of `client/registerCapability` for being told of every file of this name.
pub(super) fn watch(name: &str) -> Value {
    let watcher = FileSystemWatcher::new(GlobPattern::Pattern(format!("**/{name}")), None);
    let options = write(DidChangeWatchedFilesRegistrationOptions::new(vec![watcher]));
    let method = "workspace/didChangeWatchedFiles".to_owned();
    write(RegistrationParams::new(vec![Registration::new("settings".to_owned(), method, Some(options))]))
}

/// What takes the findings of a closed text from the screen.
pub(super) fn no_diagnostics(uri: &str) -> Value {
    write(PublishDiagnosticsParams { uri: uri.into(), version: None, diagnostics: Vec::new() })
}

/// What `textDocument/codeAction` asks for.
pub(super) struct ActionQuery {
    pub(super) uri: String,
    pub(super) start: EditorPosition,
    pub(super) end: EditorPosition,
    /// Whether quick fixes are among the kinds that it wants.
    pub(super) wants_quick_fixes: bool,
}

pub(super) fn action_query(params: Value) -> Result<ActionQuery, String> {
    let query: CodeActionParams = serde_json::from_value(params).map_err(|error| error.to_string())?;
    // A kind stands for all kinds below it: the empty one for every kind.
    let is_above = |kind: &CodeActionKind| matches!(kind, CodeActionKind::Empty | CodeActionKind::QuickFix);
    Ok(ActionQuery {
        uri: query.text_document.uri.0,
        start: position(query.range.start),
        end: position(query.range.end),
        wants_quick_fixes: query.context.only.is_none_or(|kinds| kinds.iter().any(is_above)),
    })
}

fn position(position: Position) -> EditorPosition {
    EditorPosition { line: position.line, character: position.character }
}

fn read(capabilities: Value) -> ClientCapabilities {
    serde_json::from_value(capabilities).unwrap_or_default()
}

fn write(message: impl Serialize) -> Value {
    match serde_json::to_value(message) {
        Ok(value) => value,
        Err(error) => unreachable!("the protocol's own types have string keys: {error}"),
    }
}
