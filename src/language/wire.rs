//! The types of the Language Server Protocol: the only module that names the crate they come from.

use gen_lsp_types::{
    ClientCapabilities, Code, CodeAction, CodeActionKind, CodeActionOptions, CodeActionParams, CodeActionProvider,
    CodeDescription, CompletionItem, CompletionItemKind, CompletionItemTextEdit, CompletionOptions, Contents,
    DiagnosticRelatedInformation, DiagnosticSeverity, DidChangeTextDocumentParams,
    DidChangeWatchedFilesRegistrationOptions, DidCloseTextDocumentParams, DidOpenTextDocumentParams, DocumentChange,
    Documentation, Edit, FileSystemWatcher, GlobPattern, HoverProvider, InitializeResult, InsertTextFormat, Location,
    MarkupContent, MarkupKind, OptionalVersionedTextDocumentIdentifier, Position, PositionEncodingKind,
    PublishDiagnosticsParams, Range, Registration, RegistrationParams, ServerCapabilities, ServerInfo,
    TextDocumentContentChangeEvent, TextDocumentEdit, TextDocumentIdentifier, TextDocumentPositionParams,
    TextDocumentSync, TextDocumentSyncKind, TextDocumentSyncOptions, TextEdit, WorkspaceEdit,
};
use serde::Serialize;
use serde_json::Value;

use super::completion::{Offer, Offers, Sort};
use super::document::{Change, Document};
use super::hover::Hover;
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
    /// The editor can put the cursor into what it inserts.
    snippets: bool,
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
        let completion =
            offered.text_document.and_then(|text| text.completion).and_then(|offers| offers.completion_item);
        let snippets = completion.and_then(|item| item.snippet_support).unwrap_or(false);
        let watched = workspace.did_change_watched_files;
        let watches = watched.and_then(|files| files.dynamic_registration).unwrap_or(false);
        Self { encoding, versioned_edits, snippets, watches }
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
                hover_provider: Some(HoverProvider::Bool(true)),
                completion_provider: Some(CompletionOptions {
                    trigger_characters: Some(["[", ".", "=", "\""].map(str::to_owned).into()),
                    ..Default::default()
                }),
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

    pub(super) fn hover(self, document: &Document, hover: Hover) -> Value {
        let contents = Contents::MarkupContent(markdown(hover.markdown));
        write(gen_lsp_types::Hover { contents, range: Some(self.range(document, hover.span)) })
    }

    /// In the order in which they are offered.
    pub(super) fn completion(self, document: &Document, Offers { span, offers }: Offers) -> Value {
        let items = offers.into_iter().enumerate();
        write(items.map(|(at, offer)| self.completion_item(document, span, at, offer)).collect::<Vec<_>>())
    }

    fn completion_item(self, document: &Document, span: Span, at: usize, offer: Offer) -> CompletionItem {
        let (before, after) = (offer.insert.before, offer.insert.after);
        // An editor compares this with what stands there: with the quote or the brackets, if it has them.
        let there = span.of(&document.text);
        let is_opening = |c: char| matches!(c, '[' | '"' | '\'');
        let opening = &there[..there.len() - there.trim_start_matches(is_opening).len()];
        let filter = format!("{opening}{}", offer.label.trim_start_matches('['));
        let is_snippet = self.snippets && !after.is_empty();
        let text = if is_snippet { format!("{}$0{}", in_snippet(&before), in_snippet(after)) } else { before + after };
        CompletionItem {
            label: offer.label,
            kind: Some(match offer.sort {
                Sort::Table => CompletionItemKind::Module,
                Sort::Key => CompletionItemKind::Property,
                Sort::Value => CompletionItemKind::EnumMember,
            }),
            detail: offer.detail,
            documentation: offer.markdown.map(|text| Documentation::MarkupContent(markdown(text))),
            sort_text: Some(format!("{at:04}")),
            filter_text: Some(filter),
            insert_text_format: is_snippet.then_some(InsertTextFormat::Snippet),
            text_edit: Some(CompletionItemTextEdit::TextEdit(TextEdit::new(self.range(document, span), text))),
            ..Default::default()
        }
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

/// The address and place that `textDocument/hover` and `textDocument/completion` ask about.
pub(super) fn place(params: Value) -> Result<(String, EditorPosition), String> {
    let query: TextDocumentPositionParams = serde_json::from_value(params).map_err(|error| error.to_string())?;
    Ok((query.text_document.uri.0, position(query.position)))
}

fn markdown(text: String) -> MarkupContent {
    MarkupContent::new(MarkupKind::Markdown, text)
}

/// With the characters that mean something in a snippet made plain.
fn in_snippet(text: &str) -> String {
    text.replace('\\', "\\\\").replace('$', "\\$").replace('}', "\\}")
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
