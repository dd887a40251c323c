//! A plan being executed on Fly, as an object of JavaScript: HTTP requests out, responses in.
//! Whoever holds it has the clock and the network.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

use super::simulation::Ended;
use super::{from_js, to_js};
use crate::execute::{self, Call, CallId, Event, Input, Intent, Reply, timeout_ms};
use crate::plan;
use crate::protocol::{self, Host, Response};

#[wasm_bindgen]
pub struct Execution {
    execution: execute::Execution,
    app: String,
    options: Options,
    /// Not answered yet.
    calls: BTreeMap<CallId, Call>,
}

#[wasm_bindgen]
impl Execution {
    /// # Errors
    /// When the plan cannot be read, an option is not known, or the token cannot be sent.
    #[wasm_bindgen(constructor)]
    pub fn new(plan: &str, options: JsValue) -> Result<Self, JsError> {
        let plan = plan::read(plan)?;
        let options: Options = from_js(options)?;
        if !options.token.as_deref().is_none_or(protocol::is_sendable) {
            // `fetch` would refuse it as well, and repeat it.
            return Err(JsError::new("the token has characters that no token has"));
        }
        let own =
            execute::Options { seed: options.seed, promoted: options.promoted, ..execute::Options::new(&options.run) };
        let execution = match options.resume {
            None => execute::Execution::new(&plan, own),
            Some(Direction::Forward) => execute::Execution::resume(&plan, own, Intent::Forward),
            Some(Direction::Back) => execute::Execution::resume(&plan, own, Intent::Back),
        };
        Ok(Self { execution, app: plan.app, options, calls: BTreeMap::new() })
    }

    /// Once, first. Times are milliseconds since then.
    pub fn begin(&mut self, now_ms: f64) -> Result<JsValue, JsError> {
        self.step(now_ms, Input::Begin)
    }

    /// A request was answered; `headers` as pairs.
    pub fn respond(
        &mut self,
        now_ms: f64,
        id: u32,
        status: u16,
        headers: JsValue,
        body: &[u8],
    ) -> Result<JsValue, JsError> {
        let headers: Vec<(String, String)> = from_js(headers)?;
        let response = Response { status, headers: &headers, body };
        self.answer(now_ms, id, |call| protocol::reply(call, &response))
    }

    /// A request was not answered, and will not be; `why` as whoever asked tells it.
    pub fn lose(&mut self, now_ms: f64, id: u32, why: &str) -> Result<JsValue, JsError> {
        self.answer(now_ms, id, |_| protocol::unanswered(why))
    }

    /// The time has come that a step asked for.
    pub fn wake(&mut self, now_ms: f64) -> Result<JsValue, JsError> {
        self.step(now_ms, Input::Wake)
    }

    /// Go back while that is possible, else finish.
    pub fn abort(&mut self, now_ms: f64) -> Result<JsValue, JsError> {
        self.step(now_ms, Input::Abort)
    }

    fn answer(&mut self, now_ms: f64, id: u32, reply: impl FnOnce(&Call) -> Reply) -> Result<JsValue, JsError> {
        let id = CallId(id.into());
        // Answered twice: the first counts.
        let input = self.calls.remove(&id).map_or(Input::Wake, |call| Input::Reply(id, reply(&call)));
        self.step(now_ms, input)
    }

    fn step(&mut self, now_ms: f64, input: Input) -> Result<JsValue, JsError> {
        let step = self.execution.step(now_ms as u64, input);
        let requests = step.calls.iter().map(|(id, call)| self.request(*id, call)).collect();
        self.calls.extend(step.calls);
        to_js(&Step {
            requests,
            events: step.events,
            wake_at_ms: step.wake_at_ms,
            outcome: step.outcome.as_ref().map(Ended::from),
        })
    }

    fn request(&self, id: CallId, call: &Call) -> Request {
        let request = protocol::request(&self.app, call);
        let Options { base_url, releases_url, token, .. } = &self.options;
        let (base_url, authorization) = match request.host {
            Host::Machines => (base_url.as_str(), token.as_deref().map(protocol::authorization)),
            Host::Releases => (releases_url.as_str(), token.as_deref().map(protocol::bearer)),
            Host::Any => ("", None),
        };
        let authorization = authorization.map(|value| ("authorization", value));
        Request {
            id,
            method: request.method.as_str(),
            url: format!("{}{}", base_url.trim_end_matches('/'), request.path),
            headers: request.headers.into_iter().chain(authorization).collect(),
            body: request.body,
            timeout_ms: timeout_ms(call),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Options {
    run: String,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    promoted: bool,
    resume: Option<Direction>,
    token: Option<String>,
    #[serde(default = "base_url")]
    base_url: String,
    #[serde(default = "releases_url")]
    releases_url: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Direction {
    Forward,
    Back,
}

#[derive(Serialize)]
struct Step<'a> {
    requests: Vec<Request>,
    events: Vec<Event>,
    wake_at_ms: Option<u64>,
    outcome: Option<Ended<'a>>,
}

#[derive(Serialize)]
struct Request {
    id: CallId,
    method: &'static str,
    url: String,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
    timeout_ms: u64,
}

fn base_url() -> String {
    protocol::BASE_URL.to_owned()
}

fn releases_url() -> String {
    protocol::RELEASES_BASE_URL.to_owned()
}
