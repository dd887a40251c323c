//! The core for JavaScript: texts and plain objects in, plain objects out. Only converts values;
//! every decision is the core's. The types that JavaScript sees are in `pkg/cutover.d.ts`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;

use crate::fleet::{Fleet, Machine};
use crate::plan::{Desired, Plan, Policy, Refusal};
use crate::render::{self, Checked};
use crate::syntax::Format;
use crate::{config, fleet, machine, plan as planner, rules, sim, syntax};

#[wasm_bindgen(start)]
fn start() {
    console_error_panic_hook::set_once();
}

#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// # Errors
/// When `machines` is no machine list.
#[wasm_bindgen]
pub fn check(text: &str, path: &str, machines: Option<String>) -> Result<JsValue, JsError> {
    let fleet = machines.map(|machines| fleet::parse(&machines)).transpose()?;
    let report = rules::check(path, text, fleet.as_ref());
    to_js(&render::json::file(&Checked { path, text, report: &report }))
}

#[wasm_bindgen]
pub fn fix(text: &str, path: &str, with_unsafe: bool) -> String {
    rules::mend(path, text, None, with_unsafe).text
}

#[wasm_bindgen]
pub fn normalize(text: &str) -> String {
    config::normalize(text)
}
