//! Fly's error texts, read once. Each row was seen in replies of the real API.

use serde_json::Value;

use super::token::masked;
use crate::execute::Why;

/// Why a reply with an error status (neither 404 nor 5xx) refused the call.
pub(super) fn classify(status: u16, retry_after_ms: Option<u64>, body: &[u8]) -> Why {
    let (message, code) = words(body);
    if status == 429 {
        return Why::RateLimited { retry_after_ms };
    }
    let haystack = format!("{code} {message}").to_lowercase();
    let sort = TEXTS.iter().find(|(text, _)| haystack.contains(text)).map(|(_, sort)| *sort);
    match (sort, status) {
        (Some(Sort::Lease), _) => Why::LeaseHeld { owner: owner(&message) },
        (Some(Sort::Name), _) => Why::NameTaken { holder: holder(&message), message },
        (Some(Sort::Capacity), _) => Why::NoCapacity { message },
        (Some(Sort::Rate), _) => Why::RateLimited { retry_after_ms },
        (Some(Sort::State), _) => Why::WrongState { message },
        (Some(Sort::Other), _) => Why::Other { status, message },
        (None, 401 | 403) => Why::Unauthorized { message },
        (None, 409 | 412) => Why::WrongState { message },
        (None, _) => Why::Other { status, message },
    }
}

/// What a reply says from which nobody can tell whether the call was done. One that was to hold
/// something is not quoted: it could be a machine's whole config.
pub(super) fn unclear(status: u16, body: &[u8]) -> String {
    let (words, _) = words(body);
    match status {
        200..=299 if words != WEB_PAGE => format!("answered with status {status} and what cannot be read"),
        _ if words.is_empty() => format!("answered with status {status}"),
        _ => format!("answered with status {status} ({words})"),
    }
}

pub(super) fn is_lease_not_found(body: &[u8]) -> bool {
    words(body).0.contains("lease not found")
}

/// The message and the machine-readable status of an error body. A lease's envelope says
/// `message`, everything else `error`; what is not JSON speaks for itself.
fn words(body: &[u8]) -> (String, String) {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        let text = String::from_utf8_lossy(body);
        if text.trim_start().starts_with('<') {
            return (WEB_PAGE.to_owned(), String::new());
        }
        return (masked(&text).chars().take(LONGEST_MESSAGE).collect(), String::new());
    };
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let message = if text("message").is_empty() { text("error") } else { text("message") };
    (masked(&message), text("status"))
}

fn owner(message: &str) -> String {
    let behind = message.split_once("held by ").map_or("", |(_, behind)| behind);
    behind.split(", expires").next().unwrap_or_default().to_owned()
}

/// The machine that has the name already.
fn holder(message: &str) -> Option<String> {
    let (_, behind) = message.split_once("machine ID ")?;
    behind.split(' ').next().filter(|id| !id.is_empty()).map(str::to_owned)
}

#[derive(Clone, Copy)]
enum Sort {
    Lease,
    Name,
    Capacity,
    Rate,
    State,
    Other,
}

const WEB_PAGE: &str = "a web page, not Fly's answer";

const LONGEST_MESSAGE: usize = 300;

