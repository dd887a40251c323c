//! A language server as a value: told a message, it answers with messages.

use std::collections::{BTreeMap, BTreeSet};

use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use serde_json::Value;

use super::document::Document;
use super::wire::{self, Session};
use crate::lint::Settings;
use crate::settings::SETTINGS_NAME;
use crate::span::Span;

/// The state of one conversation with an editor.
#[derive(Debug)]
pub struct Server {
    stage: Stage,
    /// By their addresses.
    documents: BTreeMap<String, Document>,
    read: ReadSettings,
    /// The addresses of the cutover.toml whose fault the editor shows.
    faulty: BTreeSet<String>,
}

/// The text at the address of a cutover.toml; `None` where there is none.
pub type ReadSettings = fn(&str) -> Option<String>;

/// Where the conversation stands; the protocol allows different messages in each.
#[derive(Debug, Default)]
enum Stage {
    #[default]
    Fresh,
    Running(Session),
    ShutDown,
    Ended {
        status: u8,
    },
}

impl Server {
    /// `read` is asked at each check: settings are at work as soon as they are saved.
    pub fn new(read: ReadSettings) -> Self {
        Self { stage: Stage::default(), documents: BTreeMap::new(), read, faulty: BTreeSet::new() }
    }

    /// What to send in answer, in order.
    pub fn handle(&mut self, message: Message) -> Vec<Message> {
        match message {
            Message::Request(request) => vec![self.request(request).into()],
            Message::Notification(notification) => self.notification(notification),
            Message::Response(_) => Vec::new(),
        }
    }

    /// The exit status of the process, once the editor has sent `exit`: 0 after a `shutdown`, else
    /// 1, as the protocol asks.
    pub fn exit_status(&self) -> Option<u8> {
        match self.stage {
            Stage::Ended { status } => Some(status),
            _ => None,
        }
    }

    fn request(&mut self, Request { id, method, params }: Request) -> Response {
        match (&self.stage, method.as_str()) {
            (Stage::Fresh, "initialize") => {
                let session = Session::agree(&params);
                self.stage = Stage::Running(session);
                answer(id, session.initialize_result())
            }
            (Stage::Fresh, _) => refuse(id, ErrorCode::ServerNotInitialized, "send `initialize` first"),
            (Stage::Running(_), "initialize") => refuse(id, ErrorCode::InvalidRequest, "`initialize` was sent before"),
            (Stage::Running(_), "shutdown") => {
                self.stage = Stage::ShutDown;
                answer(id, Value::Null)
            }
            (Stage::Running(session), "textDocument/codeAction") => self.code_action(id, *session, params),
            (Stage::Running(session), "textDocument/hover") => {
                self.at_place(id, *session, params, |document, offset| {
                    document.hover(offset).map_or(Value::Null, |hover| session.hover(document, hover))
                })
            }
            (Stage::Running(session), "textDocument/completion") => {
                self.at_place(id, *session, params, |document, offset| {
                    session.completion(document, document.offers(offset))
                })
            }
            (Stage::Running(_), _) => refuse(id, ErrorCode::MethodNotFound, &format!("`{method}` is not known here")),
            (Stage::ShutDown | Stage::Ended { .. }, _) => {
                refuse(id, ErrorCode::InvalidRequest, "the server was shut down")
            }
        }
    }

    fn notification(&mut self, Notification { method, params }: Notification) -> Vec<Message> {
        match (&self.stage, method.as_str()) {
            (Stage::ShutDown, "exit") => self.stage = Stage::Ended { status: 0 },
            (_, "exit") => self.stage = Stage::Ended { status: 1 },
            (Stage::Running(session), "initialized") => return watch(*session).into_iter().collect(),
            (Stage::Running(session), method) => return self.about_documents(*session, method, params),
            _ => {}
        }
        Vec::new()
    }

    fn about_documents(&mut self, session: Session, method: &str, params: Value) -> Vec<Message> {
        let said = match method {
            "textDocument/didOpen" => self.open(session, params),
            "textDocument/didChange" => self.change(session, params),
            "textDocument/didClose" => self.close(params),
            "workspace/didChangeWatchedFiles" => Some(self.check_again(session)),
            _ => None,
        };
        said.unwrap_or_default()
    }

