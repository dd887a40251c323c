//! Input that no app has: huge, endless, deep, broken. A clear answer and no panic; what is not
//! linear would take hours here.

#![allow(clippy::disallowed_types, reason = "a test opens a device")]

use crate::test::Test;

/// Exits with this status; gives both outputs.
#[track_caller]
fn check(content: impl AsRef<[u8]>, status: i32) -> String {
    let ran = Test::new().file("fly.toml", content).args(["check", "--fail-on", "never"]).status(status).run();
    ran.stdout + &ran.stderr
}

#[test]
fn a_huge_file_is_refused() {
    let text = "a = 1\n".repeat((100 << 20) / 6);
    assert_eq!(check(text, 2), "error: `fly.toml` is larger than 10 MiB, the most that is read\n");
}

#[test]
fn deep_nesting_is_a_finding() {
    for text in [
        "[".repeat(10_000),
        format!("a = {}", "[".repeat(10_000)),
        format!("a = {}", "{a=".repeat(10_000)),
        format!("[{}a]\n", "a.".repeat(10_000)),
        format!("[[{}a]]\n", "a.".repeat(10_000)),
        format!("{}a = 1\n", "a.".repeat(10_000)),
        (1..300).map(|depth| format!("[{}a]\n", "a.".repeat(depth))).collect::<String>(),
    ] {
        let out = check(&text, 0);
        assert!(out.contains("error[syntax-error]") || out.contains("warning[unknown-key]"), "{}", &out[..500]);
    }
}

#[test]
fn ten_thousand_tables_are_read() {
    let many: String = (0..10_000).map(|at| format!("[[services]]\ninternal_port = {at}\n")).collect();
    assert!(check(many, 0).contains("service-without-port"));
    let named: String = (0..10_000).map(|at| format!("[checks.a{at}]\ntype = 'tcp'\nport = 1\n")).collect();
    check(named, 0);
    let unknown: String = (0..10_000).map(|at| format!("[t{at}]\nx = 1\n")).collect();
    assert!(check(unknown, 0).contains("unknown-key"));
}

#[test]
fn what_is_not_text_is_told() {
    assert!(check(b"app = \"\xff\"", 2).contains("is not UTF-8: the byte at offset 7"));
    assert!(check(b"app = \"a\0b\"\n", 0).contains("error[syntax-error]"));
    assert!(check(b"\0\0\0\0", 0).contains("error[syntax-error]"));
    assert!(check(b"\xff\xfea\0p\0p\0", 2).contains("is not UTF-8"));
}

#[cfg(unix)]
#[test]
fn a_device_or_a_pipe_is_no_file() {
    let said = "it is a device or a pipe, not a file";
    let ran = Test::new().args(["check", "/dev/zero"]).status(2).run();
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    let test = Test::new().file("x/y", "");
    let ran = test.args(["explain", "unknown-key"]).run();
    let made = std::process::Command::new("mkfifo").arg(ran.path("x/fly.toml")).status();
    if made.is_ok_and(|status| status.success()) {
        let ran = ran.then(["check", "x/fly.toml"]).status(2).run();
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
        ran.then(["check", "x"]).status(2).run();
    }
}

#[cfg(unix)]
#[test]
fn standard_input_that_never_ends_is_refused() {
    use std::process::Stdio;
    let test = Test::new().args(["check", "-"]);
    let zero = std::fs::File::open("/dev/zero").unwrap();
    let output = test.command().stdin(Stdio::from(zero)).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("standard input is larger than 10 MiB"));
}

#[cfg(unix)]
#[test]
fn a_folder_that_holds_itself_is_walked_once() {
    let ran = Test::new().file("apps/fly.toml", "app = \"shop\"\n").args(["check", "apps"]).run();
    std::os::unix::fs::symlink(ran.path("apps"), ran.path("apps/fly.loop.toml")).unwrap();
    std::os::unix::fs::symlink("fly.self.toml", ran.path("apps/fly.self.toml")).unwrap();
    let ran = ran.then(["check", "apps", "apps/fly.toml"]).run();
    assert_eq!(ran.stdout, "ok: nothing found in `apps/fly.toml`\n");
}

#[test]
fn a_report_does_not_grow_with_what_is_thrown_at_it() {
    let ran = Test::new()
        .file("fly.toml", "app = 1\n".to_owned() + &(0..3_000).map(|n| format!("k{n} = 1\n")).collect::<String>());
    let ran = ran.args(["check", "--format", "json"]).status(1).run();
    let file = &ran.json()["files"][0];
    assert_eq!(file["diagnostics"].as_array().unwrap().len(), 1_000);
    assert_eq!(file["omitted"], 2_001);
    assert_eq!(file["flyctl"], "rejects");
}
