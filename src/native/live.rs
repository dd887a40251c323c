//! Carries out a plan on the Machines API: the loop between the execution and the world.

use std::cell::RefCell;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::oneshot;
use tokio::time;

use super::block_on;
use super::error::{Error, Kind};
use super::http::{self, Client};
use super::signals::Signals;
use super::watch::Watch;
use crate::execute::{Answer, Call, Event, Execution, Outcome, Reply, Trail, Why};
use crate::fleet::Fleet;
use crate::plan::Plan;
use crate::protocol;

/// A client for one app, of the API and with the token that the environment names.
pub(super) fn client(app: &str) -> Result<Client, Error> {
    let token = TOKENS.iter().find_map(|name| std::env::var(name).ok().filter(|token| !token.trim().is_empty()));
    let token = token.ok_or_else(|| {
        Error::new(Kind::Access, "no token for the Machines API: neither FLY_API_TOKEN nor FLY_ACCESS_TOKEN is set")
            .hint("make a token for this app: `fly tokens create deploy`, then `export FLY_API_TOKEN=...`")
    })?;
    let client = Client::new(&base_url(), app, Some(&token));
    let client = client.and_then(|client| client.with_releases_at(&releases_url()));
    client.map_err(|error| Error::new(Kind::Access, error))
}

/// The machines of an app, read from the API.
pub(super) fn fleet(app: &str) -> Result<Fleet, Error> {
    let client = client(app).map_err(|mut error| {
        error.hints.insert(0, LIST_INSTEAD.to_owned());
        error
    })?;
    match block_on(client.call(&Call::ListMachines))? {
        Reply::Done(Answer::Machines(machines)) => {
            let machines = machines.into_iter().map(Arc::unwrap_or_clone).collect();
            Ok(Fleet { machines, ..Fleet::default() })
        }
        Reply::Absent => {
            Err(Error::new(Kind::Access, format!("Fly.io knows no app `{app}`, or the token is not for it")))
        }
        Reply::Refused(why) => {
            let why = words(&why);
            Err(Error::new(Kind::Access, format!("the Machines API does not list the machines of `{app}`: {why}")))
        }
        Reply::Done(_) | Reply::Unknown => {
            Err(Error::new(Kind::Access, format!("the Machines API at {} does not answer", base_url())))
        }
    }
}

/// Runs to the end. A signal takes back what was done; a second one stops at once.
/// `run_id`: as in the options of the execution.
pub(super) fn run(
    client: &Client,
    plan: &Plan,
    run_id: &str,
    execution: Execution,
    watch: &mut Watch,
) -> Result<Outcome, Error> {
    block_on(drive(client, plan, run_id, execution, watch))?
}

async fn drive(
    client: &Client,
    plan: &Plan,
    run_id: &str,
    execution: Execution,
    watch: &mut Watch<'_>,
) -> Result<Outcome, Error> {
    let mut signals = Signals::listen()?;
    let began = Instant::now();
    let now_ms = || u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let seen = RefCell::new((watch, Trail::new(plan, run_id)));
    let tell = |t_ms: u64, events: &[Event]| {
        let (watch, trail) = &mut *seen.borrow_mut();
        for event in events {
            trail.see(event);
            watch.event(t_ms, event);
        }
    };
    let (abort, aborted) = oneshot::channel::<()>();
    let aborted = async { aborted.await.unwrap_or(()) };
    let mut abort = Some(abort);
    let mut run = pin!(http::drive(execution, client, tell, aborted));
    let outcome = loop {
        tokio::select! {
            outcome = &mut run => break outcome,
            () = signals.next() => match abort.take() {
                // The run has ended when nobody listens.
                Some(abort) => drop(abort.send(())),
                None => {
                    let outcome = seen.borrow().1.abandoned();
                    seen.borrow_mut().0.event(now_ms(), &outcome.event());
                    break outcome;
                }
            },
            () = time::sleep(Duration::from_millis(FRAME_MS)) => seen.borrow_mut().0.tick(now_ms()),
        }
    };
    seen.borrow_mut().0.end(now_ms(), &outcome);
    Ok(outcome)
}

/// Unique enough among the runs of one app: the time in milliseconds and the process, in base 36.
pub(super) fn run_id() -> String {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let mut number = since_epoch * 100_000 + u128::from(std::process::id() % 100_000);
    let mut digits = Vec::new();
    while number > 0 {
        digits.push(char::from_digit(u32::try_from(number % 36).unwrap_or(0), 36).unwrap_or('0'));
        number /= 36;
    }
    digits.into_iter().rev().collect()
}

fn words(why: &Why) -> String {
    match why {
        Why::Unauthorized { message } => format!("the token is not accepted ({message})"),
        Why::RateLimited { .. } => "too many requests; try again in a minute".to_owned(),
        Why::LeaseHeld { owner } => format!("{owner} holds a lease"),
        Why::NotYet => "it was not ready in time".to_owned(),
        Why::Other { status, message } => format!("{message} (status {status})"),
        Why::WrongState { message } | Why::NameTaken { message, .. } | Why::NoCapacity { message } => message.clone(),
    }
}

fn base_url() -> String {
    base_url_of(std::env::var("FLY_FLAPS_BASE_URL").ok())
}

fn releases_url() -> String {
    releases_url_of(std::env::var("FLY_UIEX_BASE_URL").ok(), &base_url())
}

/// Set to nothing, as a CI's missing setting is, it is not set.
fn base_url_of(given: Option<String>) -> String {
    given.filter(|url| !url.trim().is_empty()).unwrap_or_else(|| protocol::BASE_URL.to_owned())
}

/// Who points the Machines API elsewhere does not mean Fly's own releases.
fn releases_url_of(given: Option<String>, base_url: &str) -> String {
    let elsewhere = if base_url == protocol::BASE_URL { protocol::RELEASES_BASE_URL } else { base_url };
    given.filter(|url| !url.trim().is_empty()).unwrap_or_else(|| elsewhere.to_owned())
}

/// flyctl looks for them in this order.
const TOKENS: [&str; 2] = ["FLY_ACCESS_TOKEN", "FLY_API_TOKEN"];

const LIST_INSTEAD: &str = "pass a list: `fly machine list --json > machines.json`, then `--machines machines.json`";

/// Between two drawings of the terminal.
const FRAME_MS: u64 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_base_url_is_none() {
        let check = |given: Option<&str>, expected| {
            assert_eq!(base_url_of(given.map(str::to_owned)), expected);
        };
        check(None, "https://api.machines.dev");
        check(Some(""), "https://api.machines.dev");
        check(Some("http://127.0.0.1:4280"), "http://127.0.0.1:4280");
    }

    #[test]
    fn releases_stay_with_a_machines_api_that_is_elsewhere() {
        let url = |given: Option<&str>, base| releases_url_of(given.map(str::to_owned), base);
        assert_eq!(url(None, protocol::BASE_URL), "https://api.fly.io");
        assert_eq!(url(Some(""), "http://127.0.0.1:4280"), "http://127.0.0.1:4280");
        assert_eq!(url(Some("http://127.0.0.1:9"), "http://127.0.0.1:4280"), "http://127.0.0.1:9");
    }
}
