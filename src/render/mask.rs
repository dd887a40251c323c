//! Hides values that look like secrets. Knows which keys and maps can hold them, nothing of plans.

use std::borrow::Cow;

use serde_json::Value;

use crate::facts;

/// Stands where a secret stood.
pub const MASK: &str = "<masked>";

/// The same value with secrets hidden: the values of secret-like keys in `env`, `args` and
/// `headers`, in the map form (`{"KEY": "value"}`) and in the list form (`[{"name", "value"}]`),
/// what looks like a credential wherever it stands, and the changes of a plan.
pub(super) fn masked(mut value: Value) -> Value {
    mask(&mut value, false);
    for change in value.get_mut("changes").and_then(Value::as_array_mut).into_iter().flatten() {
        let path = change.get("path").and_then(Value::as_str).unwrap_or("").to_owned();
        for side in ["from", "to"] {
            if let Some(value) = change.get_mut(side) {
                *value = at(&path, value.take());
            }
        }
    }
    value
}

/// A value that stands at `path` of a Machine config, such as `env.TOKEN`, with secrets hidden.
pub(super) fn at(path: &str, mut value: Value) -> Value {
    let mut names = path.rsplit('.').map(|name| name.split('[').next().unwrap_or(name));
    let (last, above) = (names.next().unwrap_or(""), names.next().unwrap_or(""));
    // The name of a header stands beside its value, where nobody sees it from here.
    let is_of_header = above == "headers" && ["value", "values"].contains(&last);
    if is_of_header || HOLDERS.contains(&above) && is_secret_like(last) {
        return MASK.into();
    }
    match &mut value {
        Value::String(text) if HOLDERS.contains(&above) => hide(last, text),
        _ => mask(&mut value, HOLDERS.contains(&last)),
    }
    value
}

fn mask(value: &mut Value, holds_secrets: bool) {
    match value {
        Value::String(text) => hide("", text),
        Value::Array(items) => {
            hide_arguments(items);
            items.iter_mut().for_each(|item| mask_item(item, holds_secrets));
        }
        Value::Object(map) => {
            for (key, inner) in map {
                match inner {
                    Value::Null => {}
                    inner if holds_secrets && is_secret_like(key) => *inner = MASK.into(),
                    Value::String(text) => hide(if holds_secrets { key } else { "" }, text),
                    inner => mask(inner, HOLDERS.contains(&key.as_str())),
                }
            }
        }
        _ => {}
    }
}

/// What is told by its shape: a token, an address with a password, in a command too.
fn hide(name: &str, text: &mut String) {
    if facts::credential(name, text).is_some() {
        MASK.clone_into(text);
    } else if let Cow::Owned(shown) = address(text) {
        *text = shown;
    }
}

/// What may be an address: no password is shown, and of its query no value whose name is
/// secret-like.
pub(super) fn address(text: &str) -> Cow<'_, str> {
    let Some((place, query)) = text.split_once('?').filter(|(place, _)| place.contains("://")) else {
        return facts::veiled(text);
    };
    let shown = |pair: &str| match pair.split_once('=') {
        Some((name, value)) if !value.is_empty() && is_secret_like(name) => format!("{name}={MASK}"),
        _ => facts::veiled(pair).into_owned(),
    };
    let pairs: Vec<String> = query.split('&').map(shown).collect();
    Cow::Owned(format!("{}?{}", facts::veiled(place), pairs.join("&")))
}

/// What stands behind a flag of a command: `["--token", "..."]`.
fn hide_arguments(items: &mut [Value]) {
    for at in 1..items.len() {
        let (before, rest) = items.split_at_mut(at);
        if let (Some(Value::String(flag)), Value::String(text)) = (before.last(), &mut rest[0])
            && flag.starts_with("--")
        {
            hide(flag, text);
        }
    }
}

/// An item of a list in place of a map: `{"name": "Authorization", "values": ["..."]}`.
fn mask_item(item: &mut Value, holds_secrets: bool) {
    let is_secret = ["name", "key"].iter().any(|key| item.get(key).and_then(Value::as_str).is_some_and(is_secret_like));
    match item {
        Value::Object(map) if holds_secrets && is_secret => {
            for key in ["value", "values"] {
                if let Some(inner) = map.get_mut(key) {
                    *inner = MASK.into();
                }
            }
        }
        other => mask(other, false),
    }
}

fn is_secret_like(key: &str) -> bool {
    let key = key.to_ascii_uppercase().replace('-', "_");
    SECRET_WORDS.iter().any(|word| key.contains(word)) || key.split('_').any(|word| SECRET_PARTS.contains(&word))
}

const HOLDERS: [&str; 3] = ["env", "args", "headers"];

/// Anywhere in a key.
const SECRET_WORDS: [&str; 12] = [
    "SECRET",
    "TOKEN",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "CREDENTIAL",
    "PRIVATE",
    "APIKEY",
    "AUTHORIZATION",
    "COOKIE",
    "DATABASE_URL",
    "WEBHOOK_URL",
];

/// As one of the words of a key.
const SECRET_PARTS: [&str; 10] = ["KEY", "KEYS", "PASS", "PWD", "PW", "AUTH", "DSN", "SALT", "PEPPER", "CERT"];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_address_keeps_what_is_no_secret() {
        for (given, shown) in [
            ("https://shop.example/up?full=1", "https://shop.example/up?full=1"),
            (
                "https://shop.example/up?api_key=s3&full=1&token=",
                "https://shop.example/up?api_key=<masked>&full=1&token=",
            ),
            ("is it up? token=s3", "is it up? token=s3"),
        ] {
            assert_eq!(address(given), shown);
        }
        assert!(!address("https://u:s3@shop.example/?token=s3").contains("s3"));
    }

    #[test]
    fn secrets_are_hidden_and_the_rest_is_kept() {
        let given = json!({
            "env": {"PORT": "8080", "SECRET_KEY_BASE": "s3", "API_KEY": "s3", "REDIS": "redis://u:s3@h/0", "KEYBOARD": "de"},
            "checks": [{"headers": [{"name": "Authorization", "values": ["s3"]}, {"name": "Accept", "values": ["*/*"]}]}],
            "build": {"args": {"NPM_TOKEN": "s3", "NODE": "22"}},
            "containers": [{"env": {"db-password": "s3"}}],
            "restart": {"cmd": ["serve", "--access-token", "s3-value", "sh -c 'run --password s3-value --port 8080'"]},
            "init": {"cmd": ["serve", "--token=ghp_s3s3s3s3s3s3s3s3s3s3s3s3s3s3s3s3s3"]},
            "changes": [
                {"path": "env.API_KEY", "from": "s3", "to": "s3"},
                {"path": "env", "to": {"API_KEY": "s3", "KEPT": "9090"}},
                {"path": "services[0].checks[0].headers[1].values", "to": ["s3"]},
                {"path": "env.NEW_ADDRESS", "to": "redis://u:s3@h/0"},
                {"path": "guest.cpus", "from": 1, "to": 4096},
            ],
            "token": "stays: not a map of settings",
            "url": "https://host/path@1:2",
        });
        let masked = masked(given);
        assert!(!masked.to_string().contains("s3"), "{masked}");
        for kept in ["9090", "4096", "serve", "8080", "\"de\"", "*/*", "22", "stays", "path@1:2"] {
            assert!(masked.to_string().contains(kept), "{kept} is gone from {masked}");
        }
    }
}
