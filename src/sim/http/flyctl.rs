//! What flyctl asks beside machines: the organization, builds, releases, volumes, and its GraphQL
//! queries, told apart by their text. Answers are the least that it goes on with
//! (flyctl's internal/uiex and internal/command/deploy, 2026-08).

use serde_json::{Value, json};

use super::request::object;
use super::{Response, error, ok};
use crate::protocol::{Method, Request};
use crate::sim::world::World;

/// The answer, if this is none of the calls that the world itself answers.
pub(super) fn answer(world: &World, request: &Request) -> Option<Response> {
    let path = request.path.split('?').next().unwrap_or_default();
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let body = object(request, "request").unwrap_or_default();
    let reply = match (request.method, segments.as_slice()) {
        (Method::Post, ["graphql"]) => graphql(world, &body),
        (Method::Get, ["api", "v1", "organizations", slug]) => json!({ "organization": organization(slug) }),
        (Method::Post, ["api", "v1", "builds"] | ["api", "v1", "builds", "finish"]) => {
            json!({"id": 1, "status": "ok", "wallclock_time_ms": 1})
        }
        (Method::Get, ["api", "v1", "apps", _, "releases"]) => {
            json!({"releases": (0..world.releases().len()).rev().map(|index| release(world, index)).collect::<Vec<_>>()})
        }
        (Method::Get, ["api", "v1", "apps", _, "releases", "current"]) => match world.releases().len().checked_sub(1) {
            Some(index) => json!({ "release": release(world, index) }),
            None => return Some(error(404, "not_found: no release")),
        },
        (Method::Get, ["v1", "apps", _, "volumes" | "ip_assignments"]) => json!([]),
        (Method::Get, ["v1", "apps", _, "machines", id, "metadata"]) => {
            let machine = world.machines().iter().find(|machine| machine.id == *id)?;
            let config = machine.config.as_ref();
            config.and_then(|config| config.get("metadata")).cloned().unwrap_or_else(|| json!({}))
        }
        _ => return None,
    };
    Some(ok(200, reply))
}

fn graphql(world: &World, body: &Value) -> Value {
    let query = body.get("query").and_then(Value::as_str).unwrap_or_default();
    let variable = |name: &str| body.pointer(&format!("/variables/{name}")).and_then(Value::as_str).unwrap_or_default();
    let last = world.releases().last();
    let app = |fields: Value| json!({"data": {"app": fields}});
    if query.contains("canPerformBluegreenDeployment") {
        return json!({"data": {"canPerformBluegreenDeployment": true}});
    }
    if query.contains("image(ref:") {
        // flyctl deploys the reference that it is told here.
        let image = variable("imageRef");
        let digest = image.split_once('@').map_or(UNKNOWN_DIGEST, |(_, digest)| digest);
        let image = json!({"id": "img", "digest": digest, "ref": image, "compressedSize": "1", "manifest": {}});
        return app(json!({"id": variable("appName"), "image": image}));
    }
    if query.contains("egressIpAddresses") {
        return app(json!({"egressIpAddresses": {"nodes": []}}));
    }
    if query.contains("currentReleaseUnprocessed") {
        let release = last.map(|release| {
            json!({"id": format!("release-{}", release.version), "version": release.version,
                "imageRef": release.image, "configDefinition": release.definition})
        });
        return app(json!({ "currentReleaseUnprocessed": release }));
    }
    if query.contains("appcompact:") {
        let name = variable("name");
        let app = json!({"id": name, "name": name, "deployed": true, "platformVersion": "machines",
            "organization": organization("sim")});
        return json!({"data": {"appcompact": app}});
    }
    json!({"data": null, "errors": [{"message": "the simulator does not know this query"}]})
}

fn organization(slug: &str) -> Value {
    json!({"id": "1", "internal_numeric_id": 1, "slug": slug, "raw_slug": slug, "name": slug, "paid_plan": true,
        "personal": false, "billing_status": "CURRENT", "billable": true})
}

fn release(world: &World, index: usize) -> Value {
    let release = &world.releases()[index];
    json!({"id": format!("release-{}", release.version), "version": release.version, "stable": true,
        "in_progress": release.status.is_none(), "status": release.status.map(|status| format!("{status:?}").to_lowercase()),
        "strategy": "BLUEGREEN", "image_ref": release.image})
}

const UNKNOWN_DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
