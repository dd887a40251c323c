//! The core for JavaScript: texts and plain objects in, plain objects out. Only converts values;
//! every decision is the core's. The types that JavaScript sees are in `pkg/cutover.d.ts`.

mod execution;
mod simulation;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;

use crate::config::Contents;
use crate::fleet::Fleet;
use crate::lint::{self, Input, Settings};
use crate::plan::{Plan, Policy, Refusal};
use crate::policy::Draft;
use crate::propose::{self, Proposal, Unplanned};
use crate::render::{self, Checked};
use crate::settings::SETTINGS_NAME;
use crate::syntax::{self, Format};
use crate::{config, fleet, machine, plan as planner};

pub use execution::Execution;
pub use simulation::Simulation;

#[wasm_bindgen(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// The version of the core.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// One entry of `files` in `check --format json`. `settings` is the text of a cutover.toml.
///
/// # Errors
/// When `machines` is no machine list, or `settings` cannot be used.
#[wasm_bindgen]
pub fn check(text: &str, path: &str, machines: Option<String>, settings: Option<String>) -> Result<JsValue, JsError> {
    let fleet = fleet_of(machines)?;
    let report = lint::check(&Input { fleet: fleet.as_ref(), ..Input::new(path, text) }, &settings_of(settings)?);
    to_js(&render::json::file(&Checked { path, text, report: &report }))
}

/// The text with its fixes applied: the safe ones, or all.
///
/// # Errors
/// As of [`check`].
#[wasm_bindgen]
pub fn fix(
    text: &str,
    path: &str,
    with_unsafe: bool,
    machines: Option<String>,
    settings: Option<String>,
) -> Result<String, JsError> {
    let fleet = fleet_of(machines)?;
    let input = Input { fleet: fleet.as_ref(), ..Input::new(path, text) };
    Ok(lint::mend(&input, &settings_of(settings)?, with_unsafe).text)
}

fn settings_of(text: Option<String>) -> Result<Settings, JsError> {
    let text = text.unwrap_or_default();
    Settings::read(&text).map_err(|unreadable| JsError::new(&format!("{SETTINGS_NAME}:{}", unreadable.placed(&text))))
}

fn fleet_of(machines: Option<String>) -> Result<Option<Fleet>, JsError> {
    Ok(machines.map(|machines| fleet::parse(&machines)).transpose()?)
}

/// # Errors
/// When `path` does not name TOML.
#[wasm_bindgen]
pub fn normalize(text: &str, path: &str) -> Result<String, JsError> {
    match Format::of_path(path) {
        Format::Toml => Ok(config::normalize(text)),
        Format::Json | Format::Yaml => Err(JsError::new("only TOML can be normalized")),
    }
}

/// Process group -> Machine config, of `group` or of every group.
///
/// # Errors
/// When there is no such group, or no Machine config can be made for it.
#[wasm_bindgen(js_name = machineConfig)]
pub fn machine_config(
    text: &str,
    path: &str,
    group: Option<String>,
    image: Option<String>,
) -> Result<JsValue, JsError> {
    let config = config::read(&syntax::parse(text, Format::of_path(path))).config;
    let known = config.group_names();
    let groups = match &group {
        Some(group) if !known.contains(&group.as_str()) => {
            return Err(JsError::new(&format!("there is no process group `{group}`; there is {}", known.join(", "))));
        }
        Some(group) => vec![group.as_str()],
        None => known,
    };
    let mut configs = Map::new();
    for group in groups {
        let made = machine::machine_config(&config, group, image.as_deref(), None);
        configs.insert(group.to_owned(), Value::Object(made.map_err(|error| JsError::new(&error.message))?.into()));
    }
    to_js(&configs)
}

