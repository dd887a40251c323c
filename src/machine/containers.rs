//! The Machine config that a file brings along (`machine_config`), under everything else.

use serde_json::{Map, Value};

use super::json::Object;
use super::{Cause, Conversion};
use crate::config::Config;
use crate::span::Spanned;

/// Lays the file's own Machine config over the existing one, and marks the container that gets
/// the deployed image with `.`.
pub(super) fn lay_under(machine: &mut Object, config: &Config) -> Result<(), Conversion> {
    if let Some(compose) = config.build.as_ref().and_then(|build| build.compose.as_ref()) {
        let named = compose.file.as_ref().filter(|file| !file.is_empty());
        let span = named.map_or(compose.span, |file| file.span);
        let file = named.map_or("compose.yaml", |file| file.value.as_str()).to_owned();
        return Err(Conversion {
            span,
            message: format!("the Compose file `{file}` is needed"),
            cause: Cause::File(file),
        });
    }
    let Some(own) = own_machine_config(config) else { return Ok(()) };
    if !own.starts_with('{') {
        return Err(elsewhere(own));
    }
    let parsed: Map<String, Value> = serde_json::from_str(own).map_err(|error| {
        Conversion::new(Cause::Containers, own.span, format!("the Machine config is not JSON: {error}"))
    })?;
    refuse_local_files(&parsed, own)?;
    parsed.into_iter().for_each(|(key, value)| lay_over(&mut machine.0, key, value));
    select_container(machine, config, own)
}

fn elsewhere(own: &Spanned<String>) -> Conversion {
    if own.ends_with(".json") {
        let message = format!("the file `{}` is needed", own.value);
        return Conversion { span: own.span, message, cause: Cause::File(own.value.clone()) };
    }
    Conversion::new(
        Cause::Containers,
        own.span,
        format!("`{}` is neither JSON nor the path of a `.json` file", own.value),
    )
}

fn own_machine_config(config: &Config) -> Option<&Spanned<String>> {
    let experimental = config.experimental.as_ref().and_then(|experimental| experimental.machine_config.as_ref());
    let set = |text: &&Spanned<String>| !text.is_empty();
    experimental.filter(set).or(config.machine_config.as_ref().filter(set))
}

/// flyctl puts the content of local files in; only it can read them.
fn refuse_local_files(own: &Map<String, Value>, source: &Spanned<String>) -> Result<(), Conversion> {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let of_containers = list(own.get("containers")).into_iter().flat_map(|container| list(container.get("files")));
    for file in list(own.get("files")).into_iter().chain(of_containers) {
        let has_content = file.get("raw_value").is_some() || file.get("secret_name").is_some();
        let local = file.get("local_path").and_then(Value::as_str).filter(|path| !path.is_empty() && !has_content);
        if let Some(path) = local {
            let message = format!("the content of `{path}` is needed");
            return Err(Conversion { span: source.span, message, cause: Cause::File(path.to_owned()) });
        }
    }
    Ok(())
}

/// As Go decodes JSON over a value that is there: objects field by field, lists item by item.
fn lay_over(under: &mut Map<String, Value>, key: String, over: Value) {
    match over {
        Value::Null => drop(under.remove(&key)),
        over => merge(under.entry(key).or_insert(Value::Null), over),
    }
}

fn merge(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            over.into_iter().for_each(|(key, value)| lay_over(under, key, value));
        }
        (Value::Array(under), Value::Array(over)) => {
            under.resize(over.len(), Value::Null);
            under.iter_mut().zip(over).for_each(|(under, over)| merge(under, over));
        }
        (under, over) => *under = over,
    }
}

/// The container that `container` names, else `app`, else the first; the others need an image.
fn select_container(machine: &mut Object, config: &Config, source: &Spanned<String>) -> Result<(), Conversion> {
    let containers = machine.0.get_mut("containers").and_then(Value::as_array_mut);
    let Some(containers) = containers.filter(|containers| !containers.is_empty()) else { return Ok(()) };
    let wanted = config.container.as_ref().filter(|name| !name.is_empty());
    let name = wanted.map_or("app", |name| name.value.as_str());
    let found = containers.iter().position(|container| text(container, "name") == name);
    if let (None, Some(wanted)) = (found, wanted) {
        return Err(Conversion::new(Cause::Containers, wanted.span, format!("there is no container `{name}`")));
    }
    let selected = found.unwrap_or(0);
    for (at, container) in containers.iter_mut().enumerate() {
        if at == selected {
            set_image(container);
        } else if text(container, "image").is_empty() {
            let message = format!("container `{}` has no image", text(container, "name"));
            return Err(Conversion::new(Cause::Containers, source.span, message));
        }
    }
    Ok(())
}

fn text<'a>(container: &'a Value, key: &str) -> &'a str {
    container.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn set_image(container: &mut Value) {
    if let Value::Object(container) = container {
        container.insert("image".to_owned(), ".".into());
    }
}
