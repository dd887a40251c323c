//! `apply` and `plan` over HTTP, against `sim listen`.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command};

use serde_json::Value;

use crate::test::{Ran, Test};

const TOKEN: &str = "FlyV1 fm2_verysecret";

/// A simulated Machines API, gone with this.
pub(crate) struct Fly {
    process: Child,
    pub(crate) url: String,
}

impl Fly {
    pub(crate) fn listen() -> Self {
        let args = ["sim", "listen", "--port", "0", "--app", "shop", "--fleet", "machines.json", "--speed", "2"];
        let test = Test::shop().args(args);
        let mut process = test.command().spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let url = line.split(['=', ' ']).find(|word| word.starts_with("http")).unwrap().to_owned();
        Self { process, url }
    }

    pub(crate) fn with(&self, test: Test) -> Test {
        test.env("FLY_FLAPS_BASE_URL", &self.url).env("FLY_API_TOKEN", TOKEN)
    }

    /// A plan for the machines there, read live.
    pub(crate) fn plan(&self) -> Ran {
        let args = ["plan", "--image", "registry.fly.io/shop:v2", "--settle", "100ms", "-o", "plan.json"];
        self.with(Test::shop().args(args)).run()
    }

    /// Ids and images of the machines there.
    pub(crate) fn machines(&self) -> Vec<(Value, Value)> {
        let args = ["plan", "--image", "registry.fly.io/shop:v3", "--format", "json"];
        let plan = self.with(Test::shop().args(args)).run().json();
        let machines = plan["machines"].as_array().unwrap().iter();
        machines.map(|machine| (machine["id"].clone(), machine["observed"]["image"].clone())).collect()
    }
}

impl Drop for Fly {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn interrupt(process: &Child) {
    assert!(Command::new("kill").args(["-INT", &process.id().to_string()]).status().unwrap().success());
}

/// Reads events up to the first that `is_it`.
pub(crate) fn read_until(output: &mut BufReader<ChildStdout>, is_it: impl Fn(&Value) -> bool) {
    loop {
        let mut line = String::new();
        assert!(output.read_line(&mut line).unwrap() > 0, "the events ended before that");
        if is_it(&serde_json::from_str(&line).unwrap()) {
            return;
        }
    }
}

fn is_healthy(event: &Value) -> bool {
    event["event"] == "step" && event["state"] == "done" && event["step"] == "s8"
}

#[test]
fn a_plan_is_carried_out_over_http() {
    let fly = Fly::listen();
    let test = fly.with(fly.plan().then(["apply", "plan.json", "--yes"]));
    let ran = test.run();
    assert!(ran.stdout.contains("\nCompleted after "), "{}", ran.stdout);
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("verysecret"));
    let machines = fly.machines();
    assert_eq!(machines.len(), 5);
    assert!(machines.iter().all(|(_, image)| image.as_str().unwrap().starts_with("registry.fly.io/shop:v2")));
    // The machines of the plan are gone.
    let again = fly.with(ran.then(["apply", "plan.json", "--yes"])).status(6).run();
    assert!(again.stdout.contains("The plan is stale"), "{}", again.stdout);
}

#[test]
fn ctrl_c_takes_back_what_was_done() {
    let fly = Fly::listen();
    let before = fly.machines();
    let planned = fly.plan();
    let test = fly.with(planned.then(["apply", "plan.json", "--yes", "--events", "jsonl"]));
    let mut process = test.command().spawn().unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap());
    read_until(&mut output, is_healthy);
    interrupt(&process);
    read_until(&mut output, |event| event["event"] == "done" && event["outcome"] == "restored");
    assert_eq!(process.wait().unwrap().code(), Some(3));
    assert_eq!(fly.machines(), before);
}

#[test]
fn a_second_ctrl_c_stops_at_once_and_names_what_is_left() {
    let fly = Fly::listen();
    let planned = fly.plan();
    let test = fly.with(planned.then(["apply", "plan.json", "--yes", "--events", "jsonl"]));
    let mut process = test.command().spawn().unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap());
    read_until(&mut output, is_healthy);
    interrupt(&process);
    read_until(&mut output, |event| event["phase"] == "back");
    interrupt(&process);
    // The last event says so too, also to who reads nothing else.
    read_until(&mut output, |event| event["event"] == "done" && event["outcome"] == "needs-attention");
    assert_eq!(output.read_line(&mut String::new()).unwrap(), 0);
    let output = process.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    let report = String::from_utf8(output.stderr).unwrap();
    // Traffic had not moved: the blues were not touched, and the greens can go.
    assert!(report.contains("fly machine destroy --force") && !report.contains("2874d0ea5b1938"), "{report}");
}

#[test]
fn without_a_token_nothing_is_tried() {
    let args = ["plan", "--machines", "machines.json", "--image", "shop:v2", "-o", "plan.json"];
    let ran = Test::shop().args(args).run().then(["apply", "plan.json", "--yes"]).status(2).run();
    assert!(ran.stderr.starts_with("error: no token for the Machines API"), "{}", ran.stderr);
}

#[test]
fn an_api_that_does_not_answer_is_named_and_the_token_is_not() {
    let test = Test::shop().args(["plan", "--image", "shop:v2"]);
    // Nothing listens on the discard port.
    let test = test.env("FLY_FLAPS_BASE_URL", "http://127.0.0.1:9").env("FLY_API_TOKEN", TOKEN);
    let ran = test.status(2).run();
    assert!(ran.stderr.contains("http://127.0.0.1:9 does not answer"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("verysecret"));
}

#[test]
fn a_password_in_the_base_url_is_refused_and_not_shown() {
    let test = Test::shop().args(["plan", "--image", "shop:v2"]);
    let test = test.env("FLY_FLAPS_BASE_URL", "http://me:verysecret@127.0.0.1:9").env("FLY_API_TOKEN", TOKEN);
    let ran = test.status(2).run();
    assert!(ran.stderr.contains("user name or a password"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("verysecret"));
}