/// `{plan, json, summary}`, `{refused}` or `{error}`.
///
/// # Errors
/// When `request` is not a `PlanRequest`.
#[wasm_bindgen]
pub fn plan(request: JsValue) -> Result<JsValue, JsError> {
    let request: PlanRequest = from_js(request)?;
    let policy = match request.policy()? {
        Ok(policy) => policy,
        Err(error) => return to_js(&Planned::Unreadable { error }),
    };
    let fleet = match fleet::parse(&request.machines) {
        Ok(fleet) => fleet,
        Err(unreadable) => return to_js(&Planned::Unreadable { error: unreadable.message }),
    };
    let proposal = Proposal {
        path: &request.path,
        text: &request.text,
        app: None,
        image: request.image.as_deref(),
        contents: &Contents::new(),
    };
    let planned = match propose::propose(&proposal, &fleet, &policy) {
        Ok(plan) => Planned::of(&plan),
        Err(Unplanned::Refused(refused)) => Planned::Refused { refused },
        Err(Unplanned::NoApp) => Planned::unreadable(&request.path, "names no app: add `app = \"NAME\"`"),
        Err(Unplanned::NoImage) => Planned::unreadable(&request.path, "has no `image` in [build], and none is given"),
    };
    to_js(&planned)
}

/// A plan for people (`text`), for a pull request (`markdown`), or with secret-like values masked
/// (`json`).
///
/// # Errors
/// When the plan cannot be read, or there is no such format.
#[wasm_bindgen(js_name = renderPlan)]
pub fn render_plan(plan: &str, format: &str) -> Result<String, JsError> {
    let plan = planner::read(plan)?;
    match format {
        "text" => Ok(render::text::plan(&plan, render::text::Look::default())),
        "json" => Ok(render::json::plan(&plan)),
        "markdown" => Ok(render::review::plan(&plan)),
        other => Err(JsError::new(&format!("there is no format `{other}`: there are `text`, `json` and `markdown`"))),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanRequest {
    path: String,
    text: String,
    machines: String,
    image: Option<String>,
    /// The text of cutover.toml.
    settings: Option<String>,
    /// Fields of a policy; they win over the settings.
    #[serde(default)]
    policy: Map<String, Value>,
}

impl PlanRequest {
    /// `Ok(Err)`: the settings cannot be used, and why.
    fn policy(&self) -> Result<Result<Policy, String>, JsError> {
        let text = self.settings.as_deref().unwrap_or("");
        let said = Draft::read(text).map_err(|unreadable| unreadable.placed(text));
        let policy = match said.and_then(|draft| draft.policy().map_err(|found| found.message)) {
            Ok(policy) => policy,
            Err(message) => return Ok(Err(format!("cutover.toml:{message}"))),
        };
        let mut fields = serde_json::to_value(policy)?;
        if let Some(fields) = fields.as_object_mut() {
            fields.extend(self.policy.clone());
        }
        Ok(Ok(serde_json::from_value(fields)?))
    }
}

/// What came of a request.
#[derive(Serialize)]
#[serde(untagged)]
enum Planned {
    Plan {
        #[serde(with = "serde_wasm_bindgen::preserve")]
        plan: JsValue,
        #[serde(with = "serde_wasm_bindgen::preserve")]
        json: JsValue,
        summary: Value,
    },
    Refused {
        refused: Vec<Refusal>,
    },
    Unreadable {
        error: String,
    },
}

impl Planned {
    fn of(plan: &Plan) -> Self {
        let json = JsValue::from_str(&plan.to_json());
        Self::Plan { plan: parse_json(&json), json, summary: render::json::summary(plan) }
    }

    fn unreadable(path: &str, what: &str) -> Self {
        Self::Unreadable { error: format!("`{path}` {what}") }
    }
}

#[wasm_bindgen]
extern "C" {
    /// A long plan is an object of JavaScript sooner than it is made field by field.
    #[wasm_bindgen(js_namespace = JSON, js_name = parse)]
    fn parse_json(text: &JsValue) -> JsValue;
}

/// By way of a JSON value, which, unlike a direct reading, names the fields that should not be there.
fn from_js<T: serde::de::DeserializeOwned>(value: JsValue) -> Result<T, JsError> {
    let value: Value = serde_wasm_bindgen::from_value(value)?;
    Ok(serde_json::from_value(value)?)
}

fn to_js(value: &impl Serialize) -> Result<JsValue, JsError> {
    Ok(value.serialize(&Serializer::json_compatible())?)
}
