//! `cutover apply`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;

use super::plan::duration_ms;
use super::show::{self, read_plan};
use crate::execute::{Execution, Intent, Options};
use crate::native::access::Access;
use crate::native::error::{Error, Status};
use crate::native::journal::Attempt;
use crate::native::live;
use crate::native::terminal::Terminal;
use crate::native::watch::Watch;
use crate::render;

/// Carry out exactly a saved plan on Fly.io
///
/// First reads the machines again: when they are no longer those of the plan, nothing is touched
/// and the exit status is 6. Ctrl-C, SIGTERM and SIGHUP take back what was done, or finish when the
/// first blue is already destroyed; a second one stops at once and says what is left. Needs a token
/// in FLY_API_TOKEN or FLY_ACCESS_TOKEN, in a file, or from flyctl.
#[derive(Debug, clap::Args)]
pub(in crate::native) struct Args {
    /// What `cutover plan -o PLAN` wrote
    #[arg(value_name = "PLAN")]
    plan: PathBuf,

    #[command(flatten)]
    running: Running,

    #[command(flatten)]
    access: Access,
}

/// What `apply` and `deploy` both ask for.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Running {
    /// Do not ask
    #[arg(long, short)]
    pub(super) yes: bool,

    /// Print events for programs, one JSON object a line, and nothing else on standard output
    #[arg(long, value_name = "FORM")]
    events: Option<Events>,

    /// For how long a lease is taken; it is renewed when a third of it is left, and blocks others
    /// that long when this process dies
    #[arg(long, value_name = "DUR", default_value = "13s", value_parser = lease_s)]
    lease_ttl: u64,

    /// How long to wait for a lease that somebody else holds
    #[arg(long, value_name = "DUR", default_value = "0s", value_parser = duration_ms)]
    lease_wait: u64,
}

/// How to tell programs what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Events {
    Jsonl,
}

impl Running {
    pub(super) fn options(self, run: String) -> Options {
        let mut options = Options::new(run);
        options.lease_ttl_s = self.lease_ttl;
        options.lease_wait_ms = self.lease_wait;
        options
    }

    pub(super) fn is_jsonl(self) -> bool {
        self.events.is_some()
    }
}

fn lease_s(text: &str) -> Result<u64, String> {
    match duration_ms(text)? {
        0 => Err("Fly takes no lease that is over at once: 1s or more is expected".to_owned()),
        ms if ms % 1_000 > 0 => Err("Fly counts leases in whole seconds, such as 13s".to_owned()),
        ms => Ok(ms / 1_000),
    }
}

pub(in crate::native) fn run(args: &Args, terminal: Terminal) -> Result<Status, Error> {
    let plan = Arc::new(read_plan(&args.plan)?);
    let client = args.access.client(&plan.app)?;
    if !args.running.yes {
        terminal.say(&render::text::plan(&plan, terminal.error_look()));
        if !terminal.confirm(&format!("Carry out this plan on {}?", plan.app))? {
            terminal.say("Nothing was touched.\n");
            return Ok(Status::No);
        }
    }
    let mut watch = Watch::new(&plan, args.running.is_jsonl(), terminal);
    let options = args.running.options(live::run_id());
    let run = options.run.clone();
    let handle = show::handle(&args.plan);
    let attempt = Attempt { command: "apply", run: &run, handle: &handle, plan: &plan.digest, intent: Intent::Forward };
    live::run(&client, &plan, &attempt, Execution::new(Arc::clone(&plan), options), &mut watch)
}
