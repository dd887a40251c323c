//! What stands in the way of the Machine configs of all groups, found without making each.

use std::collections::BTreeSet;

use super::guest::{self, Sizes};
use super::json::Object;
use super::{Conversion, checks, command, containers, files, restart_policy};
use crate::config::Config;

/// What [`super::machine_config`] says of each group that it makes none for. A file may have many
/// groups and many sections: each section is looked at once for each group that it is for.
pub fn obstacles(config: &Config) -> Vec<Conversion> {
    if let Err(conversion) = containers::lay_under(&mut Object::default(), config) {
        return vec![conversion];
    }
    let files = files(config).map(drop);
    let sizes = Sizes::new(config);
    let checks = config.by_group(config.checks.iter().map(|(name, check)| (&check.processes, (name, check))));
    let policies = config.by_group(config.restart.iter().map(|restart| (&restart.processes, restart)));
    let http = config.http_service.as_ref();
    let served: BTreeSet<&str> = http.iter().flat_map(|service| config.groups_of(&service.processes)).collect();
    let obstacle = |group: &str| -> Result<(), Conversion> {
        command(config, group)?;
        for (name, check) in checks.get(group).into_iter().flatten() {
            checks::kind(name, check)?;
            checks::port(http.filter(|_| served.contains(group)), group, name, check)?;
        }
        files.clone()?;
        sizes.of(group).map(|vm| guest::of(vm, config)).transpose()?;
        policies.get(group).into_iter().flatten().try_for_each(|restart| restart_policy(restart).map(drop))
    };
    config.group_names().into_iter().filter_map(|group| obstacle(group).err()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::machine_config;
    use crate::rules::RULES;
    use crate::syntax::{self, Format};

    #[test]
    fn they_are_what_making_each_config_says() {
        let groups = "[processes]\nb = \"run\"\napp = \"run 'a\"\na = \"\"\n";
        let sections = [
            "[[vm]]\nsize = \"none\"\n",
            "[[vm]]\nsize = \"none\"\nprocesses = [\"a\", \"\"]\n[[vm]]\nprocesses = [\"a\"]\n[[vm]]\nmemory = \"x\"\n",
            "[checks.c]\ntype = \"tcp\"\nprocesses = [\"a\", \"b\"]\n[http_service]\nprocesses = [\"b\"]\n",
            "[checks.c]\nprocesses = [\"\"]\n[[restart]]\npolicy = \"no\"\nprocesses = [\"b\"]\n",
            "[[files]]\nlocal_path = \"a\"\n",
            "machine_config = \"no\"\n",
        ];
        let grouped = sections.iter().flat_map(|section| [format!("{section}{groups}"), (*section).to_owned()]);
        let examples = RULES.iter().flat_map(|rule| [rule.bad.to_owned(), rule.good.to_owned()]);
        let mut told = 0;
        for text in grouped.chain(examples) {
            let reading = crate::config::read(&syntax::parse(&text, Format::Toml));
            let config = &reading.config;
            let made = config.group_names().into_iter().map(|group| machine_config(config, group, None, None));
            let mut expected: Vec<Conversion> = made.filter_map(Result::err).collect();
            let mut found = obstacles(config);
            // What is wrong with all is said once.
            expected.dedup();
            found.dedup();
            told += found.len();
            assert_eq!(found, expected, "{text}");
        }
        assert!(told > 10, "{told}");
    }
}
