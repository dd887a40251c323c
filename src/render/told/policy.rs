//! A policy in words: what differs from the defaults, and what they are.

use super::words::{count, list, whole_seconds};
use crate::facts;
use crate::plan::{Drain, Floor, Policy};
use crate::render::mask;

/// One thing that a policy says.
pub(in crate::render) struct Said {
    pub(in crate::render) text: String,
    pub(in crate::render) is_default: bool,
}

/// What a reader has to know, in the order of a deploy; a default that does nothing is not told.
pub(in crate::render) fn policy(policy: &Policy) -> Vec<Said> {
    let standard = Policy::default();
    let mut told = scope(policy);
    if policy.cleanup {
        return told;
    }
    told.extend(greens(policy, &standard));
    told.extend(traffic(policy, &standard));
    told.extend(blues(policy, &standard));
    told
}

fn scope(policy: &Policy) -> Vec<Said> {
    let only = (!policy.groups.is_empty()).then(|| format!("only {}", list(&policy.groups)));
    let without =
        (!policy.exclude_machines.is_empty()).then(|| format!("leave {} alone", list(&policy.exclude_machines)));
    let first = policy.first_deploy.then(|| "first deploy".to_owned());
    [only, without, first].into_iter().flatten().map(differs).collect()
}

fn greens(policy: &Policy, standard: &Policy) -> Vec<Said> {
    let mut told = vec![Said {
        text: format!("wait up to {} for each machine", whole_seconds(policy.wait_ms())),
        is_default: policy.wait_ms() == standard.wait_ms(),
    }];
    if policy.stability_ms > 0 {
        told.push(differs(format!("checks must pass for {}", whole_seconds(policy.stability_ms))));
    }
    for (on, what) in [
        (policy.verify_stopped, "greens of machines at rest are started too"),
        (policy.allow_unchecked, "groups without checks allowed"),
        (!policy.high_availability, "one machine for a new group"),
        (policy.hold, "hold before the traffic moves"),
    ] {
        told.extend(on.then(|| differs(what.to_owned())));
    }
    let secrets = policy.secrets_version.map(|version| format!("secrets of version {version} or newer"));
    told.extend(secrets.map(differs));
    told.extend(policy.surge.map(|surge| differs(format!("at most {surge} greens at a time"))));
    told
}

fn traffic(policy: &Policy, standard: &Policy) -> Vec<Said> {
    let mut told = vec![Said {
        text: format!("settle {}", whole_seconds(policy.settle_ms)),
        is_default: policy.settle_ms == standard.settle_ms,
    }];
    told.push(match policy.floor {
        None => Said { text: "never fewer machines serving than now".to_owned(), is_default: true },
        Some(Floor::Machines(machines)) => differs(format!("at least {machines} of each group and region serving")),
        Some(Floor::Percent(percent)) => differs(format!("at least {percent}% of each group and region serving")),
    });
    if !policy.group_order.is_empty() {
        told.push(differs(format!("traffic moves in this order: {}", policy.group_order.join(", "))));
    }
    if let Some(url) = &policy.verify_url {
        told.push(differs(format!("then ask {}", mask::address(url))));
    }
    told.push(Said {
        text: format!("{} at once", count(usize::try_from(policy.concurrency).unwrap_or(usize::MAX), "call")),
        is_default: policy.concurrency == standard.concurrency,
    });
    told
}

fn blues(policy: &Policy, standard: &Policy) -> Vec<Said> {
    let mut told = Vec::new();
    if policy.bake_ms > 0 {
        told.push(differs(format!("bake {}", whole_seconds(policy.bake_ms))));
    }
    let timeout = whole_seconds(policy.drain_timeout_ms);
    told.push(match policy.drain {
        Drain::Fixed if policy.drain_timeout_ms == 0 => differs("no drain".to_owned()),
        Drain::Fixed => {
            Said { text: format!("drain {timeout}"), is_default: policy.drain_timeout_ms == standard.drain_timeout_ms }
        }
        Drain::UntilIdle => differs(format!("drain until idle, at most {timeout}")),
    });
    if let Some(command) = &policy.idle_command {
        told.push(differs(format!("idle when `{}` exits with 0", facts::veiled(command))));
    }
    if policy.keep_blue {
        told.push(differs("hold before the blues are stopped".to_owned()));
    }
    told
}

fn differs(text: String) -> Said {
    Said { text, is_default: false }
}
