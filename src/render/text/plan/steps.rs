//! The steps of a plan, a line for those that go side by side.

use anstyle::Style;

use super::super::look::{BOLD, DIM, GREEN, Look, NORMAL, RED, Table, YELLOW};
use crate::plan::{Op, Plan};
use crate::render::told::steps::{Run, Stage};

/// Steps of one kind share a line, and what belongs together a heading. Of many batches the first
/// ones and the last are told.
pub(super) fn steps(plan: &Plan, runs: &[Run], look: Look) -> String {
    if plan.steps.is_empty() {
        return "\nNothing to do.\n".to_owned();
    }
    let batches = runs.last().map_or(0, |run| run.batch + 1);
    let objects: Vec<String> = runs.iter().map(|run| run.object(plan)).collect();
    let widths = Widths::of(runs, &objects);
    let mut out = String::new();
    let (mut stage, mut batch) = (None, None);
    for (run, object) in runs.iter().zip(objects) {
        let is_hidden = batches > MOST_BATCHES && run.batch + 1 >= MOST_BATCHES && run.batch + 1 < batches;
        if batches > 1 && run.stage > Stage::Lock && batch != Some(run.batch) {
            (batch, stage) = (Some(run.batch), None);
            out.push_str(&batch_rule(run.batch, batches, is_hidden, look));
        }
        if is_hidden {
            continue;
        }
        if run.is_border {
            let rule = format!("── point of no return: {} ──", run.steps[0].id);
            let gap = if stage == Some(run.stage) { "\n" } else { "" };
            out.push_str(&format!("\n{}\n{gap}", look.paint(YELLOW.bold(), rule)));
        }
        if stage != Some(run.stage) {
            stage = Some(run.stage);
            out.push_str(&format!("\n{}\n", look.paint(BOLD, run.stage.heading(plan))));
        }
        out.push_str(&widths.line(plan, run, object, look));
    }
    out
}

/// Empty for those that are told as one.
fn batch_rule(batch: usize, batches: usize, is_hidden: bool, look: Look) -> String {
    let rule = match () {
        () if !is_hidden => format!("── batch {} of {batches} ──", batch + 1),
        () if batch + 1 == MOST_BATCHES => format!("── batches {} to {} are like these ──", batch + 1, batches - 1),
        () => return String::new(),
    };
    format!("\n{}\n", look.paint(BOLD, rule))
}

/// The columns of the steps, the same under every heading.
struct Widths {
    ids: usize,
    names: usize,
    objects: usize,
}

impl Widths {
    fn of(runs: &[Run], objects: &[String]) -> Self {
        let ids = runs.iter().map(|run| run.ids().chars().count());
        let names = runs.iter().map(|run| run.name().chars().count());
        let objects = objects.iter().map(|object| object.chars().count());
        Self {
            ids: ids.max().unwrap_or(0),
            names: names.max().unwrap_or(0),
            objects: objects.max().unwrap_or(0).min(WIDEST_OBJECT),
        }
    }

    /// With what then holds, where there is room for it.
    fn line(&self, plan: &Plan, run: &Run, object: String, look: Look) -> String {
        let mut table = Table::new(2);
        let head = [(DIM, format!("{:<1$}", run.ids(), self.ids)), (op_style(run.op), self.name(run))];
        match plan.operations.get(&run.op) {
            Some(operation) if look.width >= WIDE && run.is_about_machines() => {
                self.beside(&mut table, head, [&object, &operation.postcondition], look);
            }
            _ => table.row(head.into_iter().chain([(NORMAL, object)])),
        }
        table.render(look)
    }

    fn name(&self, run: &Run) -> String {
        format!("{:<1$}", run.name(), self.names)
    }

    /// Both texts in as many lines as the longer one needs.
    fn beside(&self, table: &mut Table, head: [(Style, String); 2], texts: [&str; 2], look: Look) {
        let rest = look.width.saturating_sub(self.ids + self.names + self.objects + GAPS);
        let [objects, outcomes] = [(texts[0], self.objects), (texts[1], rest)]
            .map(|(text, width)| Look { width, ..Look::default() }.wrap("", text));
        let (mut objects, mut outcomes) = (objects.lines(), outcomes.lines());
        let mut head = Some(head);
        loop {
            let (object, outcome) = (objects.next(), outcomes.next());
            if object.or(outcome).is_none() {
                return;
            }
            let head = head.take().unwrap_or_default();
            let object = format!("{:<1$}", object.unwrap_or_default(), self.objects);
            table.row(head.into_iter().chain([(NORMAL, object), (DIM, outcome.unwrap_or_default().to_owned())]));
        }
    }
}

