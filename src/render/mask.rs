//! Hides values that look like secrets. Knows which keys and maps can hold them, nothing of plans.

use serde_json::Value;

/// Stands where a secret stood.
pub(super) const MASK: &str = "<masked>";

/// The same value with secrets hidden: the values of secret-like keys in `env`, `args` and
/// `headers`, in the map form (`{"KEY": "value"}`) and in the list form (`[{"name", "value"}]`),
/// and every address with a password in it.
pub(super) fn masked(mut value: Value) -> Value {
    mask(&mut value, false);
    value
}

fn mask(value: &mut Value, holds_secrets: bool) {
    match value {
        Value::String(text) if has_password(text) => *text = MASK.into(),
        Value::Array(items) => items.iter_mut().for_each(|item| mask_item(item, holds_secrets)),
        Value::Object(map) => {
            for (key, inner) in map {
                if holds_secrets && is_secret_like(key) && !inner.is_null() {
                    *inner = MASK.into();
                } else {
                    mask(inner, HOLDERS.contains(&key.as_str()));
                }
            }
        }
        _ => {}
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

/// An address such as `postgres://user:password@host/db`.
fn has_password(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    authority.rsplit_once('@').is_some_and(|(user, _)| user.split_once(':').is_some_and(|(_, word)| !word.is_empty()))
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
    fn secrets_are_hidden_and_the_rest_is_kept() {
        let given = json!({
            "env": {"PORT": "8080", "SECRET_KEY_BASE": "s3", "API_KEY": "s3", "REDIS": "redis://u:s3@h/0", "KEYBOARD": "de"},
            "checks": [{"headers": [{"name": "Authorization", "values": ["s3"]}, {"name": "Accept", "values": ["*/*"]}]}],
            "build": {"args": {"NPM_TOKEN": "s3", "NODE": "22"}},
            "containers": [{"env": {"db-password": "s3"}}],
            "token": "stays: not a map of settings",
            "url": "https://host/path@1:2",
        });
        let masked = masked(given);
        assert!(!masked.to_string().contains("s3"), "{masked}");
        for kept in ["8080", "\"de\"", "*/*", "22", "stays", "path@1:2"] {
            assert!(masked.to_string().contains(kept), "{kept} is gone from {masked}");
        }
    }
}
