//! An OpenAPI document as something that requests and replies can be held against.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use cutover::protocol::Request;
use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value, json};

pub(crate) struct Spec {
    document: Value,
    /// By schema: to make one takes longer than to use it.
    validators: RefCell<BTreeMap<String, Validator>>,
}

/// What the document says of one method of one path.
struct Operation<'a> {
    id: &'a str,
    parameters: Vec<&'a Value>,
    /// The schema of the body, and whether there has to be one.
    body: Option<(&'a Value, bool)>,
    responses: &'a Map<String, Value>,
}

impl Spec {
    /// `None` when the file is not there.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(path).ok()?;
        let mut document: Value = serde_json::from_str(&text).unwrap();
        close_objects(&mut document["components"]["schemas"]);
        Some(Self { document, validators: RefCell::default() })
    }

    pub(crate) fn breaches_of_request(&self, request: &Request) -> Vec<String> {
        let Some(operation) = self.operation(request) else {
            return vec![format!("{} {}: no such path", request.method.as_str(), request.path)];
        };
        let mut found = Vec::new();
        let query = request.path.split_once('?').map_or("", |(_, query)| query);
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match operation.parameter("query", name) {
                None => found.push(format!("query {name}: unknown")),
                Some(schema) => found.extend(self.breaches(schema, &typed(schema, value), &format!("query {name}"))),
            }
        }
        let own = request.headers.iter().map(|(name, _)| *name).filter(|name| *name != "content-type");
        found.extend(own.filter(|name| operation.parameter("header", name).is_none()).map(unknown_header));
        found.extend(self.breaches_of_body(&operation, request));
        found.into_iter().map(|what| format!("{}: {what}", operation.id)).collect()
    }

    pub(crate) fn breaches_of_response(&self, request: &Request, status: u16, body: &str) -> Vec<String> {
        let Some(operation) = self.operation(request) else { return Vec::new() };
        let what = format!("{}: {status}", operation.id);
        let error = json!({"$ref": "#/components/schemas/ErrorResponse"});
        let schema = match operation.responses.get(&status.to_string()) {
            Some(response) => response.pointer("/content/application~1json/schema"),
            // Errors are hardly specified, but for what they look like.
            None if status >= 400 => Some(&error),
            None => return vec![format!("{what}: unknown status")],
        };
        match (schema, serde_json::from_str(body)) {
            (Some(schema), Ok(value)) => self.breaches(schema, &value, &what),
            (Some(_), Err(_)) => vec![format!("{what}: no JSON")],
            (None, _) => Vec::new(),
        }
    }

    pub(crate) fn breaches_of_config(&self, config: &Value) -> Vec<String> {
        self.breaches(&json!({"$ref": "#/components/schemas/fly.MachineConfig"}), config, "config")
    }

    fn operation(&self, request: &Request) -> Option<Operation<'_>> {
        let path = request.path.split('?').next()?;
        let (_, item) = self.document["paths"].as_object()?.iter().find(|(template, _)| fits(template, path))?;
        let operation = item.get(request.method.as_str().to_lowercase())?;
        let body = operation.get("requestBody");
        let parameters = [item, operation].into_iter().filter_map(|owner| owner["parameters"].as_array()).flatten();
        Some(Operation {
            id: operation["operationId"].as_str()?,
            parameters: parameters.collect(),
            body: body.map(|body| (&body["content"]["application/json"]["schema"], body["required"] == true)),
            responses: operation["responses"].as_object()?,
        })
    }

    fn breaches_of_body(&self, operation: &Operation, request: &Request) -> Vec<String> {
        let is_json = request.headers.contains(&("content-type", "application/json".to_owned()));
        match (operation.body, &request.body) {
            (None, Some(_)) => vec!["body: there is none".to_owned()],
            (Some((_, true)), None) => vec!["body: missing".to_owned()],
            (Some(_), Some(_)) if !is_json => vec!["body: not sent as JSON".to_owned()],
            (Some((schema, _)), Some(body)) => self.breaches(schema, &serde_json::from_str(body).unwrap(), "body"),
            (_, None) => Vec::new(),
        }
    }

    /// Places without the numbers in them: what holds for one machine holds for all.
    fn breaches(&self, schema: &Value, value: &Value, what: &str) -> Vec<String> {
        let mut validators = self.validators.borrow_mut();
        let validator = validators.entry(schema.to_string()).or_insert_with(|| {
            let rooted = json!({"allOf": [schema], "components": self.document["components"]});
            jsonschema::draft202012::new(&rooted).unwrap()
        });
        let place = |at: String| {
            let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            at.split('/').map(|part| if is_number(part) { "*" } else { part }).collect::<Vec<_>>().join("/")
        };
        let errors = validator.iter_errors(value);
        let breach = |error: ValidationError| match (place(error.instance_path().to_string()), error.kind()) {
            (at, ValidationErrorKind::AdditionalProperties { unexpected }) => {
                format!("{what}{}: unknown {}", spaced(&at), unexpected.join(", "))
            }
            (at, _) => format!("{what}{}: {error}", spaced(&at)),
        };
        errors.map(breach).collect()
    }
}

impl<'a> Operation<'a> {
    fn parameter(&self, place: &str, name: &str) -> Option<&'a Value> {
        let found = self.parameters.iter().find(|known| known["in"] == place && known["name"] == name)?;
        Some(&found["schema"])
    }
}

/// Whether `path` is one of those that `template` stands for.
fn fits(template: &str, path: &str) -> bool {
    let parts = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
    let (template, path) = (parts(template), parts(path));
    template.len() == path.len()
        && template.iter().zip(&path).all(|(known, part)| known.starts_with('{') || known == part)
}

/// A value of a query as the type that it is to be read as.
fn typed(schema: &Value, value: &str) -> Value {
    match schema["type"].as_str() {
        Some("integer" | "boolean") => serde_json::from_str(value).unwrap_or_else(|_| json!(value)),
        _ => json!(value),
    }
}

/// What a schema does not name shall be a breach, not a field of somebody's later version.
fn close_objects(schema: &mut Value) {
    if let Some(schema) = schema.as_object_mut() {
        if schema.get("properties").is_some_and(Value::is_object) && schema.contains_key("type") {
            schema.entry("additionalProperties").or_insert(json!(false));
        }
        schema.values_mut().for_each(close_objects);
    }
    schema.as_array_mut().into_iter().flatten().for_each(close_objects);
}

fn spaced(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!(" {place}") }
}

fn unknown_header(name: &str) -> String {
    format!("header {name}: unknown")
}
