//! A simulated Fly that the program reaches over HTTP, and the program as a process under way.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::test::{Ran, Test};

pub(crate) const TOKEN: &str = "FlyV1 fm2_verysecret";

/// A simulated Machines API with the machines of the example, gone with this.
pub(crate) struct Fly {
    process: Child,
    pub(crate) url: String,
}

impl Fly {
    pub(crate) fn listen() -> Self {
        Self::of(Test::shop())
    }

    /// With these machines.
    pub(crate) fn listen_to(machines: &str) -> Self {
        Self::of(Test::shop().file("machines.json", machines))
    }

    /// Where this goes wrong.
    pub(crate) fn listen_with(fault: &str) -> Self {
        Self::listen_as(Test::shop(), &["--speed", "2", "--fault", fault])
    }

    fn of(test: Test) -> Self {
        Self::listen_as(test, &["--speed", "2"])
    }

    /// With the machines in the folder of the test.
    pub(crate) fn listen_as(test: Test, more: &[&str]) -> Self {
        let args = ["sim", "listen", "--port", "0", "--app", "shop", "--fleet", "machines.json"];
        let test = test.args(args.into_iter().chain(more.iter().copied()));
        let mut process = test.command().spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let url = line.split(['=', ' ']).find(|word| word.starts_with("http")).unwrap().to_owned();
        Self { process, url }
    }

    pub(crate) fn with(&self, test: Test) -> Test {
        test.env("FLY_FLAPS_BASE_URL", &self.url).env("FLY_API_TOKEN", TOKEN)
    }

    /// The exit status once a signal asked it to end.
    pub(crate) fn ends(mut self, signal: &str) -> Option<i32> {
        send(&self.process, &[signal]);
        self.process.wait().unwrap().code()
    }

    /// A plan for the machines there, read live.
    pub(crate) fn plan(&self) -> Ran {
        self.plan_with(&[])
    }

    pub(crate) fn plan_with(&self, more: &[&str]) -> Ran {
        let args = ["plan", "--image", "registry.fly.io/shop:v2", "--settle", "100ms", "-o", "plan.json"];
        self.with(Test::shop().args(args.into_iter().chain(more.iter().copied()))).run()
    }

    /// `apply`, under way.
    pub(crate) fn apply(&self, planned: Ran) -> Running {
        self.apply_with(planned, &[])
    }

    pub(crate) fn apply_with(&self, planned: Ran, more: &[&str]) -> Running {
        let args = ["apply", "plan.json", "--yes", "--events", "jsonl"];
        self.running(planned, args.into_iter().chain(more.iter().copied()), |command| command)
    }

    /// Started by a shell, which `exec`s its arguments.
    pub(crate) fn apply_in_shell(&self, planned: Ran, script: &str) -> Running {
        self.running(planned, ["apply", "plan.json", "--yes", "--events", "jsonl"], |command| {
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", script, "sh"]).arg(command.get_program()).args(command.get_args()).env_clear();
            shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
            shell.current_dir(command.get_current_dir().unwrap());
            shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            shell
        })
    }

    /// Any command that carries out what was planned.
    pub(crate) fn running<'a>(
        &self,
        planned: Ran,
        args: impl IntoIterator<Item = &'a str>,
        how: impl Fn(Command) -> Command,
    ) -> Running {
        self.start_as(planned.then(args), how)
    }

    /// A run of the plan in its folder that tells of events.
    pub(crate) fn start(&self, test: Test) -> Running {
        self.start_as(test, |command| command)
    }

    fn start_as(&self, test: Test, how: impl Fn(Command) -> Command) -> Running {
        let plan: Value = serde_json::from_str(&test.folder_text("plan.json")).unwrap();
        let test = self.with(test);
        let mut process = how(test.command()).spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Running { process, output, plan, test }
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

/// A run under way, told of in events.
pub(crate) struct Running {
    process: Child,
    output: BufReader<ChildStdout>,
    plan: Value,
    test: Test,
}

impl Running {
    /// `INT`, `TERM` or `HUP`; several at once.
    pub(crate) fn signal(&self, names: &[&str]) {
        send(&self.process, names);
    }

    /// Another command on the same computer.
    pub(crate) fn beside<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Test {
        Test::new().args(args).env("XDG_STATE_HOME", &self.test.state())
    }

    /// As a power cut does it; what was to be run, for another run in its folder.
    pub(crate) fn kill(mut self) -> Test {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.test
    }

    /// Until a step of this kind is in this state.
    pub(crate) fn until_step(&mut self, op: &str, state: &str) {
        let steps = self.plan["steps"].as_array().unwrap().clone();
        let is_op = |id: &Value| steps.iter().any(|step| step["id"] == *id && step["op"] == op);
        self.until(|event| event["event"] == "step" && event["state"] == state && is_op(&event["step"]));
    }

    /// Reads events up to the first that `is_it`.
    pub(crate) fn until(&mut self, is_it: impl Fn(&Value) -> bool) {
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the events ended before that");
            if is_it(&serde_json::from_str(&line).unwrap()) {
                return;
            }
        }
    }

    /// The exit status after the last event, which has this outcome, and the report.
    pub(crate) fn ends(self, outcome: &str) -> (Option<i32>, String) {
        let (status, report, _) = self.ends_in(outcome);
        (status, report)
    }

    /// The same, and what was run, for another run in its folder.
    pub(crate) fn ends_in(mut self, outcome: &str) -> (Option<i32>, String, Test) {
        self.until(|event| event["event"] == "done" && event["outcome"] == outcome);
        assert_eq!(self.output.read_line(&mut String::new()).unwrap(), 0);
        let output = self.process.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap(), self.test)
    }
}

fn send(process: &Child, signals: &[&str]) {
    let id = process.id();
    let kills: Vec<String> = signals.iter().map(|name| format!("kill -{name} {id}")).collect();
    assert!(Command::new("sh").args(["-c", &kills.join(" && ")]).status().unwrap().success());
}
