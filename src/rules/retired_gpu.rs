//! GPUs, which Fly has no more.

use super::{Given, Persona, Rule, Sink};
use crate::diagnostic::{Flyctl, Severity};
use crate::facts::{self, Facts};

pub(super) const RULE: Rule = Rule {
    id: "retired-gpu",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::FailsDeploy,
    summary: "a machine with a GPU",
    why: "Fly announced in February 2026 that machines with GPUs would be unavailable after 1 August, and removed \
          them from its documentation on 5 August. flyctl still knows their sizes and accepts the file.",
    bad: "app = \"shop\"\n\n[[vm]]\nsize = \"a10\"\n",
    good: "app = \"shop\"\n\n[[vm]]\nsize = \"performance-8x\"\n",
    given: Given::NOTHING,
    source: "superfly/docs#2345, superfly/docs#2449",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    let config = facts.config();
    let release = config.deploy.as_ref().and_then(|deploy| deploy.release_command_vm.as_ref());
    for vm in config.vm.iter().chain(release) {
        if facts::size(vm, config).is_some_and(|size| size.has_gpu) {
            let gpus = vm.gpus.as_ref().map(|gpus| gpus.span);
            let place = vm.gpu_kind.as_ref().or(vm.size.as_ref()).map(|written| written.span).or(gpus);
            sink.report(place.unwrap_or(vm.span), "Fly has had no GPUs since August 2026")
                .help("use a machine without a GPU, or another place for this work");
        }
    }
}
