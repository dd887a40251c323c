//! A plan as a reviewer reads it.

mod steps;

use anstyle::Style;

use super::look::{BLUE, BOLD, DIM, GREEN, Look, NORMAL, RED, Table, YELLOW};
use crate::facts;
use crate::plan::{Disposition, Plan, PlannedMachine, Step, Warning};
use crate::render::told::changes::{Changed, Kind, changes};
use crate::render::told::gates;
use crate::render::told::machines::{self, Group, groups};
use crate::render::told::serving::places;
use crate::render::told::steps::{Run, runs};
use crate::render::told::summary;
use crate::render::told::words::count;

/// What will be done to which machine, in which order, what serves meanwhile, and what can be
/// taken back.
pub fn plan(plan: &Plan, look: Look) -> String {
    let runs = runs(plan);
    let mut out = heading(plan, look);
    out.push_str(&machine_tables(plan, look));
    out.push_str(&differences(plan, look));
    out.push_str(&gates(plan, look));
    out.push_str(&steps::steps(plan, &runs, look));
    if let Some(text) = summary::way_back(plan) {
        out.push_str(&format!("\n{}\n{}", look.paint(BOLD, "The way back"), look.wrap("  ", &text)));
    }
    out.push_str(&serving(plan, &runs, look));
    out.push_str(&warnings(&plan.warnings, look));
    out.push_str(&closing(plan, look));
    out
}

fn heading(plan: &Plan, look: Look) -> String {
    let mut out = format!("{}\n\n", look.paint(BOLD, summary::title(plan)));
    if let Some(lede) = summary::lede(plan) {
        out.push_str(&look.wrap("", lede));
        out.push('\n');
    }
    let mut table = Table::new(2);
    for (name, value) in summary::facts(plan) {
        table.row([(DIM, name.to_owned()), (NORMAL, value)]);
    }
    out.push_str(&table.render(look));
    out
}

/// One table per group, or the beginnings of them where there are very many machines.
fn machine_tables(plan: &Plan, look: Look) -> String {
    let groups = groups(plan);
    let rows = if plan.machines.len() > MANY { FEW_ROWS } else { MANY };
    let mut out = String::new();
    for group in groups.iter().take(MOST_GROUPS) {
        let head = format!("{}  ", look.paint(BOLD, group.title()));
        out.push_str(&format!("\n{}", look.hang(&head, 4, &group.summary())));
        out.push_str(&machine_table(plan, group, rows, look));
    }
    let (more, machines) = groups
        .iter()
        .skip(MOST_GROUPS)
        .fold((0, 0), |(groups, machines), group| (groups + 1, machines + group.observed.len() + group.added.len()));
    if more > 0 {
        let (more, machines) = (count(more, "more group"), count(machines, "machine"));
        out.push_str(&format!("\nand {more} with {machines}: `--format json` has all of them\n"));
    }
    out
}

fn machine_table(plan: &Plan, group: &Group, rows: usize, look: Look) -> String {
    let mut table = Table::new(2);
    let observed = group.observed.iter().map(|machine| machine_row(plan, machine));
    let added = group.added.iter().map(|step| added_row(step));
    let all = group.observed.len() + group.added.len();
    for row in observed.chain(added).take(rows) {
        table.row(row);
    }
    let more = if all > rows { format!("  and {} more\n", all - rows) } else { String::new() };
    table.render(look) + &more
}

fn machine_row(plan: &Plan, machine: &PlannedMachine) -> [(Style, String); 5] {
    [
        (BLUE, machine.id.clone()),
        (NORMAL, machine.region.to_string()),
        (NORMAL, machines::state(machine)),
        (disposition_style(machine.disposition), machines::disposition_name(machine.disposition).to_owned()),
        (NORMAL, machines::why(plan, machine)),
    ]
}

fn added_row(step: &Step) -> [(Style, String); 5] {
    [
        (GREEN, step.slot.clone().unwrap_or_default()),
        (NORMAL, step.region.as_deref().unwrap_or_default().to_owned()),
        (DIM, "-".into()),
        (GREEN, "create".into()),
        (NORMAL, step.why.to_string()),
    ]
}

