//! Releases and logs: of Fly's other API, as flyctl uses it.

use serde_json::{Value, json};

use super::{Host, Method, Request, headers, segment};
use crate::execute::{Answer, Call, ReleaseStatus};

pub(super) fn request(app: &str, call: &Call) -> Request {
    let with = |method, path: String, body: Value| Request {
        host: Host::Releases,
        method,
        path,
        headers: headers(None, true),
        body: Some(body.to_string()),
    };
    match call {
        Call::CreateRelease { image, definition } => {
            // There was no build: flyctl sends this when it could not record one.
            let body = json!({ "app_name": app, "build_id": 0, "definition": definition, "image": image,
                "strategy": "BLUEGREEN" });
            with(Method::Post, "/api/v1/releases".to_owned(), body)
        }
        Call::UpdateRelease { id, status, error } => {
            let client = concat!("cutover-", env!("CARGO_PKG_VERSION"));
            let info = error
                .as_ref()
                .map(|error| json!({ "post_deployment_info": { "flyctl_version": client, "error": error } }));
            let body = json!({ "status": status_name(*status), "metadata": info });
            with(Method::Patch, format!("/api/v1/releases/{}", segment(id)), body)
        }
        other => {
            let id = other.machine().unwrap_or_default();
            Request::get(Host::Releases, format!("/api/v1/apps/{}/logs?instance={}", segment(app), segment(id)))
        }
    }
}

/// An id is text or a number.
pub(super) fn release(body: &[u8]) -> Option<Answer> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let text = |key: &str| match body.get("release")?.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    Some(Answer::Release { id: text("id")?, version: text("version")? })
}

/// What this machine wrote, in the order in which it is listed.
pub(super) fn logs(body: &[u8], id: &str) -> Option<Answer> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let entries = body.get("data")?.as_array()?.iter().filter_map(|entry| entry.get("attributes"));
    let own = entries.filter(|entry| entry.get("instance").and_then(Value::as_str).is_none_or(|of| of == id));
    Some(Answer::Logs(own.filter_map(|entry| entry.get("message")?.as_str().map(str::to_owned)).collect()))
}

const fn status_name(status: ReleaseStatus) -> &'static str {
    match status {
        ReleaseStatus::Running => "running",
        ReleaseStatus::Complete => "complete",
        ReleaseStatus::Failed => "failed",
        ReleaseStatus::Interrupted => "interrupted",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_created_and_finished_as_flyctl_does_it() {
        let create = Call::CreateRelease { image: "shop:v2".into(), definition: json!({"app": "shop"}) };
        let update = |status, error: Option<&str>| Call::UpdateRelease {
            id: "r/1".into(),
            status,
            error: error.map(str::to_owned),
        };
        let logs = Call::Logs { id: "m1".into() };
        let calls = [create, update(ReleaseStatus::Running, None), update(ReleaseStatus::Failed, Some("why")), logs];
        let lines: Vec<String> = calls
            .iter()
            .map(|call| request("shop", call))
            .map(|request| format!("{} {} {}", request.method.as_str(), request.path, request.body.unwrap_or_default()))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        POST /api/v1/releases {"app_name":"shop","build_id":0,"definition":{"app":"shop"},"image":"shop:v2","strategy":"BLUEGREEN"}
        PATCH /api/v1/releases/r%2F1 {"metadata":null,"status":"running"}
        PATCH /api/v1/releases/r%2F1 {"metadata":{"post_deployment_info":{"error":"why","flyctl_version":"cutover-0.1.0"}},"status":"failed"}
        GET /api/v1/apps/shop/logs?instance=m1
        "#);
    }

    #[test]
    fn ids_and_messages_are_read() {
        let release = |id: &str| format!(r#"{{"release":{{"id":{id},"version":8,"status":"pending"}}}}"#);
        for (id, read) in [("\"abc\"", "abc"), ("17", "17")] {
            let expected = Answer::Release { id: read.into(), version: "8".into() };
            assert_eq!(super::release(release(id).as_bytes()), Some(expected));
        }
        let body = br#"{"data":[{"attributes":{"message":"a","instance":"m1"}},{"attributes":{"message":"b","instance":"m2"}}]}"#;
        assert_eq!(logs(body, "m1"), Some(Answer::Logs(vec!["a".into()])));
    }
}
