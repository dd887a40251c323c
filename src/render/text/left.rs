//! What a run leaves to do, as a person reads it: what is alike is said once, and each command
//! stands on a line of its own, to be copied.

use super::look::{GREEN, Look, YELLOW};
use crate::execute::Leftover;
use crate::render::told::words::count;

pub(super) fn left(left: &[Leftover], look: Look) -> String {
    blocks(left).iter().map(|block| block.told(look)).collect()
}

/// Several machines for the same reason, each with its command; or one command for all of them.
struct Block<'a> {
    /// Each with its machines.
    whys: Vec<(&'a str, Vec<&'a str>)>,
    commands: Vec<&'a str>,
}

/// Those that are alike, where the first of them stands.
fn blocks(left: &[Leftover]) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block> = Vec::new();
    for one in left {
        match blocks.iter_mut().find(|block| block.is_like(one)) {
            Some(block) => block.add(one),
            None => blocks.push(Block { whys: vec![(&one.why, vec![&one.machine])], commands: vec![&one.command] }),
        }
    }
    blocks
}

impl<'a> Block<'a> {
    fn is_like(&self, one: &Leftover) -> bool {
        let has_its_command = self.commands == [&*one.command];
        has_its_command || matches!(&*self.whys, [(why, _)] if *why == one.why)
    }

    fn add(&mut self, one: &'a Leftover) {
        match self.whys.iter_mut().find(|(why, _)| *why == one.why) {
            Some((_, machines)) => machines.push(&one.machine),
            None => self.whys.push((&one.why, vec![&one.machine])),
        }
        if !self.commands.contains(&&*one.command) {
            self.commands.push(&one.command);
        }
    }

    /// What is to be done for several machines at once comes before them.
    fn told(&self, look: Look) -> String {
        let is_one_for_all =
            self.commands.len() == 1 && self.whys.iter().map(|(_, machines)| machines.len()).sum::<usize>() > 1;
        let (inner, outer) = ("      ", "  ");
        let (first, then) = if is_one_for_all { (outer, inner) } else { (inner, outer) };
        // One by one: flyctl, given several machines, does nothing when one of them is gone.
        let commands: String =
            self.commands.iter().map(|command| format!("{first}{}\n", look.paint(GREEN, command))).collect();
        let whys: String =
            self.whys.iter().map(|(why, machines)| told_why(why, machines, then, is_one_for_all, look)).collect();
        if is_one_for_all { commands + &whys } else { whys + &commands }
    }
}

/// `names`: no command tells them.
fn told_why(why: &str, machines: &[&str], indent: &str, names: bool, look: Look) -> String {
    let head = |name: &str| format!("{indent}{}  ", look.paint(YELLOW, name));
    match machines {
        [one] => look.wrap(&head(one), why),
        _ => {
            let told = look.wrap(&head(&count(machines.len(), "machine")), why);
            told + &if names { look.wrap(&format!("{indent}    "), &machines.join(", ")) } else { String::new() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(machine: &str, why: &str, command: &str) -> Leftover {
        Leftover { machine: machine.into(), why: why.into(), command: command.into() }
    }

    #[test]
    fn what_is_alike_is_said_once() {
        let destroy = |machine| format!("fly machine destroy --force {machine} -a shop");
        let hidden = "a green: it is hidden from the proxy";
        let left = [
            one("148e2d3f7b1c89", "a blue: it may be stopped", "fly machine start 148e2d3f7b1c89 -a shop"),
            one("3d8d7dc0b62e89", hidden, &destroy("3d8d7dc0b62e89")),
            one("d891204c7e6028", hidden, &destroy("d891204c7e6028")),
            one("shop-r1-app-3", "it may be there: its creation was not answered", "fly machine list -a shop"),
            one("e784966fd25058", hidden, &destroy("e784966fd25058")),
        ];
        insta::assert_snapshot!(super::left(&left, Look::default()), @r#"
        148e2d3f7b1c89  a blue: it may be stopped
            fly machine start 148e2d3f7b1c89 -a shop
        3 machines  a green: it is hidden from the proxy
            fly machine destroy --force 3d8d7dc0b62e89 -a shop
            fly machine destroy --force d891204c7e6028 -a shop
            fly machine destroy --force e784966fd25058 -a shop
        shop-r1-app-3  it may be there: its creation was not answered
            fly machine list -a shop
        "#);
    }

    #[test]
    fn one_command_for_all_is_told_once() {
        let plan = |machine: String, why: &str| one(&machine, why, "cutover plan fly.toml");
        let ids = |from: usize, to: usize| (from..to).map(|at| format!("9080e6f3a12d{at:02}"));
        let image = ids(10, 18).map(|id| plan(id, "its image is another: it was deployed meanwhile"));
        let gone = ids(40, 41).map(|id| plan(id, "it is gone"));
        let left: Vec<Leftover> = image.chain(gone).collect();
        insta::assert_snapshot!(super::left(&left, Look::default()), @r#"
        cutover plan fly.toml
            8 machines  its image is another: it was deployed meanwhile
                9080e6f3a12d10, 9080e6f3a12d11, 9080e6f3a12d12, 9080e6f3a12d13,
                9080e6f3a12d14, 9080e6f3a12d15, 9080e6f3a12d16, 9080e6f3a12d17
            9080e6f3a12d40  it is gone
        "#);
    }
}
