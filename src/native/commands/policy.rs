//! The flags of a policy, made from the table of its keys, and the cutover.toml that they win over.

use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};

use crate::native::error::{Error, Kind};
use crate::native::settings;
use crate::plan::Policy;
use crate::policy::{Draft, KEYS, Key};

/// What the command line says of the policy, in the order of the table.
#[derive(Debug, Clone, Default)]
pub(super) struct Flags {
    given: Vec<(&'static Key, String)>,
    /// In the place of the cutover.toml beside fly.toml.
    file: Option<PathBuf>,
}

impl Flags {
    /// The policy for the config at `config`.
    pub(super) fn policy(&self, config: &Path) -> Result<Policy, Error> {
        let mut draft = settings::read(config, self.file.as_deref(), Draft::read)?;
        for (key, argument) in &self.given {
            let set = draft.flag(key, argument);
            set.map_err(|why| Error::new(Kind::Usage, format!("`--{}`: {why}", key.name)))?;
        }
        draft.policy().map_err(|found| Error::new(Kind::Usage, found.message).hint(found.help))
    }
}

impl clap::Args for Flags {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new(FILE).long(FILE).value_name("FILE").value_parser(clap::value_parser!(PathBuf));
        let file = file.help("Read [policy] from this file, not from the cutover.toml beside the config; flags win");
        let keys = KEYS.iter().map(|key| arg(key).help_heading(if key.is_flag_only { "Scope" } else { "Policy" }));
        command.arg(file.help_heading("Policy")).args(keys)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = KEYS.iter().filter_map(|key| Some((key, argument(key, matches)?)));
        Ok(Self { given: given.collect(), file: matches.get_one(FILE).cloned() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn arg(key: &'static Key) -> Arg {
    let arg = Arg::new(key.name).long(key.name);
    let Some(value_name) = key.value_name() else { return switch(key, arg.help(key.doc)) };
    let arg = arg.value_name(value_name).help(format!("{} [default: {}]", key.doc, key.default));
    if key.is_list() {
        return arg.action(ArgAction::Append);
    }
    if key.words().is_empty() {
        return arg.value_parser(move |argument: &str| check(key, argument));
    }
    arg.value_parser(PossibleValuesParser::new(key.words())).hide_possible_values(true)
}

fn switch(key: &Key, arg: Arg) -> Arg {
    if key.is_flag_only {
        return arg.action(ArgAction::SetTrue);
    }
    // `--hold=false` takes back what the file says.
    let arg = arg.num_args(0..=1).require_equals(true).default_missing_value("true").value_name("BOOL");
    arg.value_parser(PossibleValuesParser::new(["true", "false"])).hide_possible_values(true)
}

fn argument(key: &Key, matches: &ArgMatches) -> Option<String> {
    if key.is_flag_only && key.value_name().is_none() {
        return matches.get_flag(key.name).then(|| true.to_string());
    }
    let given: Vec<&str> = matches.get_many::<String>(key.name)?.map(String::as_str).collect();
    Some(given.join(","))
}

/// Refuses an argument where the command line is read, so that the message shows the flag.
fn check(key: &'static Key, argument: &str) -> Result<String, String> {
    Draft::default().flag(key, argument).map(|()| argument.to_owned())
}

const FILE: &str = "policy";
