//! What holds for every command.

use std::io::Read;

use crate::test::Test;

#[test]
fn help_is_the_reference() {
    let commands = [
        "",
        "check",
        "explain",
        "normalize",
        "machine-config",
        "plan",
        "show",
        "apply",
        "deploy",
        "sim",
        "sim run",
        "sim listen",
        "lsp",
        "schema",
        "completions",
    ];
    let help = |command: &str| {
        let ran = Test::new().args(command.split_whitespace()).args(["--help"]).run();
        format!("$ cutover {command} --help\n{}", ran.stdout)
    };
    insta::assert_snapshot!("help", commands.map(help).join("\n"));
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