    fn open(&mut self, session: Session, params: Value) -> Option<Vec<Message>> {
        let (uri, version, text) = wire::opened(params)?;
        // An editor may send every TOML file of a folder; this one is no fly.toml.
        if settings_address(&uri) == uri {
            return None;
        }
        let (settings, told) = self.settings(session, &uri);
        let document = Document::open(uri.clone(), version, text, &settings);
        let published = publish(session.diagnostics(&document));
        self.documents.insert(uri, document);
        Some([published].into_iter().chain(told).collect())
    }

    fn change(&mut self, session: Session, params: Value) -> Option<Vec<Message>> {
        let (uri, version, changes) = wire::changed(params)?;
        let (settings, told) = self.settings(session, &uri);
        let document = self.documents.get_mut(&uri)?;
        document.change(version, changes, session.encoding, &settings);
        Some([publish(session.diagnostics(document))].into_iter().chain(told).collect())
    }

    fn close(&mut self, params: Value) -> Option<Vec<Message>> {
        let uri = wire::closed(params)?;
        self.documents.remove(&uri)?;
        Some(vec![publish(wire::no_diagnostics(&uri))])
    }

    /// Every open text, after settings changed.
    fn check_again(&mut self, session: Session) -> Vec<Message> {
        let addresses: Vec<String> = self.documents.keys().cloned().collect();
        let mut messages = Vec::new();
        for uri in addresses {
            let (settings, told) = self.settings(session, &uri);
            if let Some(document) = self.documents.get_mut(&uri) {
                document.check(&settings);
                messages.push(publish(session.diagnostics(document)));
            }
            messages.extend(told);
        }
        messages
    }

    /// As the cutover.toml beside a text says; and what to show in that file where it cannot be
    /// used, or can be used again.
    fn settings(&mut self, session: Session, uri: &str) -> (Settings, Option<Message>) {
        let address = settings_address(uri);
        let text = (self.read)(&address).unwrap_or_default();
        match Settings::read(&text) {
            Ok(settings) => {
                let told = self.faulty.remove(&address).then(|| publish(wire::no_diagnostics(&address)));
                (settings, told)
            }
            Err(fault) => {
                let told = publish(session.settings_fault(&address, &text, &fault));
                self.faulty.insert(address);
                (Settings::default(), Some(told))
            }
        }
    }

    fn code_action(&self, id: RequestId, session: Session, params: Value) -> Response {
        let query = match wire::action_query(params) {
            Ok(query) => query,
            Err(error) => return refuse(id, ErrorCode::InvalidParams, &error),
        };
        let Some(document) = self.documents.get(&query.uri).filter(|_| query.wants_quick_fixes) else {
            return answer(id, Value::Array(Vec::new()));
        };
        let offset = |position| document.lines.from_editor(&document.text, position, session.encoding);
        let (start, end) = (offset(query.start), offset(query.end));
        answer(id, session.code_actions(document, Span::new(start.min(end), end.max(start))))
    }

    /// What `tell` says of an offset in an open text; nothing of one that is not open.
    fn at_place(
        &self,
        id: RequestId,
        session: Session,
        params: Value,
        tell: impl Fn(&Document, usize) -> Value,
    ) -> Response {
        let (uri, position) = match wire::place(params) {
            Ok(place) => place,
            Err(error) => return refuse(id, ErrorCode::InvalidParams, &error),
        };
        let told = self.documents.get(&uri).map(|document| {
            let offset = document.lines.from_editor(&document.text, position, session.encoding);
            tell(document, offset)
        });
        answer(id, told.unwrap_or(Value::Null))
    }
}

/// Beside the text at `uri`.
fn settings_address(uri: &str) -> String {
    let folder = uri.rfind('/').map_or("", |slash| &uri[..=slash]);
    format!("{folder}{SETTINGS_NAME}")
}

/// Asks to be told when settings change, of an editor that can.
fn watch(session: Session) -> Option<Message> {
    let id = RequestId::from("watch-settings".to_owned());
    let request = Request { id, method: "client/registerCapability".into(), params: wire::watch(SETTINGS_NAME) };
    session.watches.then(|| request.into())
}

fn publish(params: Value) -> Message {
    Notification { method: "textDocument/publishDiagnostics".into(), params }.into()
}

fn answer(id: RequestId, result: Value) -> Response {
    Response { id, response_result: Ok(result) }
}

fn refuse(id: RequestId, code: ErrorCode, message: &str) -> Response {
    Response::new_err(id, code as i32, message.into())
}
