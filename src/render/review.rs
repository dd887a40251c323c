//! A plan, or why there is none, as Markdown for a pull request: what matters in sight, the rest
//! folded away, the course of the deploy as a Mermaid diagram. Names come from other people's files:
//! none may end a table, ping somebody or become a tag.

use std::collections::BTreeMap;
use std::ops::Range;

use super::told::changes::{Changed, Kind, changes};
use super::told::gates::gates;
use super::told::machines::{self, groups};
use super::told::serving::{Place, places};
use super::told::steps::{Run, runs};
use super::told::summary;
use super::told::words::{count, cut};
use crate::facts;
use crate::plan::{Op, Plan, Refusal};

/// `plan --format markdown`. Short enough for a comment, whatever the size of the fleet.
pub fn plan(plan: &Plan) -> String {
    let runs = runs(plan);
    let places = places(plan, &runs);
    let mut out = format!("## {}\n\n{}", prose(&summary::title(plan)), facts(plan));
    for warning in plan.warnings.iter().take(MOST_WARNINGS) {
        out.push_str(&format!("\n> [!WARNING]\n> **{}**: {}\n", prose(&warning.code), told(&warning.message)));
    }
    if plan.steps.is_empty() {
        out.push_str("\nNothing to do.\n");
    } else {
        out.push_str(&format!("\n```mermaid\n{}```\n", diagram(plan, &runs, &places)));
    }
    out.push_str(&machine_table(plan));
    out.push_str(&differences(plan));
    out.push_str(&gate_table(plan));
    out.push_str(&step_table(plan, &runs));
    out.push_str(&serving(&places));
    if let Some(text) = summary::way_back(plan) {
        out.push_str(&format!("\n**The way back.** {}\n", prose(&text)));
    }
    out.push_str(&format!("\n{}. Digest {}.\n", prose(&summary::sum(plan)), code(&plan.digest)));
    out
}

/// Why no plan was made, and the commands that help.
pub fn refusals(refusals: &[Refusal]) -> String {
    let mut out = "## No plan for this deploy\n\n> [!CAUTION]\n> Nothing was touched.\n".to_owned();
    for refusal in refusals.iter().take(MOST_REFUSALS) {
        out.push_str(&format!("\n### {}\n\n{}\n", code(refusal.code), told(&refusal.message)));
        if !refusal.machines.is_empty() {
            let ids: Vec<String> = refusal.machines.iter().take(MOST_NAMED).map(|id| code(id)).collect();
            let body = format!("{}{}\n", ids.join(", "), more(refusal.machines.len(), MOST_NAMED));
            out.push_str(&folded(&count(refusal.machines.len(), "machine"), &body));
        }
        if !refusal.fix.is_empty() {
            let commands = refusal.fix[..refusal.fix.len().min(MOST_NAMED)].join("\n");
            out.push_str(&format!("\nWhat helps:\n\n{}", fenced("sh", &facts::veiled(&commands))));
        }
    }
    if refusals.len() > MOST_REFUSALS {
        out.push_str(&format!("\nand {} more\n", refusals.len() - MOST_REFUSALS));
    }
    out
}

fn facts(plan: &Plan) -> String {
    let mut out = "| | |\n| --- | --- |\n".to_owned();
    for (name, value) in summary::facts(plan) {
        let value = if name == "image" { code(&value) } else { prose(&value) };
        out.push_str(&format!("| {name} | {value} |\n"));
    }
    out
}

fn machine_table(plan: &Plan) -> String {
    let groups = groups(plan);
    let mut rows = Vec::new();
    for group in &groups {
        let name = code(group.title());
        rows.extend(group.observed.iter().map(|machine| {
            let fate = machines::disposition_name(machine.disposition);
            let (id, region, why) = (code(&machine.id), prose(&machine.region), prose(&machines::why(plan, machine)));
            format!("| {name} | {id} | {region} | {} | {fate} | {why} |\n", prose(&machines::state(machine)))
        }));
        rows.extend(group.added.iter().map(|step| {
            let slot = code(step.slot.as_deref().unwrap_or(""));
            format!(
                "| {name} | {slot} | {} | | create | {} |\n",
                prose(step.region.as_deref().unwrap_or("")),
                prose(&step.why)
            )
        }));
    }
    if rows.is_empty() {
        return String::new();
    }
    let summary = format!("What becomes of {}", count(rows.len(), "machine"));
    let head = "| group | machine | region | now | then | why |\n| --- | --- | --- | --- | --- | --- |\n";
    folded(&summary, &(head.to_owned() + &table_body(&rows)))
}

