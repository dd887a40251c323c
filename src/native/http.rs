//! Calls over real HTTP, and the loop that drives an execution with them. Decides nothing: what a
//! status or a lost answer means is known elsewhere.
#![allow(clippy::disallowed_types)]

use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::{Duration, Instant};

use reqwest::Certificate;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::redirect::Policy;
use rustls::CertificateError;
use secrecy::{ExposeSecret, SecretString};
use tokio::task::JoinSet;

use crate::execute::{Call, CallId, Event, Execution, Input, Outcome, Reply, timeout_ms};
use crate::protocol::{self, About, Host, Method, Request};

/// Where Fly's APIs are, and what opens them.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub machines_url: String,
    pub releases_url: String,
    pub token: Option<SecretString>,
    /// Trusted besides those of the system: PEM.
    pub certificates: Vec<u8>,
}

impl Endpoint {
    /// Both at one place, without a token.
    pub fn at(base_url: &str) -> Self {
        Self {
            machines_url: base_url.to_owned(),
            releases_url: base_url.to_owned(),
            token: None,
            certificates: Vec::new(),
        }
    }
}

/// The Machines API of one app. Proxies are those that the environment names.
#[derive(Clone)]
pub struct Client {
    /// Fly binds a client to one of its hosts by a cookie: its lists know what that client made.
    fly: reqwest::Client,
    /// Without a memory: a sample of a site must not be bound to one of its machines.
    others: reqwest::Client,
    app: String,
    /// Without a slash at the end.
    machines_url: String,
    releases_url: String,
    /// For the one, and for the other.
    authorization: Option<SecretString>,
    bearer: Option<SecretString>,
}

impl Client {
    /// # Errors
    /// When a URL, the token or the certificates cannot be used at all; the token is not part of
    /// the message.
    pub fn new(app: &str, endpoint: &Endpoint) -> Result<Self, String> {
        let secret = |scheme: fn(&str) -> String| {
            let token = endpoint.token.as_ref().map(|token| SecretString::from(scheme(token.expose_secret())));
            token.map(|token| header(&token).map(|_| token)).transpose()
        };
        Ok(Self {
            fly: http_client(&endpoint.certificates, true)?,
            others: http_client(&endpoint.certificates, false)?,
            app: app.to_owned(),
            machines_url: base(&endpoint.machines_url)?,
            releases_url: base(&endpoint.releases_url)?,
            authorization: secret(protocol::authorization)?,
            bearer: secret(protocol::bearer)?,
        })
    }

    /// Makes the call. Whatever keeps the answer from us leaves its fate unknown.
    pub async fn call(&self, call: &Call) -> Reply {
        let request = protocol::request(&self.app, call);
        let received = self.send(&request, Duration::from_millis(timeout_ms(call))).await;
        received.map_or_else(Reply::Unknown, |received| protocol::reply(call, &received.response()))
    }

    /// The machines of the app, with the leases that hold.
    pub async fn machines(&self) -> Reply {
        let received = self.send(&protocol::read(&self.app, About::Machines), READ_TIMEOUT).await;
        received.map_or_else(Reply::Unknown, |received| protocol::listed(&received.response()))
    }

    /// What the API says of the app, when it says it.
    pub async fn read(&self, about: About) -> Option<String> {
        let received = self.send(&protocol::read(&self.app, about), READ_TIMEOUT).await.ok()?;
        (received.status == 200).then(|| String::from_utf8_lossy(&received.body).into_owned())
    }

    async fn send(&self, request: &Request, timeout: Duration) -> Result<Received, String> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let (http, base_url, authorization) = match request.host {
            Host::Machines => (&self.fly, self.machines_url.as_str(), &self.authorization),
            Host::Releases => (&self.fly, self.releases_url.as_str(), &self.bearer),
            Host::Any => (&self.others, "", &None),
        };
        let url = format!("{base_url}{}", request.path);
        let mut builder = http.request(method, &url).timeout(timeout);
        if let Some(authorization) = authorization {
            builder = builder.header(AUTHORIZATION, header(authorization)?);
        }
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let received = async { receive(builder.send().await.map_err(cause)?).await };
        received.await.map_err(|why| format!("no answer from {}: {why}", host(&url)))
    }
}

