//! What opens Fly's APIs: where they are, the token, and whom to trust.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::error::{Error, Kind};
use super::files;
use super::http::{Client, Endpoint};
use crate::protocol;
use crate::syntax::{self, Format};

/// How to reach Fly.io.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Access {
    /// Read the token from this file, or from standard input for `-`
    #[arg(long, value_name = "FILE", help_heading = "Access")]
    token_file: Option<PathBuf>,

    /// Use the token that `fly auth login` saved
    #[arg(long, conflicts_with = "token_file", help_heading = "Access")]
    flyctl_config: bool,

    /// Also trust the certificates in this file (PEM), such as those of a company's proxy
    #[arg(long, value_name = "FILE", env = "SSL_CERT_FILE", hide_env_values = true, help_heading = "Access")]
    ca_file: Option<PathBuf>,
}

impl Access {
    /// A client for one app.
    pub(super) fn client(&self, app: &str) -> Result<Client, Error> {
        let given = |name: &str| std::env::var(name).ok();
        let machines_url = machines_url_of(given("FLY_FLAPS_BASE_URL"));
        let endpoint = Endpoint {
            releases_url: releases_url_of(given("FLY_UIEX_BASE_URL"), &machines_url),
            machines_url,
            token: Some(self.token()?),
            certificates: self.ca_file.as_deref().map(files::read).transpose()?.unwrap_or_default().into_bytes(),
        };
        Client::new(app, &endpoint).map_err(|error| Error::new(Kind::Access, error))
    }

    fn token(&self) -> Result<SecretString, Error> {
        let text = match &self.token_file {
            Some(path) => files::read(path)?,
            None if self.flyctl_config => token_of_flyctl()?,
            None => TOKENS.iter().find_map(|name| some_text(std::env::var(name).ok())).ok_or_else(no_token)?,
        };
        match text.trim() {
            "" => Err(Error::new(Kind::Access, "the file of the token is empty")),
            token => Ok(SecretString::from(token)),
        }
    }
}

/// Where flyctl keeps what `fly auth login` gave it.
fn token_of_flyctl() -> Result<String, Error> {
    let folder = std::env::var_os("FLY_CONFIG_DIR").map(PathBuf::from);
    let folder = folder.or_else(|| Some(std::env::home_dir()?.join(".fly")));
    let path = folder.unwrap_or_default().join("config.yml");
    token_in(&files::read_config(&path)?).ok_or_else(|| no_token_in(&path))
}

fn token_in(config: &str) -> Option<String> {
    let token = syntax::parse(config, Format::Yaml).root.as_table()?.get("access_token")?.as_text()?.to_owned();
    some_text(Some(token))
}

fn no_token() -> Error {
    Error::new(Kind::Access, "no token for the Machines API: neither FLY_API_TOKEN nor FLY_ACCESS_TOKEN is set")
        .hint("make a token for this app: `fly tokens create deploy`, then `export FLY_API_TOKEN=...`")
        .hint("or use flyctl's own: `--flyctl-config`")
}

fn no_token_in(path: &Path) -> Error {
    Error::new(Kind::Access, format!("`{}` has no `access_token`", path.display())).hint("log in: `fly auth login`")
}

fn machines_url_of(given: Option<String>) -> String {
    some_text(given).unwrap_or_else(|| protocol::BASE_URL.to_owned())
}

/// Who points the Machines API elsewhere does not mean Fly's own releases.
fn releases_url_of(given: Option<String>, machines_url: &str) -> String {
    let elsewhere = if machines_url == protocol::BASE_URL { protocol::RELEASES_BASE_URL } else { machines_url };
    some_text(given).unwrap_or_else(|| elsewhere.to_owned())
}

/// Set to nothing, as a CI's missing setting is, it is not set.
fn some_text(given: Option<String>) -> Option<String> {
    given.filter(|text| !text.trim().is_empty())
}

/// flyctl looks for them in this order.
const TOKENS: [&str; 2] = ["FLY_ACCESS_TOKEN", "FLY_API_TOKEN"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_base_url_is_none() {
        for (given, expected) in [
            (None, "https://api.machines.dev"),
            (Some(""), "https://api.machines.dev"),
            (Some("http://127.0.0.1:4280"), "http://127.0.0.1:4280"),
        ] {
            assert_eq!(machines_url_of(given.map(str::to_owned)), expected);
        }
    }

    #[test]
    fn releases_stay_with_a_machines_api_that_is_elsewhere() {
        let url = |given: Option<&str>, base| releases_url_of(given.map(str::to_owned), base);
        assert_eq!(url(None, protocol::BASE_URL), "https://api.fly.io");
        assert_eq!(url(Some(""), "http://127.0.0.1:4280"), "http://127.0.0.1:4280");
        assert_eq!(url(Some("http://127.0.0.1:9"), "http://127.0.0.1:4280"), "http://127.0.0.1:9");
    }

    #[test]
    fn the_token_of_flyctl_is_found_among_its_settings() {
        for (config, token) in [
            (
                "access_token: FlyV1 fm2_a,fm2_b,fo1_c\nlast_login: 2026-01-01T00:00:00Z\n",
                Some("FlyV1 fm2_a,fm2_b,fo1_c"),
            ),
            ("wire_guard_state: {}\naccess_token: \"\"\n", None),
            ("", None),
            ("- access_token", None),
        ] {
            assert_eq!(token_in(config).as_deref(), token, "{config}");
        }
    }
}
