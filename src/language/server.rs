//! A language server as a value: told a message, it answers with messages.

use std::collections::BTreeMap;

use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use serde_json::Value;

use super::document::Document;
use super::wire::{self, Session};
use crate::span::Span;

/// The state of one conversation with an editor.
#[derive(Debug, Default)]
pub struct Server {
    stage: Stage,
    /// By their addresses.
    documents: BTreeMap<String, Document>,
}

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
    pub fn new() -> Self {
        Self::default()
    }

    /// What to send in answer, in order.
    pub fn handle(&mut self, message: Message) -> Vec<Message> {
        match message {
            Message::Request(request) => vec![self.request(request).into()],
            Message::Notification(notification) => self.notification(notification).into_iter().collect(),
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
            (Stage::Running(_), _) => refuse(id, ErrorCode::MethodNotFound, &format!("`{method}` is not known here")),
            (Stage::ShutDown | Stage::Ended { .. }, _) => {
                refuse(id, ErrorCode::InvalidRequest, "the server was shut down")
            }
        }
    }

    fn notification(&mut self, Notification { method, params }: Notification) -> Option<Message> {
        match (&self.stage, method.as_str()) {
            (Stage::ShutDown, "exit") => self.stage = Stage::Ended { status: 0 },
            (_, "exit") => self.stage = Stage::Ended { status: 1 },
            (Stage::Running(session), "textDocument/didOpen") => {
                let session = *session;
                return self.open(session, wire::opened(params)?);
            }
            (Stage::Running(session), "textDocument/didChange") => {
                let (uri, version, changes) = wire::changed(params)?;
                let document = self.documents.get_mut(&uri)?;
                document.change(version, changes, session.encoding);
                return Some(publish(session.diagnostics(document)));
            }
            (Stage::Running(_), "textDocument/didClose") => {
                let uri = wire::closed(params)?;
                self.documents.remove(&uri)?;
                return Some(publish(wire::no_diagnostics(&uri)));
            }
            _ => {}
        }
        None
    }

    fn open(&mut self, session: Session, document: Document) -> Option<Message> {
        let message = publish(session.diagnostics(&document));
        self.documents.insert(document.uri.clone(), document);
        Some(message)
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
