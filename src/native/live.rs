//! Carries out a plan on the Machines API: the loop between the execution and the world.

use std::cell::RefCell;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::oneshot;
use tokio::time;

use super::block_on;
use super::error::{Error, Kind, Status};
use super::http::{self, Client, UNTRUSTED};
use super::journal::{Attempt, Journal};
use super::signals::Signals;
use super::watch::Watch;
use crate::execute::{Answer, Event, Execution, Outcome, Reply, Trail, Why};
use crate::fleet::{self, Fleet};
use crate::plan::Plan;
use crate::protocol::About;

/// The machines of an app, its volumes and what is known of itself, read from the API.
pub(super) fn fleet(app: &str, client: &Client) -> Result<Fleet, Error> {
    let failed = |why: String| Error::new(Kind::Access, why);
    // Side by side: an API that does not answer is waited for only once.
    let (listed, app_text, volumes_text) =
        block_on(async { tokio::join!(client.machines(), client.read(About::App), client.read(About::Volumes)) })?;
    match listed {
        // Without the others the machines still say what they mount, and the list vouches for itself.
        Reply::Done(Answer::Machines(machines)) => Ok(Fleet {
            machines: machines.into_iter().map(Arc::unwrap_or_clone).collect(),
            volumes: volumes_text.and_then(|text| fleet::volumes(&text).ok()),
            app: app_text.and_then(|text| serde_json::from_str(&text).ok()),
            gaps: Vec::new(),
        }),
        Reply::Absent => Err(failed(format!("Fly.io knows no app `{app}`, or the token is not for it"))),
        Reply::Refused(why) => {
            Err(failed(format!("the Machines API does not list the machines of `{app}`: {}", words(&why))))
        }
        Reply::Done(_) => Err(failed(format!("what lists the machines of `{app}` is no list"))),
        Reply::Unknown(why) => {
            let error = failed(format!("the machines of `{app}` could not be read: {why}"));
            Err(if why.contains(UNTRUSTED) { error.hint(NAME_CERTIFICATES) } else { error })
        }
    }
}

/// Runs to the end, and notes in the journal that it did. A signal takes back what was done; a
/// second one stops at once.
pub(super) fn run(
    client: &Client,
    plan: &Plan,
    attempt: &Attempt,
    execution: Execution,
    watch: &mut Watch,
) -> Result<Status, Error> {
    let journal = Journal::of(&plan.app);
    let began = Instant::now();
    let id = run_id();
    let is_noted = watch.hear(journal.begin(&id, attempt, plan));
    let trail = execution.trail(attempt.handle.clone());
    let outcome = block_on(drive(client, trail, execution, watch))??;
    let status = Status::from(outcome.kind);
    if is_noted {
        watch.hear(journal.end(&id, outcome.kind, status, began.elapsed()));
    }
    Ok(status)
}

async fn drive(client: &Client, trail: Trail, execution: Execution, watch: &mut Watch<'_>) -> Result<Outcome, Error> {
    let mut signals = Signals::listen()?;
    let began = Instant::now();
    let now_ms = || u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let seen = RefCell::new((watch, trail));
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
                Some(abort) => {
                    seen.borrow_mut().0.asked_to_end(now_ms());
                    let _ = abort.send(());
                }
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

/// Unique enough among the runs of one app, and their attempts: the time in milliseconds and the process, in base 36.
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

const NAME_CERTIFICATES: &str = "behind a company's proxy, name its certificates: `--ca-file FILE`";

/// Between two drawings of the terminal.
const FRAME_MS: u64 = 100;
