//! The public ports of a service, whichever way the file writes them.

use crate::config::{HttpService, Port};
use crate::span::Span;

/// One public port, or several in a row, and what the proxy does with connections to them.
#[derive(Debug, Clone)]
pub struct PublicPorts<'a> {
    pub span: Span,
    pub first: i64,
    /// Not less than `first` in a file that makes sense.
    pub last: i64,
    pub handlers: Vec<&'a str>,
    /// Where `force_https = true` stands.
    pub force_https: Option<Span>,
}

impl PublicPorts<'_> {
    pub fn has(&self, handler: &str) -> bool {
        self.handlers.contains(&handler)
    }

    pub fn contains(&self, port: i64) -> bool {
        (self.first..=self.last).contains(&port)
    }
}

/// `[http_service]` stands for these two.
pub(super) fn of_http_service(service: &HttpService) -> Vec<PublicPorts<'_>> {
    let force_https = service.force_https.as_ref().filter(|on| on.value).map(|on| on.span);
    let span = service.span;
    vec![
        PublicPorts { span, first: 80, last: 80, handlers: vec!["http"], force_https },
        PublicPorts { span, first: 443, last: 443, handlers: vec!["http", "tls"], force_https: None },
    ]
}

/// An open end of a range is the first or the last port that there is. Source: fly-go,
/// `MachinePort.ContainsPort`.
pub(super) fn of_entry(entry: &Port) -> PublicPorts<'_> {
    let value = |field: &Option<crate::span::Spanned<i64>>| field.as_ref().map(|port| port.value);
    let (first, last) = match (value(&entry.port), value(&entry.start_port), value(&entry.end_port)) {
        (Some(port), _, _) => (port, port),
        (None, None, None) => (0, 0),
        (None, start, end) => (start.unwrap_or(0), end.unwrap_or(65_535)),
    };
    PublicPorts {
        span: entry.port.as_ref().map_or(entry.span, |port| port.span),
        first,
        last,
        handlers: entry.handlers.iter().map(|handler| handler.value.as_str()).collect(),
        force_https: entry.force_https.as_ref().filter(|on| on.value).map(|on| on.span),
    }
}
