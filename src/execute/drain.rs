//! Is a blue still at work? Read from its kernel's tables of sockets, or left to a command.

use crate::fleet::Machine;
use crate::plan::Policy;

/// The command that tells whether a machine is idle; `None` where nothing would.
pub(super) fn question(policy: &Policy, machine: &Machine) -> Option<Vec<String>> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    match &policy.idle_command {
        Some(command) => Some(words(&["sh", "-c", command])),
        None => (!ports(machine).is_empty()).then(|| words(&["cat", "/proc/net/tcp", "/proc/net/tcp6"])),
    }
}

/// What the answer says: idle or not; `None` when it is no answer.
pub(super) fn is_idle(policy: &Policy, machine: &Machine, exit_code: i64, stdout: &str) -> Option<bool> {
    match policy.idle_command {
        Some(_) => Some(exit_code == 0),
        // A kernel without IPv6 has only one of the tables.
        None => stdout.contains(HEADER).then(|| !has_connection(stdout, &ports(machine))),
    }
}

/// A command says so once; sockets are counted twice, since a client may be between two requests.
pub(super) const fn looks_needed(policy: &Policy) -> u32 {
    if policy.idle_command.is_some() { 1 } else { 2 }
}

/// Where its process group listens.
fn ports(machine: &Machine) -> Vec<u64> {
    machine.config.as_deref().map(crate::fleet::MachineConfig::internal_ports).unwrap_or_default()
}

/// A line is `sl local_address rem_address st ...`, the addresses `HEX:PORT` and the state 01 for
/// ESTABLISHED (Linux, `Documentation/networking/proc_net_tcp.rst`).
fn has_connection(tables: &str, ports: &[u64]) -> bool {
    tables.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let port = fields.next().and_then(|local| u64::from_str_radix(local.rsplit_once(':')?.1, 16).ok());
        port.is_some_and(|port| ports.contains(&port)) && fields.nth(1) == Some("01")
    })
}

const HEADER: &str = "local_address";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn machine() -> Machine {
        let services = json!([{"internal_port": 8080}]);
        serde_json::from_value(json!({"id": "a1", "state": "started", "config": {"services": services}})).unwrap()
    }

    fn idle(lines: &str) -> Option<bool> {
        is_idle(&Policy::default(), &machine(), 0, lines)
    }

    #[test]
    fn idle_is_no_established_socket_on_a_port_of_the_group() {
        const HEAD: &str = "  sl  local_address rem_address   st tx_queue rx_queue\n";
        for (line, expected) in [
            ("", true),
            ("   0: 00000000:1F90 00000000:0000 0A 00000000:00000000", true),
            ("   1: 0100007F:1F90 0100007F:C000 01 00000000:00000000", false),
            ("   1: 0100007F:1F90 0100007F:C000 06 00000000:00000000", true),
            ("   2: 0100007F:C000 0100007F:1F90 01 00000000:00000000", true),
            ("   3: 00000000000000000000000000000000:1F90 0000000000000000FFFF00000100007F:C000 01 0", false),
        ] {
            assert_eq!(idle(&format!("{HEAD}{line}\n")), Some(expected), "{line}");
        }
        assert_eq!(idle("cat: not found"), None);
    }

    #[test]
    fn a_command_takes_the_place_of_counting() {
        let policy = Policy { idle_command: Some("test -f /tmp/idle".into()), ..Policy::default() };
        assert_eq!(question(&policy, &machine()).unwrap(), ["sh", "-c", "test -f /tmp/idle"]);
        assert_eq!(
            (is_idle(&policy, &machine(), 0, ""), is_idle(&policy, &machine(), 1, "")),
            (Some(true), Some(false))
        );
    }

    #[test]
    fn without_ports_and_command_nothing_tells() {
        let worker = Machine { config: None, ..machine() };
        assert_eq!(question(&Policy::default(), &worker), None);
    }
}
