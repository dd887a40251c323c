//! The reasons why there is no plan, as a person reads them.

use super::look::{GREEN, Look, RED};
use crate::facts;
use crate::plan::Refusal;
use crate::render::told::words::first;

/// Why no plan was made, and the commands that help.
pub fn refusals(refusals: &[Refusal], look: Look) -> String {
    let mut out = String::new();
    for refusal in refusals {
        let head = format!("{}: ", look.paint(RED.bold(), format!("refused[{}]", refusal.code)));
        out.push_str(&look.hang(&head, 2, &facts::veiled(&refusal.message)));
        if !refusal.machines.is_empty() {
            out.push_str(&look.wrap("  machines  ", &first(&refusal.machines, MOST_NAMED)));
        }
        for (at, command) in refusal.fix.iter().take(MOST_NAMED).enumerate() {
            let head = if at == 0 { "  try       " } else { "            " };
            out.push_str(&format!("{head}{}\n", look.paint(GREEN, facts::veiled(command))));
        }
        let more = refusal.fix.len().saturating_sub(MOST_NAMED);
        if more > 0 {
            out.push_str(&format!("            and {more} more: `--format json` has all of them\n"));
        }
        out.push('\n');
    }
    out.push_str("Nothing was touched.\n");
    out
}

/// Machines and commands of one refusal.
const MOST_NAMED: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_machines_and_commands() {
        let refusal = Refusal {
            code: "mixed-images",
            message: "group `app` runs two images, so a green could replace a newer blue: \
                registry.fly.io/shop:v1 on 148e2d3f7b1c89 and registry.fly.io/shop:v2 on 3d8d7dc0b62e89"
                .into(),
            machines: vec!["148e2d3f7b1c89".into(), "3d8d7dc0b62e89".into()],
            fix: vec!["fly machine destroy 148e2d3f7b1c89".into(), "fly machine destroy 3d8d7dc0b62e89".into()],
        };
        insta::assert_snapshot!(refusals(&[refusal], Look::default()), @r#"
        refused[mixed-images]: group `app` runs two images, so a green could replace a
          newer blue: registry.fly.io/shop:v1 on 148e2d3f7b1c89 and
          registry.fly.io/shop:v2 on 3d8d7dc0b62e89
          machines  148e2d3f7b1c89, 3d8d7dc0b62e89
          try       fly machine destroy 148e2d3f7b1c89
                    fly machine destroy 3d8d7dc0b62e89

        Nothing was touched.
        "#);
    }

    #[test]
    fn a_refusal_about_very_many_machines_stays_short() {
        let ids: Vec<String> = (0..10_000).map(|at| format!("{at:014x}")).collect();
        let fix = ids.iter().map(|id| format!("fly machine destroy {id}")).collect();
        let refusal = Refusal { code: "mixed-images", message: "two images".into(), machines: ids, fix };
        let text = refusals(&[refusal], Look::default());
        assert!(text.lines().count() < 30 && text.contains("and 9988 more"), "{text}");
    }
}
