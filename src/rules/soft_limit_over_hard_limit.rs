//! A soft limit that is never reached.

use super::{Given, Persona, Rule, Sink};
use crate::config::Concurrency;
use crate::diagnostic::{Edit, Flyctl, Safety, Severity};
use crate::facts::Facts;
use crate::limits;

pub(super) const RULE: Rule = Rule {
    id: "soft-limit-over-hard-limit",
    persona: Persona::Regular,
    severity: Severity::Warning,
    flyctl: Flyctl::Silent,
    summary: "a `soft_limit` over the `hard_limit`",
    why: "From its soft limit on a machine is given less traffic and others are started; at the hard limit it gets \
          none. A soft limit over the hard one is never reached: the proxy starts no other machine before requests \
          queue up. Without a `soft_limit` it is 20.",
    bad: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[http_service.concurrency]\n\
          type = \"requests\"\nsoft_limit = 250\nhard_limit = 200\n",
    good: "app = \"shop\"\n\n[http_service]\ninternal_port = 8080\n\n[http_service.concurrency]\n\
           type = \"requests\"\nsoft_limit = 200\nhard_limit = 250\n",
    given: Given::NOTHING,
    source: "superfly/docs reference/configuration: services.concurrency; reference/fly-proxy-autostop-autostart",
    check,
};

fn check(facts: &Facts, sink: &mut Sink) {
    for limits in facts.services().iter().filter_map(|service| service.concurrency) {
        compare(sink, limits);
    }
}

fn compare(sink: &mut Sink, concurrency: &Concurrency) {
    let Some(hard) = concurrency.hard_limit.as_ref().filter(|hard| hard.value > 0) else { return };
    match concurrency.soft_limit.as_ref().filter(|soft| soft.value != 0) {
        Some(soft) if soft.value > hard.value => {
            let exchange = vec![(soft.span, hard.value), (hard.span, soft.value)];
            let mut edits: Vec<Edit> =
                exchange.into_iter().map(|(span, number)| Edit { span, text: number.to_string() }).collect();
            edits.sort();
            let finding = sink
                .report(soft.span, format!("the soft limit {} is never reached: {} is the end", soft.value, hard.value))
                .help("exchange the two");
            if soft.span != hard.span {
                finding.label(hard.span, "from here on a machine gets nothing").fix(
                    Safety::Unsafe,
                    "exchange the limits",
                    edits,
                );
            }
        }
        None if hard.value < limits::SOFT_LIMIT_DEFAULT => {
            sink.report(
                hard.span,
                format!(
                    "under the soft limit, which is {} when unset: it is never reached",
                    limits::SOFT_LIMIT_DEFAULT
                ),
            )
            .help(format!("add a `soft_limit` under {}", hard.value));
        }
        _ => {}
    }
}