fn differences(plan: &Plan) -> String {
    let changed = changes(plan);
    if changed.is_empty() {
        return String::new();
    }
    let body: Vec<String> = changed.iter().take(MOST_GROUPS).map(difference).collect();
    let more = more(changed.len(), MOST_GROUPS);
    folded("What changes from blue to green", &(fenced("diff", body.join("\n\n").trim_end()) + &more))
}

fn difference(group: &Changed) -> String {
    let mut lines = vec![format!("@@ {} @@", group.group)];
    for line in &group.lines {
        let note = if line.note.is_empty() { String::new() } else { format!("  ({})", line.note) };
        // `diff` colours what begins with one of its own signs.
        let mark = if line.kind == Kind::Changed { "!" } else { line.kind.mark() };
        lines.push(format!("{mark} {}: {}{note}", line.path, line.value));
    }
    lines.extend((group.more > 0).then(|| format!("  and {} more", group.more)));
    lines.join("\n")
}

fn gate_table(plan: &Plan) -> String {
    let row = |(group, gate): &(&str, String)| format!("| {} | {} |\n", code(group), prose(gate));
    let rows: Vec<String> = gates(plan).iter().map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    folded(
        "What must pass before a green gets traffic",
        &("| group | |\n| --- | --- |\n".to_owned() + &table_body(&rows)),
    )
}

fn step_table(plan: &Plan, runs: &[Run]) -> String {
    if runs.is_empty() {
        return String::new();
    }
    let row = |run: &Run| {
        let border = if run.is_border { "**no way back from here:** " } else { "" };
        let then = plan.operations.get(&run.op).map_or("", |operation| operation.postcondition.as_str());
        format!("| {} | {} | {border}{} | {} |\n", run.ids(), run.name(), prose(&run.object(plan)), prose(then))
    };
    let rows: Vec<String> = runs.iter().map(row).collect();
    let head = "| steps | | | afterwards |\n| --- | --- | --- | --- |\n";
    folded(&count(plan.steps.len(), "step"), &(head.to_owned() + &table_body(&rows)))
}

fn serving(places: &[Place]) -> String {
    if places.is_empty() {
        return String::new();
    }
    let row = |place: &Place| {
        let (group, region) = (code(place.group), prose(place.region));
        format!("| {group} | {region} | {} | {} |\n", place.story, place.promise())
    };
    let rows: Vec<String> = places.iter().map(row).collect();
    let head = "| group | region | serving | |\n| --- | --- | --- | --- |\n";
    folded("How many machines serve meanwhile", &(head.to_owned() + &table_body(&rows)))
}

/// One box for each part of the deploy, with what serves after it.
fn diagram(plan: &Plan, runs: &[Run], places: &[Place]) -> String {
    let mut boxes = vec![format!("[\"{}\"]", label(&["Now", &serving_during(places, 0..0)]))];
    let batches = runs.last().map_or(0, |run| run.batch + 1);
    let mut at = 0;
    while let Some(first) = runs.get(at) {
        let is_alone = |run: &Run| run.is_border || run.op == Op::Hold;
        let goes_on = |run: &&Run| (run.stage, run.batch) == (first.stage, first.batch) && !is_alone(run);
        let len = 1 + if first.op == Op::Hold { 0 } else { runs[at + 1..].iter().take_while(goes_on).count() };
        let is_hidden = batches > MOST_BATCHES && first.batch > 0 && first.batch + 1 < batches;
        if first.is_border {
            boxes.push(format!("{{{{\"{}\"}}}}:::border", label(&["Point of no return", &first.steps[0].id])));
        }
        if !is_hidden {
            boxes.push(part(plan, &runs[at..at + len], batches, &serving_during(places, at..at + len)));
        } else if first.batch == 1 && runs[at - 1].batch == 0 {
            boxes.push(format!("[\"{}\"]", label(&[&format!("{} batches like the first", batches - 2)])));
        }
        at += len;
    }
    let nodes: Vec<String> = boxes.iter().enumerate().map(|(at, shape)| format!("  n{at}{shape}\n")).collect();
    let edges: Vec<String> = (1..boxes.len()).map(|at| format!("  n{} --> n{at}\n", at - 1)).collect();
    format!("flowchart TB\n{}{}{CLASSES}", nodes.concat(), edges.concat())
}

