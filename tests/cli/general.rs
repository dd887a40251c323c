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
fn a_value_that_makes_no_sense_is_refused_where_it_is_read() {
    for (args, says) in [
        (&["verify", "--url", "nonsense"][..], "'nonsense' for '--url <URL>': an address that begins with `https://`"),
        (&["verify", "--url", "http://[shop"], "'http://[shop' for '--url <URL>': invalid IPv6 address"),
        (&["verify", "--url", "http://shop", "--samples", "0"], "0 is not in 1.."),
        (&["plan", "--verify-url", "shop.example"], "an address that begins with `https://`"),
        (&["apply", "plan.json", "--lease-ttl", "0s"], "1s or more is expected"),
        (&["deploy", "--lease-ttl", "1500ms"], "Fly counts leases in whole seconds"),
        (&["resume", "--lease-wait=-1s"], "it is negative"),
        (&["sim", "explore", "--seconds", "0"], "0 is not in 1.."),
        (&["sim", "explore", "--runs", "0"], "0 is not in 1.."),
    ] {
        let stderr = Test::new().args(args.iter().copied()).status(2).run().stderr;
        assert!(stderr.contains(says), "{args:?}: {stderr}");
    }
}

#[test]
fn colour_is_a_choice() {
    let is_colored = |args: &[&str], env: &[(&str, &str)]| {
        let test = Test::new().file("fly.toml", "kil_signal = \"SIGINT\"\n");
        let test = env.iter().fold(test, |test, (name, value)| test.env(name, value));
        test.args(args.iter().copied()).run().stdout.contains('\u{1b}')
    };
    for (args, env, colored) in [
        // Standard output is no terminal here.
        (&["check"][..], &[][..], false),
        (&["check"], &[("CLICOLOR_FORCE", "1")], true),
        (&["check"], &[("CLICOLOR_FORCE", "0")], false),
        (&["check"], &[("FORCE_COLOR", "1")], true),
        (&["check"], &[("FORCE_COLOR", "0")], false),
        (&["check"], &[("FORCE_COLOR", "1"), ("CLICOLOR", "0")], true),
        (&["check"], &[("FORCE_COLOR", "1"), ("TERM", "dumb")], true),
        (&["check"], &[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], false),
        (&["check"], &[("FORCE_COLOR", "1"), ("NO_COLOR", "")], true),
        // What is asked for goes first.
        (&["check", "--color", "always"], &[], true),
        (&["--color", "always", "check"], &[("NO_COLOR", "1")], true),
        (&["check", "--color", "never"], &[("FORCE_COLOR", "1")], false),
        (&["check", "--color", "always", "--format", "json"], &[], false),
        (&["check", "--format", "github"], &[("FORCE_COLOR", "1")], false),
    ] {
        assert_eq!(is_colored(args, env), colored, "{args:?} {env:?}");
    }
}

/// Each is parsed by its shell, where that is installed.
#[test]
fn completions_are_scripts_that_their_shells_understand() {
    for (shell, checker) in [
        ("bash", &["bash", "-n"][..]),
        ("zsh", &["zsh", "-n"]),
        ("fish", &["fish", "--no-execute"]),
        ("elvish", &["elvish", "-compileonly"]),
        ("powershell", &[]),
    ] {
        let ran = Test::new().args(["completions", shell]).run();
        for command in ["machine-config", "stdin-filename"] {
            assert!(ran.stdout.contains(command), "{shell}: {command}");
        }
        let Some((program, args)) = checker.split_first() else { continue };
        std::fs::write(ran.path("script"), &ran.stdout).unwrap();
        match std::process::Command::new(program).args(args).arg(ran.path("script")).output() {
            Ok(output) => assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr)),
            Err(_) => println!("{program} is not here: its script was not parsed"),
        }
    }
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
