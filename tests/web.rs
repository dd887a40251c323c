//! The exports for JavaScript, as JavaScript sees their values; in Node, and in a browser.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::expect_used, reason = "a test may fail")]

#[path = "sim/traces.rs"]
mod traces;

use cutover::web;
use serde_json::Value;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

const TOML: &str = include_str!("../examples/shop/fly.toml");
const MACHINES: &str = include_str!("../examples/shop/machines.json");
const IMAGE: &str = "registry.fly.io/shop:v2";

#[wasm_bindgen_test]
fn check_gives_plain_objects_with_places_in_bytes() {
    let checked = value(web::check("# ü\nap = \"shop\"\n", "fly.toml", None, None));
    let unknown = |found: &&Value| found["rule"] == "unknown-key";
    let found = checked["diagnostics"].as_array().and_then(|all| all.iter().find(unknown)).expect("it is found");
    assert_eq!(found["start"], serde_json::json!({"offset": 5, "line": 2, "column": 1}));
}

#[wasm_bindgen_test]
fn a_machine_list_that_cannot_be_read_is_thrown_as_an_error() {
    let thrown = web::check(TOML, "fly.toml", Some("?".into()), None).expect_err("`?` is no machine list");
    assert!(JsValue::from(thrown).is_instance_of::<js_sys::Error>());
}

#[wasm_bindgen_test]
fn settings_say_what_is_reported() {
    let check = |settings: &str| web::check("ap = \"shop\"\n", "fly.toml", None, Some(settings.into()));
    let checked = value(check("[lint.rules]\nunknown-key = \"off\"\n"));
    assert_eq!(checked["diagnostics"], serde_json::json!([]));
    let thrown = check("lint = 1").expect_err("`lint` is a table");
    let message = js_sys::Error::from(JsValue::from(thrown)).message();
    assert_eq!(String::from(message), "cutover.toml:1:8: `lint` must be a table");
}

#[wasm_bindgen_test]
fn a_plan_comes_as_an_object_and_as_the_file() {
    let planned = value(web::plan(request(&[("image", IMAGE.into())])));
    let file: Value = serde_json::from_str(planned["json"].as_str().expect("a text")).expect("JSON");
    assert_eq!(file, planned["plan"]);
    assert_eq!(file["image"], IMAGE);
}

#[wasm_bindgen_test]
fn a_field_that_the_request_does_not_have_is_named() {
    let thrown = web::plan(request(&[("imgae", IMAGE.into())])).expect_err("there is no `imgae`");
    let message = js_sys::Error::from(JsValue::from(thrown)).message();
    assert!(String::from(message).contains("imgae"));
}

#[wasm_bindgen_test]
fn the_settings_say_the_policy_and_what_is_wrong_with_them_is_told() {
    let planned = |settings: &str| value(web::plan(request(&[("image", IMAGE.into()), ("settings", settings.into())])));
    assert_eq!(planned("[policy]\nsettle = '20s'")["plan"]["policy"]["settle_ms"], 20_000);
    let error = "cutover.toml:2:1: there is no key `settel` in `[policy]`";
    assert_eq!(planned("[policy]\nsettel = '20s'")["error"], error);
}

#[wasm_bindgen_test]
fn a_simulation_gives_moments_and_then_its_outcome() {
    let planned = value(web::plan(request(&[("image", IMAGE.into())])));
    let json = planned["json"].as_str().expect("a text");
    let mut simulation = web::Simulation::new(json, MACHINES, JsValue::UNDEFINED).expect("the plan can be run");
    assert!(simulation.outcome().expect("a value").is_undefined());
    let mut last = 0.0;
    loop {
        let moment = simulation.next().expect("a value");
        if moment.is_undefined() {
            break;
        }
        let t_ms = js_sys::Reflect::get(&moment, &"t_ms".into()).ok().and_then(|t| t.as_f64()).expect("a number");
        assert!(t_ms >= last, "time never goes back: {t_ms} after {last}");
        last = t_ms;
    }
    assert_eq!(value(simulation.outcome())["kind"], "completed");
}

#[wasm_bindgen_test]
fn runs_are_told_as_natively() {
    assert_eq!(traces::hash(), traces::HASH);
}

fn request(more: &[(&str, JsValue)]) -> JsValue {
    let request = js_sys::Object::new();
    let fields = [("path", "fly.toml".into()), ("text", TOML.into()), ("machines", MACHINES.into())];
    for (name, value) in fields.iter().chain(more) {
        js_sys::Reflect::set(&request, &(*name).into(), value).expect("it is an object");
    }
    request.into()
}

/// What JavaScript would write the result as.
fn value(result: Result<JsValue, JsError>) -> Value {
    let Ok(value) = result else { panic!("nothing is thrown") };
    let text = js_sys::JSON::stringify(&value).expect("it can be written as JSON");
    serde_json::from_str(&String::from(text)).expect("JSON")
}
