//! `cutover verify`.

use serde_json::Value;

use crate::execute::{Answer, Call, Reply, Sample};
use crate::native::block_on;
use crate::native::error::{Error, Kind, Status};
use crate::native::http::{Client, Endpoint};
use crate::native::terminal::Terminal;
use crate::{policy, protocol};

/// Ask a URL again and again: every answer must be as expected
///
/// Without expectations, a status of 2xx is enough. No token is sent.
#[derive(Debug, clap::Args)]
pub(in crate::native) struct Args {
    /// What to ask
    #[arg(long, value_name = "URL", value_parser = address)]
    url: String,

    /// How often
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    samples: u32,

    /// A field of the JSON that it answers with, such as `build.version=v2`
    #[arg(long, value_name = "PATH=VALUE")]
    expect: Vec<String>,

    /// A header of the answer, such as `x-version=v2`
    #[arg(long, value_name = "NAME=VALUE")]
    expect_header: Vec<String>,
}

pub(in crate::native) fn run(args: &Args, terminal: Terminal) -> Result<Status, Error> {
    let fields = pairs(&args.expect)?;
    let headers = pairs(&args.expect_header)?;
    let client = Client::new("", &Endpoint::at(protocol::BASE_URL)).map_err(|why| Error::new(Kind::Access, why))?;
    for nth in 1..=args.samples {
        let fault = match block_on(client.call(&Call::Probe { url: args.url.clone() }))? {
            Reply::Done(Answer::Probed(sample)) => fault(&sample, &fields, &headers),
            Reply::Unknown(why) => Some(why),
            Reply::Done(_) | Reply::Absent | Reply::Refused(_) => Some("it does not answer".to_owned()),
        };
        if let Some(fault) = fault {
            terminal.print(&format!("Sample {nth} of {}: {fault}\n", args.samples))?;
            return Ok(Status::No);
        }
    }
    terminal.print(&format!("All {} samples are as expected.\n", args.samples))?;
    Ok(Status::Done)
}

fn address(text: &str) -> Result<String, String> {
    let address = policy::address(text)?;
    reqwest::Url::parse(address).map(|_| address.to_owned()).map_err(|why| why.to_string())
}

fn pairs(texts: &[String]) -> Result<Vec<(&str, &str)>, Error> {
    texts
        .iter()
        .map(|text| text.split_once('=').ok_or_else(|| Error::new(Kind::Usage, format!("`{text}` is not NAME=VALUE"))))
        .collect()
}

/// Why the sample is not as expected.
fn fault(sample: &Sample, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Option<String> {
    if !(200..300).contains(&sample.status) {
        return Some(format!("its status is {}", sample.status));
    }
    let header = |name: &str| {
        let found = sample.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone())
    };
    let body: Value = serde_json::from_str(&sample.body).unwrap_or_default();
    let field = |path: &str| {
        let pointer = path.trim_start_matches("$.").split('.').fold(String::new(), |at, key| format!("{at}/{key}"));
        body.pointer(&pointer).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let differs = |name: &str, wanted: &str, found: Option<String>| match found {
        Some(found) if found == wanted => None,
        Some(found) => Some(format!("{name} is `{found}`, not `{wanted}`")),
        None => Some(format!("it has no {name}")),
    };
    let in_headers = headers.iter().find_map(|(name, wanted)| differs(name, wanted, header(name)));
    in_headers.or_else(|| fields.iter().find_map(|(path, wanted)| differs(path, wanted, field(path))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expectation_must_hold() {
        let sample = Sample {
            status: 200,
            headers: vec![("x-version".into(), "v2".into())],
            body: r#"{"build":{"version":"v2","nth":7}}"#.into(),
        };
        for (fields, headers, expected) in [
            (&[][..], &[][..], None),
            (&[("build.version", "v2"), ("$.build.nth", "7")], &[("X-Version", "v2")], None),
            (&[("build.version", "v3")], &[], Some("build.version is `v2`, not `v3`")),
            (&[("build.name", "x")], &[], Some("it has no build.name")),
            (&[], &[("x-version", "v1")], Some("x-version is `v2`, not `v1`")),
        ] {
            assert_eq!(fault(&sample, fields, headers).as_deref(), expected);
        }
        let down = Sample { status: 503, ..sample };
        assert_eq!(fault(&down, &[], &[]).as_deref(), Some("its status is 503"));
    }
}
