//! Calls over real HTTP, and the loop that drives an execution with them. Decides nothing: what a
//! status or a lost answer means is known elsewhere.
#![allow(clippy::disallowed_types)]

use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::redirect::Policy;
use tokio::task::JoinSet;

use crate::execute::{Call, CallId, Event, Execution, Input, Outcome, Reply};
use crate::protocol::{self, About, Host, Method, Request};

/// The Machines API of one app.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    /// Of the Machines API, and of the releases; without a slash at the end.
    base_url: String,
    releases_url: String,
    app: String,
    /// For the one, and for the other.
    authorization: Option<HeaderValue>,
    bearer: Option<HeaderValue>,
}

impl Client {
    /// With the releases at the same place.
    ///
    /// # Errors
    /// When the URL or the token cannot be sent at all; the token is not part of the message.
    pub fn new(base_url: &str, app: &str, token: Option<&str>) -> Result<Self, String> {
        // Who installed another provider before meant it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let base_url = base(base_url)?;
        let http = reqwest::Client::builder()
            .user_agent(concat!("cutover/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            // A redirect could carry the token to another host.
            .redirect(Policy::none())
            .build()
            .map_err(|why| format!("no HTTP client: {why}"))?;
        Ok(Self {
            http,
            releases_url: base_url.clone(),
            base_url,
            app: app.to_owned(),
            authorization: token.map(protocol::authorization).map(secret).transpose()?,
            bearer: token.map(protocol::bearer).map(secret).transpose()?,
        })
    }

    /// The same, with the releases elsewhere.
    ///
    /// # Errors
    /// When it is no URL.
    pub fn with_releases_at(self, base_url: &str) -> Result<Self, String> {
        Ok(Self { releases_url: base(base_url)?, ..self })
    }

    /// Makes the call. Whatever keeps the answer from us leaves its fate unknown.
    pub async fn call(&self, call: &Call) -> Reply {
        let request = protocol::request(&self.app, call);
        match self.send(&request).await {
            Ok(received) => protocol::reply(call, &received.response()),
            Err(_) => Reply::Unknown,
        }
    }

    /// What the API says of the app, when it says it.
    pub async fn read(&self, about: About) -> Option<String> {
        let received = self.send(&protocol::read(&self.app, about)).await.ok()?;
        (received.status == 200).then(|| String::from_utf8_lossy(&received.body).into_owned())
    }

    async fn send(&self, request: &Request) -> Result<Received, reqwest::Error> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let (base_url, authorization) = match request.host {
            Host::Machines => (self.base_url.as_str(), &self.authorization),
            Host::Releases => (self.releases_url.as_str(), &self.bearer),
            Host::Any => ("", &None),
        };
        let mut builder = self.http.request(method, format!("{base_url}{}", request.path));
        if let Some(authorization) = authorization {
            builder = builder.header(AUTHORIZATION, authorization.clone());
        }
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let response = builder.send().await?;
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        let status = response.status().as_u16();
        Ok(Received { status, headers, body: response.bytes().await?.to_vec() })
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

fn secret(authorization: String) -> Result<HeaderValue, String> {
    let mut value =
        HeaderValue::from_str(&authorization).map_err(|_| "the token has characters that no token has".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Longer than any call is waited for: the execution gives up first.
const TIMEOUT: Duration = Duration::from_secs(90);

const LONGEST_SLEEP_MS: u64 = 60_000;