/// The first that occurs decides.
const TEXTS: &[(&str, Sort)] = &[
    ("lease currently held by", Sort::Lease),
    ("unique machine name violation", Sort::Name),
    ("name_taken", Sort::Name),
    ("name has already been taken", Sort::Name),
    ("rate limit exceeded", Sort::Rate),
    ("resource_exhausted", Sort::Rate),
    ("volume already claimed", Sort::Other),
    ("over the allowed quota", Sort::Other),
    ("could not reserve resource", Sort::Capacity),
    ("insufficient", Sort::Capacity),
    ("no capacity", Sort::Capacity),
    ("could not find a candidate host", Sort::Capacity),
    ("deploys to this host are temporarily disabled", Sort::Capacity),
    ("governor policy blocked", Sort::Capacity),
    ("aborted:", Sort::State),
    ("failed_precondition:", Sort::State),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str, sort: &str) {
        let value = serde_json::to_value(classify(status, None, body.as_bytes())).unwrap();
        assert_eq!(value["why"], sort, "{status} {body}");
    }

    #[test]
    fn every_known_refusal_has_its_reason() {
        for (status, body, sort) in [
            (400, r#"{"error":"json: cannot unmarshal array into Go value of type main.stopRequest"}"#, "other"),
            (401, r#"{"error":"Authenticate: token validation error"}"#, "unauthorized"),
            (
                403,
                r#"{"error":"organization \"x\" is using 9 MB of memory in iad which is over the allowed quota"}"#,
                "other",
            ),
            (403, r#"{"error":"forbidden"}"#, "unauthorized"),
            (
                409,
                r#"{"status":"error","message":"machine ID m1 lease currently held by a@tokens.fly.io, expires at 2026-01-01T00:00:00Z"}"#,
                "lease-held",
            ),
            (409, r#"{"error":"aborted: machine update failed due to concurrent update"}"#, "wrong-state"),
            (409, r#"{"error":"aborted: machine still attempting to start"}"#, "wrong-state"),
            (
                409,
                r#"{"error":"aborted: could not reserve resource for machine: insufficient memory available to fulfill request"}"#,
                "no-capacity",
            ),
            (409, r#"{"error":"aborted: no capacity"}"#, "no-capacity"),
            (
                409,
                r#"{"error":"already_exists: unique machine name violation, machine ID m2 already exists with name \"n\""}"#,
                "name-taken",
            ),
            (
                412,
                r#"{"error":"failed_precondition: unable to start machine from current state: 'created'"}"#,
                "wrong-state",
            ),
            (412, r#"{"error":"failed_precondition: machine still active, refusing to start"}"#, "wrong-state"),
            (412, r#"{"error":"failed_precondition: volume already claimed by machine m3"}"#, "other"),
            (422, r#"{"error":"could not find a candidate host","status":"insufficient_capacity"}"#, "no-capacity"),
            (422, r#"{"error":"Validation failed: Name has already been taken","status":"name_taken"}"#, "name-taken"),
            (422, r#"{"error":"To create more than 1 machine per app please add a payment method."}"#, "other"),
            (429, "rate limit exceeded", "rate-limited"),
            (400, r#"{"error":"resource_exhausted: rate limit exceeded"}"#, "rate-limited"),
        ] {
            check(status, body, sort);
        }
    }

    #[test]
    fn what_is_unclear_says_what_came() {
        for (status, body, says) in [
            (502, "", "answered with status 502"),
            (502, "<html>bad gateway</html>", "answered with status 502 (a web page, not Fly's answer)"),
            (503, r#"{"error":"try later"}"#, "answered with status 503 (try later)"),
            (500, "fm2_secret is odd", "answered with status 500 (*** is odd)"),
            (200, "<html>login</html>", "answered with status 200 (a web page, not Fly's answer)"),
            (200, r#"{"error":"SECRET=1"}"#, "answered with status 200 and what cannot be read"),
            (200, "[{\"id\":", "answered with status 200 and what cannot be read"),
        ] {
            assert_eq!(unclear(status, body.as_bytes()), says);
        }
    }

    #[test]
    fn the_machine_that_has_the_name_is_named() {
        let body = br#"{"error":"already_exists: unique machine name violation, machine ID m2 already exists with name \"n\""}"#;
        let Why::NameTaken { holder, .. } = classify(409, None, body) else { panic!() };
        assert_eq!(holder.as_deref(), Some("m2"));
    }

    #[test]
    fn the_holder_of_a_lease_is_named() {
        let body =
            br#"{"message":"machine ID m1 lease currently held by a@tokens.fly.io, expires at 2026-01-01T00:00:00Z"}"#;
        assert_eq!(classify(409, None, body), Why::LeaseHeld { owner: "a@tokens.fly.io".into() });
    }
}
