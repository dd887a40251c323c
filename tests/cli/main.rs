//! The program as a person or a script meets it: arguments in; output, files and exit status out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, clippy::disallowed_types)]

mod access;
mod apply;
mod check;
mod deploy;
#[cfg(unix)]
mod fly;
mod formats;
mod general;
mod hostile;
mod journal;
mod machine_config;
mod plan;
mod settings;
mod signals;
#[cfg(unix)]
mod statuses;
mod test;
mod tls;
mod unfinished;
