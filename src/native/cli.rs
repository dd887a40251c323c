//! The command line's grammar, and the way from it to a command and an exit status.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use super::commands;
use super::commands::unfinished::Wish;
use super::error::{Error, Status};
use super::terminal::{Color, Terminal};

/// Lint a fly.toml, review a blue-green deploy on Fly.io as a plan, and execute exactly that plan
#[derive(Debug, Parser)]
#[command(name = "cutover", version, max_term_width = 100, after_long_help = EXIT_STATUS)]
#[command(disable_help_subcommand = true, arg_required_else_help = true)]
struct Cli {
    /// When to use colour: auto (on a terminal, unless NO_COLOR is set), always or never
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", display_order = 900)]
    #[arg(hide_default_value = true, hide_possible_values = true)]
    color: Color,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(commands::check::Args),
    Explain(commands::explain::Args),
    Normalize(commands::normalize::Args),
    MachineConfig(commands::machine_config::Args),
    Plan(commands::plan::Args),
    Show(commands::show::Args),
    Apply(commands::apply::Args),
    Deploy(commands::deploy::Args),
    Status(commands::status::Args),
    /// Let a held deploy go on
    Promote(commands::unfinished::Args),
    /// Take back a deploy that did not end; finish it when the first blue is already destroyed
    Abort(commands::unfinished::Args),
    Resume(commands::unfinished::Args),
    Verify(commands::verify::Args),
    #[command(subcommand)]
    Sim(commands::sim::Command),
    Lsp(commands::lsp::Args),
    Schema(commands::schema::Args),
    Completions(commands::completions::Args),
}

pub(super) fn main() -> ExitCode {
    let cli = Cli::parse();
    let terminal = Terminal::new(cli.color);
    let status = run(cli.command, terminal).unwrap_or_else(|error| {
        terminal.report(&error);
        error.status()
    });
    status.into()
}

fn run(command: Command, terminal: Terminal) -> Result<Status, Error> {
    match command {
        Command::Check(args) => commands::check::run(&args, terminal),
        Command::Explain(args) => commands::explain::run(&args, terminal),
        Command::Normalize(args) => commands::normalize::run(args, terminal),
        Command::MachineConfig(args) => commands::machine_config::run(args, terminal),
        Command::Plan(args) => commands::plan::run(args, terminal),
        Command::Show(args) => commands::show::run(&args, terminal),
        Command::Apply(args) => commands::apply::run(&args, terminal),
        Command::Deploy(args) => commands::deploy::run(args, terminal),
        Command::Status(args) => commands::status::run(&args, terminal),
        Command::Promote(args) => commands::unfinished::run(&args, Wish::Promote, terminal),
        Command::Abort(args) => commands::unfinished::run(&args, Wish::Abort, terminal),
        Command::Resume(args) => commands::unfinished::run(&args, Wish::Resume, terminal),
        Command::Verify(args) => commands::verify::run(&args, terminal),
        Command::Sim(command) => commands::sim::run(command, terminal),
        Command::Lsp(args) => commands::lsp::run(&args, terminal),
        Command::Schema(args) => commands::schema::run(&args, terminal),
        Command::Completions(args) => commands::completions::run(&args, &mut Cli::command(), terminal),
    }
}

const EXIT_STATUS: &str = "\
Exit status:
  0  done, or nothing to do
  1  the answer is no and nothing was touched: findings, or a refusal
  2  usage, unreadable or altered input, no credentials, no answer from the API
  3  the deploy failed or was aborted, and the fleet is as before
  4  something is left that needs a person: the report names it
  5  held: promote or abort is next
  6  the plan is stale: nothing was touched

Environment:
  FLY_API_TOKEN, FLY_ACCESS_TOKEN  the token for the Machines API; never printed or saved
  FLY_FLAPS_BASE_URL               the Machines API, if not https://api.machines.dev
  FLY_UIEX_BASE_URL                the release records, if not https://api.fly.io
  FLY_APP                          the app's name, where fly.toml has none
  NO_COLOR                         no colour, not even on a terminal
  CLICOLOR_FORCE, FORCE_COLOR      colour, even where the output is no terminal";
