//! Volumes that the machines have, and others in the file.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Given, Persona, Rule, Sink};
use crate::config::Mount;
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::Facts;
use crate::fleet::MachineConfig;
use crate::span::Span;

pub(super) const RULE: Rule = Rule {
    id: "volume-differs-from-fleet",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Warns,
    summary: "a group whose machines have other volumes than the file mounts",
    why: "A volume cannot be given to a machine, taken from it or exchanged. When the file mounts one and a machine \
          has none, a deploy replaces the machine and needs a free volume in its region. When the machine has one and \
          the file mounts none, flyctl asks before it detaches the volume, and in CI fails. A volume of another name \
          it refuses to exchange.",
    bad: "app = \"shop\"\nprimary_region = \"iad\"\n\n[http_service]\ninternal_port = 8080\n\n\
          [[mounts]]\nsource = \"data\"\ndestination = \"/data\"\n",
    good: "app = \"shop\"\nprimary_region = \"iad\"\n\n[http_service]\ninternal_port = 8080\n\n\
           [[mounts]]\nsource = \"shop_data\"\ndestination = \"/data\"\n",
    given: Given::fleet(FLEET),
    source: "flyctl internal/command/deploy/machines.go: validateVolumeConfig",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    let mounts = config.by_group(config.mounts.iter().map(|mount| (&mount.processes, mount)));
    for group in config.group_names() {
        let mount = mounts.get(group).and_then(|mounts| mounts.first().copied());
        let mut faults: BTreeMap<Fault, Vec<&str>> = BTreeMap::new();
        for machine in facts.managed_in(group) {
            if let Some(fault) = machine.config.as_ref().and_then(|running| fault(mount, running)) {
                faults.entry(fault).or_default().push(&machine.id);
            }
        }
        for (fault, machines) in faults {
            report(sink, mount.map_or(facts.place_of(group), |mount| mount.span), &fault, &machines.join(", "));
        }
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    NotMounted,
    NotAttached,
    OtherName(String),
}

/// flyctl, too, looks at the first volume and lets one without a name be.
fn fault(mount: Option<&Mount>, running: &MachineConfig) -> Option<Fault> {
    let attached = running.get("mounts").and_then(Value::as_array).and_then(|mounts| mounts.first());
    match (mount, attached) {
        (None, Some(_)) => Some(Fault::NotMounted),
        (Some(_), None) => Some(Fault::NotAttached),
        (Some(mount), Some(attached)) => {
            let name = attached.get("name").and_then(Value::as_str).filter(|name| !name.is_empty())?;
            let source = mount.source.as_ref().filter(|source| !source.is_empty())?;
            (source.value != name).then(|| Fault::OtherName(name.to_owned()))
        }
        (None, None) => None,
    }
}

fn report(sink: &mut Sink, place: Span, fault: &Fault, machines: &str) {
    match fault {
        Fault::NotMounted => sink
            .report(place, format!("{machines} has a volume, and the file mounts none: flyctl asks, and fails in CI"))
            .flyctl(Flyctl::FailsDeploy)
            .help("mount it here, or let `fly deploy --yes` detach it"),
        Fault::NotAttached => sink
            .report(place, format!("{machines} has no volume: a deploy replaces it, and needs a free volume there"))
            .help("make one in the region of each machine: `fly volumes create`"),
        Fault::OtherName(name) => sink
            .report(place, format!("{machines} has volume `{name}`, and no deploy exchanges it"))
            .severity(Severity::Error)
            .flyctl(Flyctl::FailsDeploy)
            .help(format!("mount `{name}`, or replace the machines by new ones")),
    };
}

const FLEET: &str = r#"[
  {"id": "3287e0a1", "state": "started", "region": "iad",
   "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "app"},
              "mounts": [{"volume": "vol_4xk9q2", "name": "shop_data", "path": "/data"}]}},
  {"id": "3287e0a2", "state": "started", "region": "iad",
   "image_ref": {"repository": "shop", "tag": "v1"},
   "config": {"metadata": {"fly_platform_version": "v2", "fly_process_group": "app"},
              "mounts": [{"volume": "vol_4xk9q2", "name": "shop_data", "path": "/data"}]}}
]"#;
