//! One file per command: its arguments, and the way from them to output and an exit status.

pub(super) mod apply;
pub(super) mod check;
pub(super) mod completions;
pub(super) mod deploy;
pub(super) mod explain;
mod given;
pub(super) mod lsp;
pub(super) mod machine_config;
pub(super) mod normalize;
pub(super) mod plan;
mod policy;
pub(super) mod schema;
pub(super) mod show;
pub(super) mod sim;
mod source;
pub(super) mod status;
pub(super) mod unfinished;
pub(super) mod verify;