/// Nothing follows redirects: one could carry the token to another host.
fn http_client(certificates: &[u8], keeps_cookies: bool) -> Result<reqwest::Client, String> {
    // Who installed another provider before meant it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let unusable = |why: reqwest::Error| format!("the certificates cannot be used: {}", cause(why));
    let certificates = Certificate::from_pem_bundle(certificates).map_err(unusable)?;
    reqwest::Client::builder()
        .user_agent(concat!("cutover/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        // A dead connection must not look like a slow answer to every call that shares it.
        .http2_keep_alive_interval(KEEP_ALIVE)
        // Without HTTP/2 each of a thousand waits has a connection, which keeps its buffers for as long as it is open.
        .pool_max_idle_per_host(MOST_IDLE)
        .redirect(Policy::none())
        .cookie_store(keeps_cookies)
        .tls_certs_merge(certificates)
        .build()
        .map_err(|why| format!("no HTTP client: {}", cause(why)))
}

/// An answer that does not end is none.
async fn receive(mut response: reqwest::Response) -> Result<Received, String> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let body = Vec::with_capacity(announced.min(LARGEST_BODY));
    let mut received = Received { status: response.status().as_u16(), headers, body };
    while let Some(chunk) = response.chunk().await.map_err(cause)? {
        if received.body.len() + chunk.len() > LARGEST_BODY {
            return Err(format!("an answer of more than {} MiB", LARGEST_BODY >> 20));
        }
        received.body.extend_from_slice(&chunk);
    }
    Ok(received)
}

/// The innermost reason, which names neither URL nor header.
fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost {
        _ if error.is_timeout() => "it took too long".to_owned(),
        _ if is_distrust(innermost) => UNTRUSTED.to_owned(),
        _ => innermost.to_string(),
    }
}

fn is_distrust(error: &(dyn std::error::Error + 'static)) -> bool {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => is_distrust(inner),
        None => {
            matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)))
        }
    }
}

struct Received {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Received {
    fn response(&self) -> protocol::Response<'_> {
        protocol::Response { status: self.status, headers: &self.headers, body: &self.body }
    }
}

/// Runs the execution to its end: makes its calls side by side, wakes it when it asks to, and
/// tells it to abort when `abort` completes. `on_events` is given the time since the beginning.
pub async fn drive(
    mut execution: Execution,
    client: &Client,
    mut on_events: impl FnMut(u64, &[Event]),
    abort: impl Future<Output = ()>,
) -> Outcome {
    let begin = Instant::now();
    let now_ms = || u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut abort = pin!(abort);
    let mut aborted = false;
    let mut calls: JoinSet<(CallId, Reply)> = JoinSet::new();
    let mut step = execution.step(now_ms(), Input::Begin);
    loop {
        on_events(now_ms(), &step.events);
        if let Some(outcome) = step.outcome {
            return outcome;
        }
        for (id, call) in step.calls {
            let client = client.clone();
            calls.spawn(async move { (id, client.call(&call).await) });
        }
        let sleep_ms = step.wake_at_ms.map_or(LONGEST_SLEEP_MS, |at_ms| at_ms.saturating_sub(now_ms()));
        let input = tokio::select! {
            () = &mut abort, if !aborted => {
                aborted = true;
                Input::Abort
            }
            Some(Ok((id, reply))) = calls.join_next() => Input::Reply(id, reply),
            () = tokio::time::sleep(Duration::from_millis(sleep_ms)) => Input::Wake,
        };
        step = execution.step(now_ms(), input);
    }
}

/// Without a path, which is long and may be secret.
fn host(url: &str) -> String {
    reqwest::Url::parse(url).map_or_else(|_| "there".to_owned(), |url| url.origin().ascii_serialization())
}

/// Without a slash at its end.
fn base(url: &str) -> Result<String, String> {
    let parsed = reqwest::Url::parse(url).map_err(|why| format!("`{url}` is no URL: {why}"))?;
    if !matches!(parsed.scheme(), "http" | "https") || parsed.host().is_none() {
        return Err(format!("`{url}` is no http or https URL"));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        // Not quoted: messages end up in logs.
        return Err("the URL of the Machines API holds a user name or a password: only a token is sent".to_owned());
    }
    Ok(url.trim_end_matches('/').to_owned())
}

fn header(authorization: &SecretString) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(authorization.expose_secret())
        .map_err(|_| "the token has characters that no token has".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

/// Of a certificate whose signer is not known.
pub(super) const UNTRUSTED: &str = "its certificate is signed by nobody who is trusted here";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// For what a plan does without when it does not come.
const READ_TIMEOUT: Duration = Duration::from_secs(15);

/// More than there are calls at once, but for those that wait.
const MOST_IDLE: usize = 32;

const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// A thousand machines need a tenth of it.
const LARGEST_BODY: usize = 64 << 20;

const LONGEST_SLEEP_MS: u64 = 60_000;
