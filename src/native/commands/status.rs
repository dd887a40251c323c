//! `cutover status`: what became of a deploy that did not end, or goes on.

use super::unfinished::{Subject, Unfinished};
use crate::fleet::{Fleet, Machine};
use crate::native::error::{Error, Status};
use crate::native::journal::{Journal, utc};
use crate::native::terminal::Terminal;
use crate::plan::mark::{Direction, Marks};
use crate::plan::reconstruct;
use crate::render::text::Look;

/// See whether a deploy goes on, is held or did not end, and what to do next
///
/// Where it stands is read from the machines. Leases that hold tell a run that goes on from one that
/// was killed. Ends with 5 when the deploy is held, with 4 when somebody has to resume or abort it,
/// else with 0. Below stand the last runs from this computer.
#[derive(Debug, clap::Args)]
pub(in crate::native) struct Args {
    #[command(flatten)]
    subject: Subject,
}

pub(in crate::native) fn run(args: &Args, terminal: Terminal) -> Result<Status, Error> {
    let (plan, fleet) = args.subject.read()?;
    let app = args.subject.name(plan.as_ref())?;
    let unfinished = Unfinished::of(&fleet, plan.as_ref().map(|plan| plan.digest.as_str()));
    let at_work = AtWork::on(&fleet);
    let (text, status) = match &unfinished {
        Some(unfinished) => standing(&app, &fleet, unfinished, at_work.as_ref(), terminal.look()),
        None => (nothing(&app, at_work.as_ref()), Status::Done),
    };
    terminal.print(&(text + &Journal::of(&app).told()))?;
    Ok(status)
}

/// Whoever holds leases, as Fly lists those that hold.
struct AtWork<'a> {
    owner: &'a str,
    machines: usize,
    /// Seconds since the epoch, by Fly's clock.
    until_s: i64,
}

impl<'a> AtWork<'a> {
    fn on(fleet: &'a Fleet) -> Option<Self> {
        let leases = || fleet.machines.iter().filter_map(|machine| machine.lease.as_ref());
        let last = leases().max_by_key(|lease| lease.expires_at)?;
        let owner = if last.owner.is_empty() { "somebody" } else { &last.owner };
        Some(Self { owner, machines: leases().count(), until_s: last.expires_at })
    }

    fn told(&self) -> String {
        let noun = if self.machines == 1 { "machine" } else { "machines" };
        format!("{} holds the leases of {} {noun} until {}", self.owner, self.machines, utc(self.until_s))
    }
}

fn nothing(app: &str, at_work: Option<&AtWork>) -> String {
    let leased = at_work.map_or(String::new(), |at_work| format!("{}: somebody works on it.\n", at_work.told()));
    format!("No deploy is under way on {app}.\n{leased}")
}

fn standing(
    app: &str,
    fleet: &Fleet,
    unfinished: &Unfinished,
    at_work: Option<&AtWork>,
    look: Look,
) -> (String, Status) {
    let is_green = |machine: &Machine| Marks::of(machine).is_some_and(|marks| marks.plan == unfinished.plan);
    let has_moved = fleet.machines.iter().any(|machine| is_green(machine) && !machine.cordoned);
    let way = match unfinished.direction {
        _ if at_work.is_some() => "goes on",
        Some(Direction::Back) => "was being taken back, and is not yet",
        Some(Direction::Held) if has_moved => "is held: the traffic has moved, and its blues are kept",
        Some(Direction::Held) => "is held before its traffic moves",
        Some(Direction::Past) => "is past its point of no return, and not finished",
        Some(Direction::Forward) | None => "is neither finished nor taken back",
    };
    let head = format!("A deploy of {app} {way} (run {}, plan {}).", unfinished.run, unfinished.plan);
    let leased = at_work.map(|at_work| format!("{}; a run that was killed renews them no more.", at_work.told()));
    let mut out = look.wrap("", &head) + &leased.map_or(String::new(), |leased| look.wrap("", &leased)) + "\n";
    for machine in &fleet.machines {
        out.push_str(&line(machine, &unfinished.plan));
    }
    let (verbs, status) = match unfinished.direction {
        Some(Direction::Back | Direction::Past) => (&["resume"][..], Status::NeedsAttention),
        Some(Direction::Held) => (&["promote", "abort"][..], Status::Held),
        Some(Direction::Forward) | None => (&["resume", "abort"][..], Status::NeedsAttention),
    };
    let commands = match reconstruct(app, fleet) {
        Ok(_) => verbs.iter().map(|verb| format!("cutover {verb} --app {app}")).collect(),
        Err(refusal) => refusal.fix,
    };
    let (when, status) = match at_work {
        Some(_) => ("Should it not end", Status::Done),
        None => ("Next", status),
    };
    (out + &format!("\n{when}: {}\n", commands.join(", or ")), status)
}

fn line(machine: &Machine, plan: &str) -> String {
    let marks = Marks::of(machine).filter(|marks| marks.plan == plan);
    let colour = match marks {
        Some(Marks { replaces: Some(blue), .. }) => format!("green in the place of {blue}"),
        Some(Marks { slot, .. }) => slot,
        None => "blue, or not part of the deploy".to_owned(),
    };
    let cordoned = if machine.cordoned { ", cordoned" } else { "" };
    format!("  {}  {}  {}{cordoned}  {colour}\n", machine.id, machine.region, machine.state)
}
