//! How the program reaches Fly: tokens, proxies, certificates.
#![cfg(unix)]

use crate::fly::{Fly, TOKEN};
use crate::test::Test;

const PLAN: [&str; 3] = ["plan", "--image", "registry.fly.io/shop:v2"];

fn plan(more: &[&str]) -> Test {
    Test::shop().args(PLAN.into_iter().chain(more.iter().copied()))
}

#[test]
fn a_token_comes_from_the_environment_a_file_or_flyctl() {
    let fly = Fly::listen();
    let config = format!("access_token: {TOKEN}\nlast_login: 2026-01-01T00:00:00Z\n");
    for test in [
        plan(&[]).env("FLY_ACCESS_TOKEN", TOKEN),
        plan(&[]).env("FLY_ACCESS_TOKEN", "").env("FLY_API_TOKEN", TOKEN),
        plan(&["--token-file", "token"]).file("token", format!("{TOKEN}\n")),
        plan(&["--token-file", "-"]).stdin(TOKEN),
        plan(&["--flyctl-config"]).file("home/.fly/config.yml", &config).env("HOME", "home"),
        plan(&["--flyctl-config"]).file("fly/config.yml", &config).env("FLY_CONFIG_DIR", "fly"),
    ] {
        let ran = test.env("FLY_FLAPS_BASE_URL", &fly.url).run();
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("verysecret"));
    }
}

#[test]
fn a_token_that_is_not_there_is_asked_for() {
    for (test, says) in [
        (plan(&[]), "neither FLY_API_TOKEN nor FLY_ACCESS_TOKEN is set"),
        (plan(&["--token-file", "token"]), "cannot read `token`: there is no such file"),
        (plan(&["--token-file", "token"]).file("token", "\n"), "the file of the token is empty"),
        (
            plan(&["--flyctl-config"]).file("fly/config.yml", "app: x\n").env("FLY_CONFIG_DIR", "fly"),
            "`fly auth login`",
        ),
        (plan(&["--flyctl-config", "--token-file", "token"]), "cannot be used with"),
    ] {
        let ran = test.status(2).run();
        assert!(ran.stderr.contains(says), "{}", ran.stderr);
    }
}

#[test]
fn a_proxy_of_the_environment_is_used() {
    let fly = Fly::listen();
    // The simulator answers whatever host it is asked for: so it is the proxy here.
    let test = plan(&[]).env("FLY_FLAPS_BASE_URL", "http://machines.example").env("FLY_API_TOKEN", TOKEN);
    test.env("HTTP_PROXY", &fly.url).run();
    let direct = plan(&[]).env("FLY_FLAPS_BASE_URL", &fly.url).env("FLY_API_TOKEN", TOKEN);
    direct.env("HTTP_PROXY", "http://127.0.0.1:9").env("NO_PROXY", "127.0.0.1").run();
}

#[test]
fn certificates_that_cannot_be_read_are_named() {
    let test =
        plan(&["--ca-file", "ca.pem"]).file("ca.pem", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n");
    let ran = test.env("FLY_API_TOKEN", TOKEN).status(2).run();
    assert!(ran.stderr.contains("no HTTP client: invalid peer certificate"), "{}", ran.stderr);
}