fn part(plan: &Plan, runs: &[Run], batches: usize, serving: &str) -> String {
    let first = &runs[0];
    if first.op == Op::Hold {
        return format!("([\"{}\"]):::hold", label(&["Hold", &first.ids(), "until somebody promotes or aborts"]));
    }
    let batch = if batches > 1 { format!("Batch {} of {batches}: ", first.batch + 1) } else { String::new() };
    let mut names: Vec<&str> = Vec::new();
    for run in runs {
        names.extend((!names.contains(&run.name())).then(|| run.name()));
    }
    format!("[\"{}\"]", label(&[&format!("{batch}{}", first.stage.heading(plan)), &names.join(", "), serving]))
}

/// `serving: api 4 → 6 → 4, web 2`: before these runs, and wherever it changes within them.
fn serving_during(places: &[Place], runs: Range<usize>) -> String {
    let mut groups: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for place in places {
        let before = runs.start.checked_sub(1).map_or(place.now, |last| place.after[last]);
        let totals = groups.entry(place.group).or_insert_with(|| vec![0; runs.len() + 1]);
        let here = std::iter::once(&before).chain(&place.after[runs.clone()]);
        totals.iter_mut().zip(here).for_each(|(total, serving)| *total += serving);
    }
    let told = groups.iter_mut().take(MOST_IN_A_BOX).map(|(group, totals)| {
        totals.dedup();
        let totals: Vec<String> = totals.iter().map(u64::to_string).collect();
        format!("{} {}", cut(group, LONGEST_NAME), totals.join(" → "))
    });
    let told: Vec<String> = told.collect();
    let more = if groups.len() > MOST_IN_A_BOX { ", ..." } else { "" };
    if told.is_empty() { String::new() } else { format!("serving: {}{more}", told.join(", ")) }
}

/// Lines of a box. Mermaid writes any other character as `#` and its number.
fn label(lines: &[&str]) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " -_.,:/()".contains(c);
    let escaped = |line: &&str| {
        let plain = |c: char| if is_plain(c) { c.to_string() } else { format!("#{};", u32::from(c)) };
        line.chars().filter(|c| !c.is_control()).map(plain).collect::<String>()
    };
    lines.iter().filter(|line| !line.is_empty()).map(escaped).collect::<Vec<_>>().join("<br/>")
}

fn folded(summary: &str, body: &str) -> String {
    format!("\n<details><summary>{summary}</summary>\n\n{body}\n</details>\n")
}

fn table_body(rows: &[String]) -> String {
    rows[..rows.len().min(MOST_ROWS)].concat() + &more(rows.len(), MOST_ROWS)
}

fn more(all: usize, shown: usize) -> String {
    if all > shown { format!("\nand {} more: `--format json` has all of them\n", all - shown) } else { String::new() }
}

/// In a fence that is longer than any within.
fn fenced(language: &str, text: &str) -> String {
    let fence = "`".repeat(longest_ticks(text).max(2) + 1);
    let text: String = text.chars().filter(|c| !c.is_control() || *c == '\n').collect();
    format!("{fence}{language}\n{text}\n{fence}\n")
}

/// A message, as long as a comment can afford.
fn told(message: &str) -> String {
    prose(&cut(&facts::veiled(message), LONGEST_MESSAGE))
}

/// A name as code.
fn code(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.trim().is_empty() {
        return String::new();
    }
    let ticks = "`".repeat(longest_ticks(&text) + 1);
    let gap = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{gap}{}{gap}{ticks}", text.replace('|', "\\|"))
}

fn longest_ticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Sentences, in which names may stand between backticks.
fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return plain(text);
    }
    let part = |(at, part): (usize, &&str)| if at % 2 == 1 { code(part) } else { plain(part) };
    parts.iter().enumerate().map(part).collect()
}