fn op_style(op: Op) -> Style {
    match op {
        Op::Create | Op::Uncordon => GREEN,
        Op::ReleaseCommand | Op::Hold | Op::Cordon | Op::Stop => YELLOW,
        Op::Destroy => RED,
        _ => NORMAL,
    }
}

const MOST_BATCHES: usize = 3;

/// From here on there is room for what holds after a step.
const WIDE: usize = 110;
const WIDEST_OBJECT: usize = 56;

/// Between four columns, and before the first.
const GAPS: usize = 8;

#[cfg(test)]
mod tests {
    use super::super::plan;
    use super::*;
    use crate::render::text::sample;

    #[test]
    fn a_wide_terminal_is_told_what_holds_after_each_step() {
        let look = Look { width: 120, ..Look::default() };
        let text = plan(&sample::full(), look);
        let steps = text
            .split("\nLock the blues, run the release command\n")
            .nth(1)
            .unwrap()
            .split("\n\nThe way back")
            .next()
            .unwrap();
        insta::assert_snapshot!(steps, @r#"
          s1-s5     lease            5 blues: api (fra, iad), cron (iad), web (iad), worker    only this run can change it
                                     (iad)
          s7        release command  `bin/rails db:migrate`, at most 5m; nothing takes it      the command exited with 0 and its
                                     back                                                      machine is gone

        Make the greens, hidden from the proxy
          s8..s21   create           6 greens: api (fra, iad), web (iad×2), worker (iad×2)     it exists, cordoned: no request
                                                                                               reaches it
          s9..s19   wait started     4 greens: api (fra, iad), web (iad), worker (iad), at     it is started
                                     most 5m
          s10..s20  wait healthy     4 greens: api (fra, iad), web (iad), worker (iad), at     every check passes and did so for
                                     most 5m                                                   the stability time
          s22       machine check    1 check: api (iad), at most 1m                            its command exited with 0 and its
                                                                                               machine is gone
          s24       hold             ends here: `cutover promote` goes on, `cutover abort` goes back

        Switch the traffic
          s25-s26   uncordon         2 greens: api (fra, iad)                                  the proxy may route to it
          s27       settle           10s, for every proxy to hear of it
          s28       verify           a green that died meanwhile must not take over
          s29-s30   cordon           2 blues: api (fra, iad)                                   the proxy routes no new request
                                                                                               to it
          s31       settle           10s, for every proxy to hear of it
          s32-s35   uncordon         4 greens: web (iad×2), worker (iad×2)                     the proxy may route to it
          s36       settle           10s, for every proxy to hear of it
          s37       verify           a green that died meanwhile must not take over
          s38-s41   cordon           4 blues: web (iad×2), worker (iad×2)                      the proxy routes no new request
                                                                                               to it
          s42       settle           10s, for every proxy to hear of it
          s43       verify url       https://bazaar.example/version
          s44       bake             10m: the blues run on, without traffic

        Retire the blues
          s45-s48   drain            4 blues: api (fra, iad), web (iad), worker (iad), until   it is idle, or its time is over
                                     idle, at most 5m
          s49..s59  stop             6 blues: api (fra, iad), web (iad×2), worker (iad×2)      it was sent its signal
          s50..s60  wait stopped     6 blues: api (fra, iad), web (iad×2), worker (iad×2), at  it is stopped
                                     most 5m
          s61       verify           after this there is no way back: the greens must hold

        ── point of no return: s62 ──

          s62-s67   destroy          6 blues: api (fra, iad), web (iad×2), worker (iad×2)      it is gone, and cannot come back

        Remove the groups that fly.toml no longer names
          s68       cordon           1 blue: cron (iad)                                        the proxy routes no new request
                                                                                               to it
          s69       settle           10s, for every proxy to hear of it
          s70       stop             1 blue: cron (iad)                                        it was sent its signal
          s71       wait stopped     1 blue: cron (iad), at most 5m                            it is stopped
          s72       verify           after this there is no way back: the greens must hold
          s73       destroy          1 blue: cron (iad)                                        it is gone, and cannot come back
        "#);
    }

    #[test]
    fn of_many_batches_the_first_and_the_last_are_told() {
        let text = plan(&sample::batches(12), Look::default());
        let told: Vec<&str> = text.lines().filter(|line| line.starts_with("──")).collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        ── batch 1 of 12 ──
        ── point of no return: s10 ──
        ── batch 2 of 12 ──
        ── batches 3 to 11 are like these ──
        ── batch 12 of 12 ──
        "#);
        assert!(text.contains("changes like these"), "{text}");
    }
}
