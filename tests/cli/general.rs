//! What holds for every command.

use std::io::Read;

use crate::test::Test;

#[test]
fn help_is_the_reference() {
    insta::assert_snapshot!(Test::new().args(["--help"]).run().stdout, @r#"
    Lint a fly.toml, review a blue-green deploy on Fly.io as a plan, and execute exactly that plan

    Usage: cutover [OPTIONS] <COMMAND>

    Commands:
      check           Lint fly.toml: what flyctl rejects, what fails at deploy, what does not do what it
                      says
      explain         Show a rule's page: why it matters, what Fly does, a bad and a good example
      normalize       Print the same config with its process groups written out, comments kept
      machine-config  Print the Machine config that Fly would receive for each process group, as JSON
      plan            Show what a blue-green deploy would do to which machine, in which order, and why
      show            Show a saved plan
      apply           Carry out exactly a saved plan on Fly.io
      deploy          Check, plan, show the plan, ask, and carry it out
      sim             Carry out a plan in a simulated Fly, or serve one over HTTP
      lsp             Run the language server on standard input and output, for editors

    Options:
          --color <WHEN>
              When to use colour

              Possible values:
              - auto:   Colour where the output is a terminal, unless NO_COLOR is set
              - always
              - never

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Exit status:
      0  done, or nothing to do
      1  the answer is no and nothing was touched: findings, or a refusal
      2  usage, unreadable or altered input, no credentials, no answer from the API
      3  the deploy failed or was aborted, and the fleet is as before
      4  something is left that needs a person: the report names it
      6  the plan is stale: nothing was touched

    Environment:
      FLY_API_TOKEN, FLY_ACCESS_TOKEN  the token for the Machines API; never printed or saved
      FLY_FLAPS_BASE_URL               the Machines API, if not https://api.machines.dev
      FLY_APP                          the app's name, before the one in fly.toml
      NO_COLOR                         no colour
    "#);
}

#[test]
fn unknown_arguments_are_usage_errors() {
    for args in [&["chekc"][..], &["check", "--fxi"], &["explain"], &["plan", "--settle", "10"], &["apply"], &[]] {
        Test::new().args(args.iter().copied()).status(2).run();
    }
}

#[test]
fn colour_is_a_choice() {
    let colored = |args: &[&str], no_color: &str| {
        let test = Test::new().file("fly.toml", "kil_signal = \"SIGINT\"\n").env("NO_COLOR", no_color);
        test.args(args.iter().copied()).run().stdout.contains('\u{1b}')
    };
    assert!(!colored(&["check"], ""), "standard output is no terminal");
    assert!(colored(&["check", "--color", "always"], ""));
    assert!(colored(&["--color", "always", "check"], "1"), "what is asked for goes first");
    assert!(!colored(&["check", "--color", "never"], ""));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let test = Test::new().args(["explain", "--all"]);
    let mut process = test.command().spawn().unwrap();
    // Less than a pipe holds is read, then the pipe is closed.
    let mut first = [0; 1];
    process.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = process.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
