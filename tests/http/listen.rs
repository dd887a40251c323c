//! `cutover sim listen` as any client sees it: the real program, byte for byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// The program at work, gone with this.
struct Listening {
    process: Child,
    address: String,
}

struct Response {
    status: u16,
    /// In lower case.
    head: String,
    body: String,
}

impl Listening {
    fn with(more: &[&str]) -> Self {
        let mut process = command(more).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let (_, behind) = line.split_once("http://").unwrap();
        Self { process, address: behind.split(' ').next().unwrap().to_owned() }
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Response {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: fly\r\nauthorization: FlyV1 fm2_verysecret\r\n");
        let rest = format!("connection: close\r\ncontent-length: {length}\r\n\r\n{body}");
        // It may answer, and close, before it has read everything.
        let _ = stream.write_all((head + &rest).as_bytes());
        let mut text = Vec::new();
        let _ = stream.read_to_end(&mut text);
        let text = String::from_utf8(text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Response { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    fn create(&self) -> Value {
        let made = self.ask("POST", MACHINES, r#"{"region": "iad", "config": {"image": "registry.fly.io/shop:v2"}}"#);
        assert_eq!(made.status, 200, "{}", made.body);
        serde_json::from_str(&made.body).unwrap()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn who_asks_too_often_is_told_when_to_come_back() {
    let fly = Listening::with(&["--fault", "list#1=rate-limited:2500", "--fault", "cordon=limited"]);
    let refused = fly.ask("GET", MACHINES, "");
    assert_eq!(refused.status, 429, "{}", refused.body);
    assert!(refused.head.contains("retry-after: 3"), "{}", refused.head);
    assert_eq!(fly.ask("GET", MACHINES, "").status, 200);
    let blue = format!("{MACHINES}/{}", blues()[0]);
    let cordons: Vec<u16> = (0..4).map(|_| fly.ask("POST", &format!("{blue}/cordon"), "").status).collect();
    assert_eq!(cordons, [200, 200, 200, 429]);
}

#[test]
fn the_same_seed_makes_the_same_machines() {
    let made = |seed: &str| Listening::with(&["--seed", seed]).create()["id"].clone();
    assert_eq!(made("7"), made("7"));
    assert_ne!(made("7"), made("8"));
}

#[test]
fn the_transcript_has_every_exchange_and_no_token() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("transcript-{}.jsonl", std::process::id()));
    let fly = Listening::with(&["--transcript", path.to_str().unwrap(), "--fault", "get=lost-after"]);
    let made = fly.create();
    fly.ask("GET", &format!("{MACHINES}/{}", made["id"].as_str().unwrap()), "");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<String> = lines.iter().map(|line| format!("{} {}", line["method"], line["status"])).collect();
    assert_eq!(told, [r#""POST" 200"#, r#""GET" 504"#]);
    assert_eq!((&lines[0]["body"]["region"], &lines[0]["reply"]["id"]), (&"iad".into(), &made["id"]));
    assert!(!text.contains("verysecret"));
}

#[test]
fn pages_from_anywhere_may_ask() {
    let fly = Listening::with(&[]);
    let preflight = fly.ask("OPTIONS", MACHINES, "");
    assert_eq!(preflight.status, 204);
    for (header, value) in [("origin", "*"), ("methods", "patch"), ("headers", "fly-machine-lease-nonce")] {
        let line = preflight.head.lines().find(|line| line.starts_with(&format!("access-control-allow-{header}: ")));
        assert!(line.is_some_and(|line| line.contains(value)), "{}", preflight.head);
    }
    for (method, path) in [("GET", MACHINES), ("GET", "/nowhere"), ("PUT", MACHINES)] {
        let head = fly.ask(method, path, "").head;
        assert!(head.contains("access-control-allow-origin: *"), "{method} {path}: {head}");
        assert!(head.contains("access-control-expose-headers: retry-after"), "{method} {path}: {head}");
    }
}

#[test]
fn what_it_does_not_know_is_refused_in_the_words_of_the_api() {
    let fly = Listening::with(&[]);
    let large = " ".repeat(5 << 20);
    let blue = format!("{MACHINES}/{}", blues()[0]);
    for (method, path, body, status, error) in [
        ("GET", "/v1/apps/other/machines", "", 404, "not_found: app not found"),
        ("GET", "/v1/apps/shop/machines/zz", "", 404, "not_found: machine not found"),
        ("GET", "/nowhere", "", 404, "not_found"),
        ("POST", MACHINES, "{", 400, "invalid_argument"),
        ("POST", MACHINES, r#"{"config": {}}"#, 400, "config.image is required"),
        ("POST", &format!("{blue}/stop"), "[]", 400, "cannot unmarshal"),
        ("GET", &format!("{blue}/wait?state=happy"), "", 400, "invalid state"),
        ("DELETE", &blue, "", 412, "failed_precondition: unable to destroy machine"),
        ("PUT", MACHINES, "", 405, ""),
        ("POST", MACHINES, &large, 413, ""),
    ] {
        let response = fly.ask(method, path, body);
        assert_eq!(response.status, status, "{method} {path}: {}", response.body);
        let answer: Value = serde_json::from_str(&response.body).unwrap_or_default();
        assert!(answer["error"].as_str().unwrap_or_default().contains(error), "{method} {path}: {}", response.body);
    }
}

#[test]
fn arguments_that_nobody_knows_are_refused() {
    for (more, says) in [
        (&["--flaky"][..], "--flaky"),
        (&["--fault", "create=maybe"], "no effect is named `maybe`"),
        (&["--speed", "0"], "0 is not in 1..=1000"),
        (&["--transcript", "/nowhere/transcript.jsonl"], "cannot write /nowhere/transcript.jsonl"),
    ] {
        let Output { status, stderr, .. } = command(more).output().unwrap();
        let stderr = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(says), "{stderr}");
    }
}

fn command(more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cutover"));
    command.args(["sim", "listen", "--port", "0", "--app", "shop", "--fleet"]).arg(fleet()).args(more).env_clear();
    command
}

fn blues() -> Vec<String> {
    let machines: Value = serde_json::from_str(&std::fs::read_to_string(fleet()).unwrap()).unwrap();
    let ids = machines.as_array().unwrap().iter().map(|machine| machine["id"].as_str().unwrap().to_owned());
    ids.collect()
}

fn fleet() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop/machines.json")
}

const MACHINES: &str = "/v1/apps/shop/machines";
