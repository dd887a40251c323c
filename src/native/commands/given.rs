//! The command line as it was given, for the commands that are told to whoever gave it: with the same
//! file, machines and image, so that they can be copied.

use std::borrow::Cow;

use crate::plan::{Refusal, shell_word};

/// The command that was given, with `flags` besides; they go before what was given.
pub(super) fn with(flags: &str) -> String {
    command(std::env::args().skip(1), flags)
}

/// Where a command that helps is another `cutover plan`, it is made of what was given.
pub(super) fn completed(refused: &[Refusal]) -> Vec<Refusal> {
    let complete = |fix: &String| flags_of_plan(fix).map_or_else(|| fix.clone(), with);
    let completed = |refusal: &Refusal| Refusal { fix: refusal.fix.iter().map(complete).collect(), ..refusal.clone() };
    refused.iter().map(completed).collect()
}

fn flags_of_plan(fix: &str) -> Option<&str> {
    fix.starts_with("cutover plan").then(|| fix.find(" --").map_or("", |at| &fix[at + 1..]))
}

fn command(given: impl Iterator<Item = String>, flags: &str) -> String {
    let named: Vec<&str> = flags.split(' ').filter(|word| word.starts_with('-')).collect();
    let mut words = vec![Cow::Borrowed("cutover")];
    let mut given = given.peekable();
    while let Some(word) = given.next() {
        match word.split_once('=') {
            Some((name, _)) if named.contains(&name) => {}
            _ if named.contains(&word.as_str()) => drop(given.next_if(|value| !value.starts_with("--"))),
            _ => words.push(shell_word(&word).into()),
        }
    }
    if !flags.is_empty() {
        words.push(flags.into());
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_given_again() {
        for (given, fix, again) in [
            ("plan", "cutover plan --first-deploy", "cutover plan --first-deploy"),
            (
                "plan apps/shop/fly.toml --machines m.json",
                "cutover plan apps/shop/fly.toml --allow-unchecked",
                "cutover plan apps/shop/fly.toml --machines m.json --allow-unchecked",
            ),
            (
                "deploy --machines m.json --image=a:1 --hold",
                "cutover plan --machines machines.json # if that is all there is",
                "cutover deploy --image=a:1 --hold --machines machines.json # if that is all there is",
            ),
            ("plan --group web --group db fly.yaml", "cutover plan --group app", "cutover plan fly.yaml --group app"),
        ] {
            assert_eq!(command(given.split(' ').map(str::to_owned), flags_of_plan(fix).unwrap()), again);
        }
        assert_eq!(flags_of_plan("fly machine destroy --force a1"), None);
    }
}