/// Words that mean nothing to Markdown. One with an `@` could call somebody: it becomes code.
fn plain(text: &str) -> String {
    let word = |word: &str| {
        if word.contains('@') {
            return code(word);
        }
        let escaped = |c: char| match c {
            _ if "\\`*_[]<>|~#!&".contains(c) => format!("\\{c}"),
            _ if c.is_control() => "\u{fffd}".to_owned(),
            _ => c.to_string(),
        };
        word.chars().map(escaped).collect()
    };
    text.split([' ', '\n', '\t', '\r']).map(word).collect::<Vec<_>>().join(" ")
}

/// A comment on GitHub has up to 65,536 characters.
const MOST_ROWS: usize = 100;
const MOST_GROUPS: usize = 12;
const MOST_NAMED: usize = 50;
const MOST_WARNINGS: usize = 12;
const MOST_REFUSALS: usize = 12;
const LONGEST_MESSAGE: usize = 1_000;
const MOST_BATCHES: usize = 3;
const MOST_IN_A_BOX: usize = 6;
const LONGEST_NAME: usize = 24;

const CLASSES: &str =
    "  classDef hold stroke:#d29922,stroke-width:3px\n  classDef border stroke:#cf222e,stroke-width:3px\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::text::sample;

    #[test]
    fn a_plan_for_a_pull_request() {
        insta::assert_snapshot!(plan(&sample::full()), @r#"
        ## Blue-green deploy of bazaar

        | | |
        | --- | --- |
        | image | `registry.fly.io/bazaar:v8` |
        | from | fly.toml (sha256 5f2b8c0d9e7a) |
        | machines | 8 now, at most 15 at once, 7 afterwards |
        | extra | up to 7 machines more than now (6 CPUs and 3.0 GB), until the deploy is promoted or aborted: billed while running, and counted by the organization's limit |
        | time | about 12m40s; 41m10s if every wait lasts as long as it may |
        | calls | 94 to the Machines API |
        | policy | checks must pass for 30s; hold before the traffic moves; at least 50% of each group and region serving; traffic moves in this order: api; then ask https://bazaar.example/version; bake 10m; drain until idle, at most 5m |
        | defaults | wait up to 5m for each machine; settle 10s; 8 calls at once |

        > [!WARNING]
        > **group-removed**: fly.toml does not name group cron: its machines are destroyed, last of all

        > [!WARNING]
        > **image-not-pinned**: `registry.fly.io/bazaar:v8` is a tag, and tags can move: name it with its digest

        ```mermaid
        flowchart TB
          n0["Now<br/>serving: api 4, cron 2, web 2, worker 2"]
          n1["Lock the blues, run the release command<br/>lease, release command<br/>serving: api 4, cron 2, web 2, worker 2"]
          n2["Make the greens, hidden from the proxy<br/>create, wait started, wait healthy, machine check<br/>serving: api 4, cron 2, web 2, worker 2"]
          n3(["Hold<br/>s24<br/>until somebody promotes or aborts"]):::hold
          n4["Switch the traffic<br/>uncordon, settle, verify, cordon, verify url, bake<br/>serving: api 4 #8594; 6 #8594; 4, cron 2, web 2 #8594; 4 #8594; 2, worker 2 #8594; 4 #8594; 2"]
          n5["Retire the blues<br/>drain, stop, wait stopped, verify<br/>serving: api 4, cron 2, web 2, worker 2"]
          n6{{"Point of no return<br/>s62"}}:::border
          n7["Retire the blues<br/>destroy<br/>serving: api 4, cron 2, web 2, worker 2"]
          n8["Remove the groups that fly.toml no longer names<br/>cordon, settle, stop, wait stopped, verify, destroy<br/>serving: api 4, cron 2 #8594; 1, web 2, worker 2"]
          n0 --> n1
          n1 --> n2
          n2 --> n3
          n3 --> n4
          n4 --> n5
          n5 --> n6
          n6 --> n7
          n7 --> n8
          classDef hold stroke:#d29922,stroke-width:3px
          classDef border stroke:#cf222e,stroke-width:3px
        ```

        <details><summary>What becomes of 8 machines</summary>

        | group | machine | region | now | then | why |
        | --- | --- | --- | --- | --- | --- |
        | `api` | `3d8d7dc0b62e89` | iad | started | replace | it runs another image than bazaar:v8 |
        | `api` | `48ed713b024a68` | fra | started | replace | it runs another image than bazaar:v8 |
        | `cron` | `7811ee5b7d2908` | iad | started | remove | fly.toml does not name its group any more |
        | `web` | `1781e5a0b2d048` | iad | started | replace | it runs another image than bazaar:v8 |
        | `web` | `286ed6df9c2e78` | iad | stopped | replace | it runs another image than bazaar:v8 |
        | `worker` | `5683d97ec14518` | iad | started | replace | it runs another image than bazaar:v8 |
        | `worker` | `6e82dd7ef10287` | iad | stopped | replace | it runs another image than bazaar:v8 |
        | `without a group` | `9080e6f3a12d45` | iad | started | ignore | Fly Launch does not manage it |

        </details>

        <details><summary>What changes from blue to green</summary>

        ```diff
        @@ api @@
        ! env.DATABASE_PASSWORD: <masked> → <masked>
        ! image: registry.fly.io/bazaar:v7 → registry.fly.io/bazaar:v8
        ! guest.memory_mb: 256 → 512  (on 1 of 2 machines)

        @@ web @@
        + env.FEATURE_CART: on
        ! image: registry.fly.io/bazaar:v7 → registry.fly.io/bazaar:v8
        - services[0].force_https: true
        ```

        </details>

        <details><summary>What must pass before a green gets traffic</summary>

        | group | |
        | --- | --- |
        | `api` | the check of its service on port 8080; 1 machine check |
        | `web` | the check of its service on port 8080 |
        | `worker` | the check of its service on port 8080 |

        </details>

        <details><summary>73 steps</summary>

        | steps | | | afterwards |
        | --- | --- | --- | --- |
        | s1-s5 | lease | 5 blues: api (fra, iad), cron (iad), web (iad), worker (iad) | only this run can change it |
        | s7 | release command | `bin/rails db:migrate`, at most 5m; nothing takes it back | the command exited with 0 and its machine is gone |
        | s8..s21 | create | 6 greens: api (fra, iad), web (iad×2), worker (iad×2) | it exists, cordoned: no request reaches it |
        | s9..s19 | wait started | 4 greens: api (fra, iad), web (iad), worker (iad), at most 5m | it is started |
        | s10..s20 | wait healthy | 4 greens: api (fra, iad), web (iad), worker (iad), at most 5m | every check passes and did so for the stability time |
        | s22 | machine check | 1 check: api (iad), at most 1m | its command exited with 0 and its machine is gone |
        | s24 | hold | ends here: `cutover promote` goes on, `cutover abort` goes back | somebody promoted the deploy |
        | s25-s26 | uncordon | 2 greens: api (fra, iad) | the proxy may route to it |
        | s27 | settle | 10s, for every proxy to hear of it | the settle time is over |
        | s28 | verify | a green that died meanwhile must not take over | every green was seen to serve just now |
        | s29-s30 | cordon | 2 blues: api (fra, iad) | the proxy routes no new request to it |
        | s31 | settle | 10s, for every proxy to hear of it | the settle time is over |
        | s32-s35 | uncordon | 4 greens: web (iad×2), worker (iad×2) | the proxy may route to it |
        | s36 | settle | 10s, for every proxy to hear of it | the settle time is over |
        | s37 | verify | a green that died meanwhile must not take over | every green was seen to serve just now |
        | s38-s41 | cordon | 4 blues: web (iad×2), worker (iad×2) | the proxy routes no new request to it |
        | s42 | settle | 10s, for every proxy to hear of it | the settle time is over |
        | s43 | verify url | https://bazaar.example/version | every sample matched |
        | s44 | bake | 10m: the blues run on, without traffic | the greens served for the bake time |
        | s45-s48 | drain | 4 blues: api (fra, iad), web (iad), worker (iad), until idle, at most 5m | it is idle, or its time is over |
        | s49..s59 | stop | 6 blues: api (fra, iad), web (iad×2), worker (iad×2) | it was sent its signal |
        | s50..s60 | wait stopped | 6 blues: api (fra, iad), web (iad×2), worker (iad×2), at most 5m | it is stopped |
        | s61 | verify | after this there is no way back: the greens must hold | every green was seen to serve just now |
        | s62-s67 | destroy | **no way back from here:** 6 blues: api (fra, iad), web (iad×2), worker (iad×2) | it is gone, and cannot come back |
        | s68 | cordon | 1 blue: cron (iad) | the proxy routes no new request to it |
        | s69 | settle | 10s, for every proxy to hear of it | the settle time is over |
        | s70 | stop | 1 blue: cron (iad) | it was sent its signal |
        | s71 | wait stopped | 1 blue: cron (iad), at most 5m | it is stopped |
        | s72 | verify | after this there is no way back: the greens must hold | every green was seen to serve just now |
        | s73 | destroy | 1 blue: cron (iad) | it is gone, and cannot come back |

        </details>

        <details><summary>How many machines serve meanwhile</summary>

        | group | region | serving | |
        | --- | --- | --- | --- |
        | `api` | fra | 2 now, 3 after uncordon, 2 after cordon | never below 2 (floor 1) |
        | `api` | iad | 2 now, 3 after uncordon, 2 after cordon | never below 2 (floor 1) |
        | `cron` | iad | 2 now, 1 after cordon | never below 1 |
        | `web` | iad | 2 now, 4 after uncordon, 2 after cordon | never below 2 (floor 1) |
        | `worker` | iad | 2 now, 4 after uncordon, 2 after cordon | never below 2 (floor 1) |

        </details>

        **The way back.** Before s62, an abort (Ctrl-C) or a failure starts the blues again, gives the blues their traffic back, takes it from the greens, destroys the greens and releases the leases. From s62 on, it finishes forward. What `bin/rails db:migrate` did stays done in any case: the blues must be able to live with it.

        73 steps: 6 machines to create, 7 to destroy. Digest `sha256:0d9f`.
        "#);
    }

    #[test]
    fn a_refusal_for_a_pull_request() {
        let refusal = Refusal {
            code: "mixed-images",
            message: "group `app` runs two images: shop:v1@sha256:12 and <b>".into(),
            machines: vec!["148e2d3f7b1c89".into(), "3d8d7dc0b62e89".into()],
            fix: vec!["fly machine destroy 148e2d3f7b1c89".into()],
        };
        insta::assert_snapshot!(refusals(&[refusal]), @r#"
        ## No plan for this deploy

        > [!CAUTION]
        > Nothing was touched.

        ### `mixed-images`

        group `app` runs two images: `shop:v1@sha256:12` and \<b\>

        <details><summary>2 machines</summary>

        `148e2d3f7b1c89`, `3d8d7dc0b62e89`

        </details>

        What helps:

        ```sh
        fly machine destroy 148e2d3f7b1c89
        ```
        "#);
    }

    #[test]
    fn no_name_leaves_its_place() {
        assert_eq!(code("a`|b"), "``a`\\|b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(plain("<img> @all *x* | a_b"), "\\<img\\> `@all` \\*x\\* \\| a\\_b");
        assert_eq!(plain("a\u{1b}[2Jb"), "a\u{fffd}\\[2Jb");
        assert_eq!(prose("group `a|<b>` and `odd"), "group \\`a\\|\\<b\\>\\` and \\`odd");
        assert_eq!(prose("group `a|<b>`"), "group `a\\|<b>`");
        assert_eq!(label(&["%%{x}%% \"]; end", "", "b"]), "#37;#37;#123;x#125;#37;#37; #34;#93;#59; end<br/>b");
        assert_eq!(fenced("sh", "a\n```\nb"), "````sh\na\n```\nb\n````\n");
    }

    #[test]
    fn a_comment_has_room_for_the_largest_fleet() {
        let text = plan(&sample::batches(2_000));
        assert!(text.len() < 65_536, "{} bytes", text.len());
        assert!(text.contains("1998 batches like the first"));
        let ids: Vec<String> = (0..10_000).map(|at| format!("{at:014x}")).collect();
        let message = format!("these: {}", ids.join(", "));
        let fix = ids.iter().map(|id| format!("fly machine destroy {id}")).collect();
        let text = refusals(&[Refusal { code: "mixed-images", message, machines: ids, fix }]);
        assert!(text.len() < 65_536, "{} bytes", text.len());
    }
}
