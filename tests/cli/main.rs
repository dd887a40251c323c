//! The program as a person or a script meets it: arguments in; output, files and exit status out.

mod check;
mod deploy;
mod general;
mod machine_config;
mod plan;
mod test;
