//! How a deploy is to go, as people say it: flags, and `[policy]` in cutover.toml beside fly.toml
//! (which flyctl would refuse to hold it). Flags win. Knows no command line and no files.

mod keys;
mod value;

use std::collections::BTreeMap;

use crate::plan::{Drain, Policy};
use crate::settings::{self, Unreadable};
use crate::syntax::Entry;
use value::Written;

pub use keys::{KEYS, Key, find};
pub use value::address;

/// What was said so far.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    policy: Policy,
    said: BTreeMap<&'static str, By>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    File,
    Flag,
}

/// Two wishes that cannot both be granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    pub message: String,
    pub help: String,
}

impl Draft {
    /// Of `[policy]` in the text of a cutover.toml.
    ///
    /// # Errors
    /// At the first thing that is not as it should be.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let mut draft = Self::default();
        let Some(section) = settings::section(text, "policy", belongs)? else { return Ok(draft) };
        for entry in &section.entries {
            if let Some(key) = find(&entry.key.value) {
                draft.entry(key, entry)?;
            }
        }
        let known: Vec<&str> = KEYS.iter().filter(|key| !key.is_flag_only).map(|key| key.name).collect();
        settings::refuse_others(&section, "in `[policy]`", &known, |_| None)?;
        Ok(draft)
    }

    fn entry(&mut self, key: &'static Key, Entry { key: name, value }: &Entry) -> Result<(), Unreadable> {
        if key.is_flag_only {
            let mut error =
                Unreadable::new(name.span, format!("`{}` is about one deploy, not about all of them", key.name));
            error.help = Some(format!("pass `--{}` when it is so", key.name));
            return Err(error);
        }
        let set = key.field.set(&mut self.policy, Written::Node(value));
        set.map_err(|why| Unreadable::new(value.span, format!("`{}`: {why}", key.name)))?;
        self.said.insert(key.name, By::File);
        Ok(())
    }

    /// A flag: goes before what the file says.
    ///
    /// # Errors
    /// What is expected in the place of `argument`.
    pub fn flag(&mut self, key: &'static Key, argument: &str) -> Result<(), String> {
        key.field.set(&mut self.policy, Written::Argument(argument))?;
        self.said.insert(key.name, By::Flag);
        Ok(())
    }

    /// The policy, with the defaults of what nobody said.
    ///
    /// # Errors
    /// When what was said cannot be had together.
    pub fn policy(mut self) -> Result<Policy, Contradiction> {
        if self.policy.drain == Drain::UntilIdle && !self.said.contains_key("drain-timeout") {
            self.policy.drain_timeout_ms = UNTIL_IDLE_MS;
        }
        match self.contradiction() {
            Some(found) => Err(found),
            None => Ok(self.policy),
        }
    }

    fn contradiction(&self) -> Option<Contradiction> {
        let policy = &self.policy;
        let (fixed, idle) = (policy.drain == Drain::Fixed, policy.drain == Drain::UntilIdle);
        [
            (
                policy.keep_blue && policy.surge.is_some(),
                ["keep-blue", "surge"],
                "the blues of a batch must go before the next greens are made, so they cannot be kept",
                "keep them for a while instead: `--bake 10m` does so batch by batch",
            ),
            (
                fixed && policy.idle_command.is_some(),
                ["idle-command", "drain"],
                "a fixed drain lasts as long as it lasts, and asks no command",
                "add `--drain until-idle`",
            ),
            (
                idle && policy.drain_timeout_ms == 0,
                ["drain", "drain-timeout"],
                "a blue that is given no time never gets to be idle",
                "give it some, such as `--drain-timeout 5m`, or leave the drain away",
            ),
        ]
        .into_iter()
        .find(|(found, ..)| *found)
        .map(|(_, keys, why, help)| self.between(keys, why, help))
        .or_else(|| self.beside_cleanup())
    }

    /// A cleanup makes no greens and moves no traffic.
    fn beside_cleanup(&self) -> Option<Contradiction> {
        let of_a_deploy = |name: &str| !CLEANUP_HEEDS.contains(&name);
        let mut flags = self.said.iter().filter(|(_, by)| **by == By::Flag).map(|(name, _)| *name);
        let other = flags.find(|name| of_a_deploy(name)).filter(|_| self.policy.cleanup)?;
        let why = "a cleanup only removes what is left over: it makes no machine and moves no traffic";
        Some(self.between(["cleanup", other], why, "clean up first, then deploy with the rest"))
    }

    fn between(&self, keys: [&str; 2], why: &str, help: &str) -> Contradiction {
        let [a, b] = keys.map(|key| self.named(key));
        Contradiction { message: format!("{a} and {b} contradict each other: {why}"), help: help.to_owned() }
    }

    /// As whoever said it finds it again.
    fn named(&self, key: &str) -> String {
        match self.said.get(key) {
            Some(By::Flag) => format!("`--{key}`"),
            Some(By::File) => format!("`{key}` in [policy]"),
            None => format!("the default of `--{key}`"),
        }
    }
}

