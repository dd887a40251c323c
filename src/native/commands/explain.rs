//! `cutover explain`.

use clap::ValueEnum;

use crate::native::error::{Error, Kind, Status};
use crate::native::terminal::Terminal;
use crate::render;
use crate::rules::{self, RULES, Rule};

/// Show a rule's page: why it matters, what Fly does, a bad and a good example
#[derive(Debug, clap::Args)]
pub(in crate::native) struct Args {
    /// The rule's id, as findings show it: `bluegreen-with-volume`
    #[arg(value_name = "RULE", required_unless_present = "all")]
    rule: Option<String>,

    /// Every rule
    #[arg(long, conflicts_with = "rule")]
    all: bool,

    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(in crate::native) fn run(args: &Args, terminal: Terminal) -> Result<Status, Error> {
    let rules: Vec<&Rule> = match &args.rule {
        Some(id) => vec![rules::find(id).ok_or_else(|| unknown(id))?],
        None => RULES.to_vec(),
    };
    let text = match args.format {
        Format::Json => render::json::rules(rules),
        Format::Text => {
            let pages: Vec<String> =
                rules.into_iter().map(|rule| render::text::explain(rule, terminal.look())).collect();
            pages.join("\n")
        }
    };
    terminal.print(&text)?;
    Ok(Status::Done)
}

fn unknown(id: &str) -> Error {
    let error = Error::new(Kind::Usage, format!("there is no rule `{id}`"));
    match rules::closest(id) {
        Some(rule) => error.hint(format!("did you mean `{rule}`?")),
        None => error.hint("`cutover explain --all` shows every rule"),
    }
}
