//! Carries out a plan on the Machines API: the loop between the execution and the world.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc;
use tokio::time;

use super::block_on;
use super::error::{Error, Kind};
use super::http::Client;
use super::signals::Signals;
use super::watch::Watch;
use crate::execute::{Answer, Call, Event, Execution, Input, Leftover, Options, Outcome, OutcomeKind, Reply, Step};
use crate::fleet::Fleet;
use crate::plan::{Disposition, Plan};

/// A client for the API and with the token that the environment names.
pub(super) fn client() -> Result<Client, Error> {
    let base = std::env::var("FLY_FLAPS_BASE_URL").unwrap_or_else(|_| "https://api.machines.dev".to_owned());
    let token = TOKENS.iter().find_map(|name| std::env::var(name).ok().filter(|token| !token.trim().is_empty()));
    let token = token.ok_or_else(|| {
        Error::new(Kind::Access, "no token for the Machines API: neither FLY_API_TOKEN nor FLY_ACCESS_TOKEN is set")
            .hint("make a token for this app: `fly tokens create deploy`, then `export FLY_API_TOKEN=...`")
    })?;
    Client::new(&base, &token).map_err(|error| Error::new(Kind::Access, error))
}

/// The machines of an app, read from the API.
pub(super) fn fleet(app: &str) -> Result<Fleet, Error> {
    let client = client().map_err(|mut error| {
        error.hints.insert(0, LIST_INSTEAD.to_owned());
        error
    })?;
    match block_on(client.call(app, &Call::ListMachines))? {
        Reply::Done(Answer::Machines(machines)) => Ok(Fleet { machines }),
        Reply::Absent => {
            Err(Error::new(Kind::Access, format!("Fly.io knows no app `{app}`, or the token is not for it")))
        }
        Reply::Refused(why) => {
            Err(Error::new(Kind::Access, format!("the Machines API refuses to list the machines of `{app}`: {why:?}")))
        }
        Reply::Done(_) | Reply::Unknown => Err(Error::new(Kind::Access, "the Machines API does not answer")),
    }
}

/// Runs to the end. A signal takes back what was done; a second one stops at once.
pub(super) fn run(client: Client, plan: &Plan, watch: &mut Watch) -> Result<Outcome, Error> {
    block_on(drive(client, plan, watch))?
}

async fn drive(client: Client, plan: &Plan, watch: &mut Watch<'_>) -> Result<Outcome, Error> {
    let began = Instant::now();
    let now_ms = || u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut signals = Signals::listen()?;
    let (answered, mut answers) = mpsc::unbounded_channel();
    let mut execution = Execution::new(plan, Options::new(run_id()));
    let mut touched = Touched::of(plan);
    let mut is_aborting = false;
    let mut input = Input::Begin;
    loop {
        let Step { calls, events, wake_at_ms, outcome } = execution.step(now_ms(), input);
        for event in &events {
            touched.see(event);
            watch.event(now_ms(), event);
        }
        if let Some(outcome) = outcome {
            watch.end(now_ms(), &outcome);
            return Ok(outcome);
        }
        for (id, call) in calls {
            let (client, answered, app) = (client.clone(), answered.clone(), plan.app.clone());
            tokio::spawn(async move {
                let reply = client.call(&app, &call).await;
                // Nobody listens any more after a second signal.
                let _ = answered.send((id, reply));
            });
        }
        input = loop {
            let left_ms = wake_at_ms.map_or(u64::MAX, |at_ms| at_ms.saturating_sub(now_ms()));
            tokio::select! {
                biased;
                () = signals.next() => break Input::Abort,
                Some((id, reply)) = answers.recv() => break Input::Reply(id, reply),
                () = time::sleep(Duration::from_millis(left_ms.min(FRAME_MS))) => {
                    if left_ms <= FRAME_MS {
                        break Input::Wake;
                    }
                    watch.tick(now_ms());
                }
            }
        };
        if input == Input::Abort && std::mem::replace(&mut is_aborting, true) {
            let outcome = touched.given_up();
            watch.end(now_ms(), &outcome);
            return Ok(outcome);
        }
    }
}

/// The machines that a run may have changed, for when it is cut off.
struct Touched<'a> {
    plan: &'a Plan,
    /// Slot -> id.
    greens: BTreeMap<String, String>,
}

impl<'a> Touched<'a> {
    fn of(plan: &'a Plan) -> Self {
        Self { plan, greens: BTreeMap::new() }
    }

    fn see(&mut self, event: &Event) {
        if let Event::Machine { id, slot: Some(slot), .. } = event {
            self.greens.insert(slot.clone(), id.clone());
        }
    }

    fn given_up(&self) -> Outcome {
        let leftover = |machine: &str, why: &str| Leftover {
            machine: machine.to_owned(),
            why: why.to_owned(),
            command: format!("fly machine status {machine} -a {}", self.plan.app),
        };
        let greens = self.greens.values().map(|id| leftover(id, "a green: it may be hidden, or serve already"));
        let replaced = self.plan.machines.iter().filter(|machine| machine.disposition == Disposition::Replace);
        let blues = replaced.map(|machine| leftover(&machine.id, "a blue: it may be cordoned, stopped or gone"));
        Outcome {
            kind: OutcomeKind::NeedsAttention,
            message: "Stopped at once by a second signal: what was under way was neither finished nor taken back."
                .to_owned(),
            left: greens.chain(blues).collect(),
        }
    }
}

/// Unique enough among the runs of one app: the time in milliseconds and the process, in base 36.
fn run_id() -> String {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let mut number = since_epoch * 100_000 + u128::from(std::process::id() % 100_000);
    let mut digits = Vec::new();
    while number > 0 {
        digits.push(char::from_digit(u32::try_from(number % 36).unwrap_or(0), 36).unwrap_or('0'));
        number /= 36;
    }
    digits.into_iter().rev().collect()
}

/// flyctl looks for them in this order.
const TOKENS: [&str; 2] = ["FLY_ACCESS_TOKEN", "FLY_API_TOKEN"];

const LIST_INSTEAD: &str = "pass a list: `fly machine list --json > machines.json`, then `--machines machines.json`";

/// Between two drawings of the terminal.
const FRAME_MS: u64 = 100;
