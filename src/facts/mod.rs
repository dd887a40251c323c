//! What follows from a config and a fleet together: what rules and the planner both ask. Knows
//! nothing of findings or plans.

use crate::config::{Config, Problem};
use crate::fleet::Fleet;

/// Everything that a rule may look at.
pub struct Facts<'a> {
    /// The file as it stands on the disk.
    pub text: &'a str,
    pub config: &'a Config,
    pub problems: &'a [Problem],
    /// The machines that exist, when they are known.
    pub fleet: Option<&'a Fleet>,
}