fn differences(plan: &Plan, look: Look) -> String {
    let changed = changes(plan);
    if changed.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{}\n", look.paint(BOLD, "What changes from blue to green"));
    for group in changed.iter().take(MOST_GROUPS) {
        out.push_str(&difference(group, look));
    }
    if changed.len() > MOST_GROUPS {
        out.push_str(&format!("  and in {}\n", count(changed.len() - MOST_GROUPS, "more group")));
    }
    out
}

fn difference(group: &Changed, look: Look) -> String {
    let mut table = Table::new(4);
    for line in &group.lines {
        let style = match line.kind {
            Kind::Added => GREEN,
            Kind::Changed => YELLOW,
            Kind::Removed => RED,
        };
        let note = if line.note.is_empty() { String::new() } else { format!("  ({})", line.note) };
        let path = format!("{} {}", line.kind.mark(), line.path);
        table.row([(style, path), (NORMAL, format!("{}{note}", line.value))]);
    }
    let more = if group.more > 0 { format!("    and {} more\n", group.more) } else { String::new() };
    format!("  {}\n{}{more}", group.group, table.render(look))
}

fn gates(plan: &Plan, look: Look) -> String {
    let gates = gates::gates(plan);
    if gates.is_empty() {
        return String::new();
    }
    let mut table = Table::new(2);
    for (group, gate) in gates.iter().take(MOST_GROUPS) {
        table.row([(NORMAL, (*group).to_owned()), (NORMAL, gate.clone())]);
    }
    let more = gates.len().saturating_sub(MOST_GROUPS);
    let more = if more > 0 { format!("  and in {}\n", count(more, "more group")) } else { String::new() };
    format!("\n{}\n{}{more}", look.paint(BOLD, "What must pass before a green gets traffic"), table.render(look))
}

/// Per group and region: how many machines serve now, and after each run of steps that changes it.
fn serving(plan: &Plan, runs: &[Run], look: Look) -> String {
    let places = places(plan, runs);
    if places.is_empty() {
        return String::new();
    }
    let mut table = Table::new(2);
    for place in places.iter().take(MOST_PLACES) {
        let story = format!("{}; {}", place.story, place.promise());
        table.row([(NORMAL, place.group.to_owned()), (NORMAL, place.region.to_owned()), (NORMAL, story)]);
    }
    let more = places.len().saturating_sub(MOST_PLACES);
    let more = if more > 0 { format!("  and {} in the same way\n", count(more, "more place")) } else { String::new() };
    format!("\n{}\n{}{more}", look.paint(BOLD, "Machines serving"), table.render(look))
}

fn warnings(warnings: &[Warning], look: Look) -> String {
    let mut out = String::new();
    for warning in warnings {
        out.push_str(&format!("\n{}\n", look.paint(YELLOW.bold(), format!("warning[{}]", warning.code))));
        out.push_str(&look.wrap("  ", &facts::veiled(&warning.message)));
    }
    out
}

fn closing(plan: &Plan, look: Look) -> String {
    let digest = look.paint(DIM, format!("digest {}", plan.digest));
    if plan.steps.is_empty() {
        return format!("\n{digest}\n");
    }
    format!("\n{}.\n{digest}\n", look.paint(BOLD, summary::sum(plan)))
}

fn disposition_style(disposition: Disposition) -> Style {
    match disposition {
        Disposition::Replace | Disposition::Leftover => YELLOW,
        Disposition::Keep => GREEN,
        Disposition::Remove | Disposition::Sweep | Disposition::Unreachable => RED,
        Disposition::Ignore => DIM,
    }
}