/// Where a key belongs that is about deploys.
fn belongs(key: &str) -> Option<String> {
    find(key).map(|key| format!("`{}` belongs in `[policy]`", key.name))
}

/// Long enough for most requests and short enough to wait for: who has longer ones says so.
const UNTIL_IDLE_MS: u64 = 300_000;

const CLEANUP_HEEDS: [&str; 5] = ["cleanup", "concurrency", "exclude-machine", "group", "wait-timeout"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Floor;

    /// What the file and the flags (`--name value`) come to, or why they do not.
    fn check(file: &str, flags: &[(&str, &str)]) -> Result<Policy, String> {
        let told = |error: Unreadable| {
            let placed = error.placed(file);
            error.help.map_or_else(|| placed.clone(), |help| format!("{placed} ({help})"))
        };
        let mut draft = Draft::read(file).map_err(told)?;
        for (name, argument) in flags {
            draft.flag(find(name).unwrap(), argument)?;
        }
        draft.policy().map_err(|found| format!("{} ({})", found.message, found.help))
    }

    #[track_caller]
    fn refused(file: &str, flags: &[(&str, &str)], expected: &str) {
        assert_eq!(check(file, flags).unwrap_err(), expected);
    }

    #[test]
    fn nothing_said_is_the_default() {
        assert_eq!(check("", &[]), Ok(Policy::default()));
        assert_eq!(check("[lint]\npersona = 'pedantic'\n[policy]\n", &[]), Ok(Policy::default()));
    }

    #[test]
    fn every_key_of_the_file_is_a_flag_and_says_the_same() {
        for key in KEYS.iter().filter(|key| !key.is_flag_only) {
            let example = key.example().split(", \"50%\"").next().unwrap();
            let argument = example.replace(['[', ']', '"', ' '], "");
            let set = |file: &str, flags: &[(&str, &str)]| {
                let mut draft = Draft::read(file).unwrap();
                flags.iter().for_each(|(name, argument)| draft.flag(find(name).unwrap(), argument).unwrap());
                draft.policy
            };
            let by_file = set(&format!("[policy]\n{} = {example}\n", key.name), &[]);
            assert_eq!(by_file, set("", &[(key.name, &argument)]), "{}", key.name);
            assert_ne!(by_file, Policy::default(), "{} changes nothing", key.name);
        }
    }

    #[test]
    fn flags_win() {
        let file = "[policy]\nsettle = \"1m\"\nhold = true\nfloor = \"50%\"\ngroup-order = [\"a\", \"b\"]\n";
        let policy = check(file, &[("settle", "2s"), ("hold", "false"), ("group-order", "b,a")]).unwrap();
        assert_eq!((policy.settle_ms, policy.hold, policy.floor), (2_000, false, Some(Floor::Percent(50))));
        assert_eq!(policy.group_order, ["b", "a"]);
    }

    #[test]
    fn until_idle_has_an_end_even_when_nobody_gives_one() {
        let timeout = |flags: &[(&str, &str)]| check("", flags).unwrap().drain_timeout_ms;
        assert_eq!(timeout(&[("drain", "until-idle")]), 300_000);
        assert_eq!(timeout(&[("drain", "until-idle"), ("drain-timeout", "1h")]), 3_600_000);
        assert_eq!(timeout(&[]), 500);
    }

    #[test]
    fn what_is_not_understood_is_refused_at_its_place() {
        for (file, expected) in [
            ("policy = 1", "1:10: `policy` must be a table"),
            ("[polcy]", "1:2: there is no key `polcy` at the top (did you mean `policy`?)"),
            ("[policy]\nsettel = '1s'", "2:1: there is no key `settel` in `[policy]` (did you mean `settle`?)"),
            (
                "[policy]\nkeep_blue = true",
                "2:1: there is no key `keep_blue` in `[policy]` (did you mean `keep-blue`?)",
            ),
            ("[policy]\nsettle = 10", "2:10: `settle`: a duration such as \"10s\" or \"1m30s\" is expected"),
            (
                "[policy]\nsettle = '10'",
                "2:10: `settle`: `10` is not a duration: a unit is missing: write `ms`, `s`, `m` or `h`",
            ),
            ("[policy]\nsettle = '-1s'", "2:10: `settle`: `-1s` is negative"),
            (
                "[policy]\nfloor = 1.5",
                "2:9: `floor`: a number of machines such as 2, or a share such as \"50%\", is expected",
            ),
            ("[policy]\nfloor = '120%'", "2:9: `floor`: 120% is more than all of them"),
            ("[policy]\nsurge = 0", "2:9: `surge`: a number of 1 or more is expected"),
            ("[policy]\nhold = 'yes'", "2:8: `hold`: true or false is expected"),
            ("[policy]\ndrain = 'idle'", "2:9: `drain`: \"fixed\" or \"until-idle\" is expected"),
            ("[policy]\ngroup-order = ['a', 'a']", "2:15: `group-order`: `a` is named twice"),
            (
                "[policy]\nverify-url = 'shop.example'",
                "2:14: `verify-url`: an address that begins with `https://` or `http://` is expected",
            ),
            (
                "[policy]\nfirst-deploy = true",
                "2:1: `first-deploy` is about one deploy, not about all of them (pass `--first-deploy` when it is so)",
            ),
        ] {
            refused(file, &[], expected);
        }
    }

    #[test]
    fn wishes_that_exclude_one_another_are_refused_with_the_reason() {
        refused(
            "",
            &[("keep-blue", "true"), ("surge", "2")],
            "`--keep-blue` and `--surge` contradict each other: the blues of a batch must go before the next greens are made, so they cannot be kept (keep them for a while instead: `--bake 10m` does so batch by batch)",
        );
        refused(
            "[policy]\ndrain = 'fixed'",
            &[("idle-command", "true")],
            "`--idle-command` and `drain` in [policy] contradict each other: a fixed drain lasts as long as it lasts, and asks no command (add `--drain until-idle`)",
        );
        refused(
            "",
            &[("drain", "until-idle"), ("drain-timeout", "0s")],
            "`--drain` and `--drain-timeout` contradict each other: a blue that is given no time never gets to be idle (give it some, such as `--drain-timeout 5m`, or leave the drain away)",
        );
        refused(
            "",
            &[("cleanup", "true"), ("hold", "true")],
            "`--cleanup` and `--hold` contradict each other: a cleanup only removes what is left over: it makes no machine and moves no traffic (clean up first, then deploy with the rest)",
        );
        assert!(check("[policy]\nhold = true", &[("cleanup", "true")]).is_ok(), "a file stays, whatever is done");
    }

    #[test]
    fn no_name_is_there_twice() {
        for (at, key) in KEYS.iter().enumerate() {
            assert!(KEYS[..at].iter().all(|other| other.name != key.name), "{}", key.name);
        }
    }
}