/// Machines that are told one by one; of more, the first of each group are.
const MANY: usize = 100;
const FEW_ROWS: usize = 3;
const MOST_GROUPS: usize = 12;
const MOST_PLACES: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::text::sample;

    #[test]
    fn a_plan_for_review() {
        insta::assert_snapshot!(plan(&sample::plan(), Look::default()), @r#"
        Blue-green deploy of shop

        A new machine (green) is made and checked beside each one that is replaced
        (blue), without traffic. Then the traffic moves to the greens, and only then the
        blues are destroyed.

          image     registry.fly.io/shop:v2
          from      fly.toml (sha256 5f2b8c0d9e7a)
          policy    leave 9080e6f3a12d45 alone
          defaults  wait up to 5m for each machine; settle 10s; never fewer machines
                    serving than now; 8 calls at once; drain 0.5s

        app  2 to replace, now on registry.fly.io/shop:v1
          148e2d3f7b1c89  iad  started  replace  it runs another image than shop:v2
          3d8d7dc0b62e89  fra  started  replace  it runs another image than shop:v2

        worker  1 left alone, now on registry.fly.io/shop:v1
          9080e6f3a12d45  iad  started  ignore  it was excluded

        Lock the blues
          s1-s2    lease         2 blues: app (fra, iad)

        Make the greens, hidden from the proxy
          s3-s4    create        2 greens: app (fra, iad)
          s5-s6    wait started  2 greens: app (fra, iad)
          s7-s8    wait healthy  2 greens: app (fra, iad)

        Switch the traffic
          s10-s11  uncordon      2 greens: app (fra, iad)
          s12      settle        10s, for every proxy to hear of it
          s13      verify        every green is read again
          s14-s15  cordon        2 blues: app (fra, iad)
          s16      settle        10s, for every proxy to hear of it

        ── point of no return: s17 ──

        Retire the blues
          s17-s18  destroy       2 blues: app (fra, iad)

        The way back
          Before s17, an abort (Ctrl-C) or a failure gives the blues their traffic back,
          takes it from the greens, destroys the greens and releases the leases. From
          s17 on, it finishes forward.

        Machines serving
          app  fra  1 now, 2 after uncordon, 1 after cordon; never below 1
          app  iad  1 now, 2 after uncordon, 1 after cordon; never below 1

        warning[strategy-differs]
          fly.toml says `rolling`; this plan is blue-green whatever the file says

        18 steps: 2 machines to create, 2 to destroy.
        digest sha256:0d9f
        "#);
    }

    #[test]
    fn everything_that_a_plan_can_say() {
        insta::assert_snapshot!(plan(&sample::full(), Look::default()), @r#"
        Blue-green deploy of bazaar

        A new machine (green) is made and checked beside each one that is replaced
        (blue), without traffic. Then the traffic moves to the greens, and only then the
        blues are destroyed.

          image     registry.fly.io/bazaar:v8
          from      fly.toml (sha256 5f2b8c0d9e7a)
          machines  8 now, at most 15 at once, 7 afterwards
          extra     up to 7 machines more than now (6 CPUs and 3.0 GB), until the deploy
                    is promoted or aborted: billed while running, and counted by the
                    organization's limit
          time      about 12m40s; 41m10s if every wait lasts as long as it may
          calls     94 to the Machines API
          policy    checks must pass for 30s; hold before the traffic moves; at least
                    50% of each group and region serving; traffic moves in this order:
                    api; then ask https://bazaar.example/version; bake 10m; drain until
                    idle, at most 5m
          defaults  wait up to 5m for each machine; settle 10s; 8 calls at once

        api  2 to replace, now on registry.fly.io/bazaar:v7
          3d8d7dc0b62e89  iad  started  replace  it runs another image than bazaar:v8
          48ed713b024a68  fra  started  replace  it runs another image than bazaar:v8

        cron  1 to remove, now on registry.fly.io/bazaar:v7
          7811ee5b7d2908  iad  started  remove  fly.toml does not name its group any
                                                more

        web  2 to replace, now on registry.fly.io/bazaar:v7
          1781e5a0b2d048  iad  started  replace  it runs another image than bazaar:v8
          286ed6df9c2e78  iad  stopped  replace  it runs another image than bazaar:v8

        worker  2 to replace, now on registry.fly.io/bazaar:v7
          5683d97ec14518  iad  started  replace  it runs another image than bazaar:v8
          6e82dd7ef10287  iad  stopped  replace  it runs another image than bazaar:v8

        without a group  1 left alone, now on registry.fly.io/bazaar:v7
          9080e6f3a12d45  iad  started  ignore  Fly Launch does not manage it

        What changes from blue to green
          api
            ~ env.DATABASE_PASSWORD  <masked> → <masked>
            ~ image                  registry.fly.io/bazaar:v7 →
                                     registry.fly.io/bazaar:v8
            ~ guest.memory_mb        256 → 512 (on 1 of 2 machines)
          web
            + env.FEATURE_CART         on
            ~ image                    registry.fly.io/bazaar:v7 →
                                       registry.fly.io/bazaar:v8
            - services[0].force_https  true

        What must pass before a green gets traffic
          api     the check of its service on port 8080; 1 machine check
          web     the check of its service on port 8080
          worker  the check of its service on port 8080

        Lock the blues, run the release command
          s1-s5     lease            5 blues: api (fra, iad), cron (iad), web (iad),
                                     worker (iad)
          s7        release command  `bin/rails db:migrate`, at most 5m; nothing takes
                                     it back

        Make the greens, hidden from the proxy
          s8..s21   create           6 greens: api (fra, iad), web (iad×2), worker
                                     (iad×2)
          s9..s19   wait started     4 greens: api (fra, iad), web (iad), worker (iad),
                                     at most 5m
          s10..s20  wait healthy     4 greens: api (fra, iad), web (iad), worker (iad),
                                     at most 5m
          s22       machine check    1 check: api (iad), at most 1m
          s24       hold             ends here: `cutover promote` goes on, `cutover
                                     abort` goes back

        Switch the traffic
          s25-s26   uncordon         2 greens: api (fra, iad)
          s27       settle           10s, for every proxy to hear of it
          s28       verify           a green that died meanwhile must not take over
          s29-s30   cordon           2 blues: api (fra, iad)
          s31       settle           10s, for every proxy to hear of it
          s32-s35   uncordon         4 greens: web (iad×2), worker (iad×2)
          s36       settle           10s, for every proxy to hear of it
          s37       verify           a green that died meanwhile must not take over
          s38-s41   cordon           4 blues: web (iad×2), worker (iad×2)
          s42       settle           10s, for every proxy to hear of it
          s43       verify url       https://bazaar.example/version
          s44       bake             10m: the blues run on, without traffic

        Retire the blues
          s45-s48   drain            4 blues: api (fra, iad), web (iad), worker (iad),
                                     until idle, at most 5m
          s49..s59  stop             6 blues: api (fra, iad), web (iad×2), worker
                                     (iad×2)
          s50..s60  wait stopped     6 blues: api (fra, iad), web (iad×2), worker
                                     (iad×2), at most 5m
          s61       verify           after this there is no way back: the greens must
                                     hold

        ── point of no return: s62 ──

          s62-s67   destroy          6 blues: api (fra, iad), web (iad×2), worker
                                     (iad×2)

        Remove the groups that fly.toml no longer names
          s68       cordon           1 blue: cron (iad)
          s69       settle           10s, for every proxy to hear of it
          s70       stop             1 blue: cron (iad)
          s71       wait stopped     1 blue: cron (iad), at most 5m
          s72       verify           after this there is no way back: the greens must
                                     hold
          s73       destroy          1 blue: cron (iad)

        The way back
          Before s62, an abort (Ctrl-C) or a failure starts the blues again, gives the
          blues their traffic back, takes it from the greens, destroys the greens and
          releases the leases. From s62 on, it finishes forward. What `bin/rails
          db:migrate` did stays done in any case: the blues must be able to live with
          it.

        Machines serving
          api     fra  2 now, 3 after uncordon, 2 after cordon; never below 2 (floor 1)
          api     iad  2 now, 3 after uncordon, 2 after cordon; never below 2 (floor 1)
          cron    iad  2 now, 1 after cordon; never below 1
          web     iad  2 now, 4 after uncordon, 2 after cordon; never below 2 (floor 1)
          worker  iad  2 now, 4 after uncordon, 2 after cordon; never below 2 (floor 1)

        warning[group-removed]
          fly.toml does not name group cron: its machines are destroyed, last of all

        warning[image-not-pinned]
          `registry.fly.io/bazaar:v8` is a tag, and tags can move: name it with its
          digest

        73 steps: 6 machines to create, 7 to destroy.
        digest sha256:0d9f
        "#);
    }

    #[test]
    fn a_plan_for_thousands_of_machines_stays_readable() {
        let text = plan(&sample::batches(3_000), Look::default());
        assert!(text.lines().count() < 120, "{} lines", text.lines().count());
        for told in ["  and 2997 more\n", "── batches 3 to 2999 are like these ──\n"] {
            assert!(text.contains(told), "{told:?} is not in {text}");
        }
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [60, 80, 120] {
            for planned in [sample::plan(), sample::full(), sample::batches(12)] {
                let text = plan(&planned, Look { width, ..Look::default() });
                let is_digest = |line: &str| line.starts_with("digest ");
                let wide = text.lines().find(|line| !is_digest(line) && line.chars().count() > width);
                assert_eq!(wide, None, "at {width}");
            }
        }
    }
}
