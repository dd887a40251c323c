//! From fly.toml to the Machine config that Fly receives, as `fly deploy` makes it. Knows nothing
//! of rules or plans.

mod checks;
mod command;
mod containers;
mod guest;
mod json;
mod obstacles;
mod services;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::config::words;
use crate::config::{Config, Experimental, Field, Restart, Vm};
use crate::fleet::MachineConfig;
use crate::limits;
use crate::span::{Span, Spanned};
use json::Object;

pub use command::{RELEASE_COMMAND_GROUP, TEST_COMMAND_GROUP, machine_check_configs, release_command_config};
pub use guest::{PRESETS, Preset, Sizes};
pub use obstacles::obstacles;

/// Why no Machine config can be made for a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    pub span: Span,
    pub message: String,
    pub cause: Cause,
}

/// What stands in the way of a Machine config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A command cannot be split into words.
    Command,
    CheckType,
    CheckPort,
    RestartPolicy,
    /// The name of the size that there is not.
    Size(String),
    /// Memory that is none.
    Memory,
    Containers,
    /// The file beside fly.toml that would be needed. flyctl reads it; this part reads no files.
    File(String),
}

/// The Machine config of `group`: over `existing`, when a machine is replaced, whose schedule,
/// DNS, containers, standbys and own metadata it keeps. Without metadata that only a run knows.
///
/// # Errors
/// Where flyctl finds none either: a command that no shell would split, an unknown size, a check
/// without a port.
pub fn machine_config(
    config: &Config,
    group: &str,
    image: Option<&str>,
    existing: Option<&MachineConfig>,
) -> Result<MachineConfig, Conversion> {
    // A group without a name is flyctl's word for the default one.
    let group = if group.is_empty() { config.default_group() } else { group };
    let mut machine = Object(existing.cloned().unwrap_or_default().into());
    containers::lay_under(&mut machine, config)?;
    machine.replace("metrics", metrics(config, group));
    set_init(&mut machine, config, group)?;
    set_metadata(&mut machine, group);
    machine.replace("services", services::services(config, group));
    machine.replace("checks", checks::top_level(config, group)?);
    machine.replace("env", environment(config, group));
    machine.replace("statics", statics(config));
    machine.replace("mounts", mounts(config, group));
    machine.replace("stop_config", stop_config(config));
    machine.replace("files", files(config)?);
    if let Some(guest) = guest::guest(config, group)? {
        machine.put("guest", guest);
    }
    machine.replace("restart", restart(config, group)?);
    set_image(&mut machine, image);
    Ok(machine.0.into())
}

/// The size that one `[[vm]]` asks for: its preset, changed by what else it says.
///
/// # Errors
/// An unknown preset, or memory that is no size.
pub fn guest(vm: &Vm, config: &Config) -> Result<Map<String, Value>, Conversion> {
    guest::of(vm, config).map(|guest| guest.0)
}

fn metrics(config: &Config, group: &str) -> Option<Object> {
    let metrics = config.metrics.iter().find(|metrics| config.is_for(&metrics.processes, group))?;
    let mut out = Object::default();
    out.put_nonzero("port", &metrics.port);
    out.put_text("path", &metrics.path);
    out.put_true("https", &metrics.https);
    Some(out)
}

/// Command, entrypoint and swap are the file's alone; `tty` and kernel arguments stay.
fn set_init(machine: &mut Object, config: &Config, group: &str) -> Result<(), Conversion> {
    let mut init = Object(match machine.0.remove("init") {
        Some(Value::Object(init)) => init,
        _ => Map::new(),
    });
    let overrides = |pick: fn(&Experimental) -> &Option<Vec<Spanned<String>>>| {
        config.experimental.as_ref().map(|experimental| texts_of(pick(experimental))).unwrap_or_default()
    };
    init.replace("cmd", command(config, group)?.unwrap_or_else(|| overrides(|experimental| &experimental.cmd)));
    init.replace("entrypoint", overrides(|experimental| &experimental.entrypoint));
    init.replace("exec", overrides(|experimental| &experimental.exec));
    init.replace("swap_size_mb", config.swap_size_mb.as_ref().map(|size| size.value));
    machine.put("init", init);
    Ok(())
}

/// The group's own.
fn command(config: &Config, group: &str) -> Result<Option<Vec<String>>, Conversion> {
    let process = config.processes.as_ref().and_then(|processes| processes.groups.get(group));
    let command = process.map(|process| &process.command).filter(|command| !command.is_empty());
    command.map(|command| split(command, &format!("the command of `{group}`"))).transpose()
}

fn set_metadata(machine: &mut Object, group: &str) {
    let mut metadata = Object(match machine.0.remove("metadata") {
        Some(Value::Object(metadata)) => metadata,
        _ => Map::new(),
    });
    metadata.put("fly_platform_version", "v2");
    metadata.put("fly_process_group", group);
    machine.put("metadata", metadata);
}

fn environment(config: &Config, group: &str) -> Object {
    let mut out = Object::default();
    for (name, variable) in &config.env {
        out.put(name, variable.value.as_str());
    }
    out.put("FLY_PROCESS_GROUP", group);
    if let Some(region) = config.primary_region.as_ref().filter(|region| !region.is_empty()) {
        out.put("PRIMARY_REGION", region.value.as_str());
    }
    out
}

/// Every field is written: the API's struct leaves none out.
fn statics(config: &Config) -> Vec<Value> {
    let text = |field: &Field<String>| field.as_ref().map(|text| text.value.clone()).unwrap_or_default();
    let statics = config.statics.iter().map(|it| {
        Object::of([
            ("guest_path", text(&it.guest_path)),
            ("url_prefix", text(&it.url_prefix)),
            ("tigris_bucket", text(&it.tigris_bucket)),
            ("index_document", text(&it.index_document)),
        ])
        .into()
    });
    statics.collect()
}

/// Without the volumes themselves: which one a machine gets is known only to a deploy.
fn mounts(config: &Config, group: &str) -> Vec<Value> {
    let mounts = config.mounts.iter().filter(|mount| config.is_for(&mount.processes, group));
    let mounts = mounts.map(|mount| {
        let gigabytes = |size: &Field<String>| {
            size.as_ref().and_then(|size| crate::units::parse_gigabytes(size).ok()).filter(|size| *size != 0)
        };
        let mut out = Object::default();
        out.put_text("path", &mount.destination);
        out.put_text("name", &mount.source);
        out.put_nonzero("extend_threshold_percent", &mount.auto_extend_size_threshold);
        out.put_some("add_size_gb", gigabytes(&mount.auto_extend_size_increment));
        out.put_some("size_gb_limit", gigabytes(&mount.auto_extend_size_limit));
        out.into()
    });
    mounts.collect()
}

fn stop_config(config: &Config) -> Option<Object> {
    let mut out = Object::default();
    out.put_field("timeout", &config.kill_timeout);
    out.put_field("signal", &config.kill_signal);
    (!out.0.is_empty()).then_some(out)
}

/// The files of the whole app: flyctl gives them to every group, whatever their `processes` say. Of
/// those for one path the last counts, and one without content takes the earlier ones away.
fn files(config: &Config) -> Result<Vec<Value>, Conversion> {
    let mut out: Vec<Option<Object>> = Vec::new();
    let mut places: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for file in &config.files {
        let mut written = Object::default();
        written.put_text("guest_path", &file.guest_path);
        let set = |field: &Field<String>| field.clone().filter(|text| !text.is_empty());
        if let Some(path) = set(&file.local_path) {
            let Some(content) = &file.content else {
                let message = format!("the content of `{}` is needed", path.value);
                return Err(Conversion { span: path.span, message, cause: Cause::File(path.value) });
            };
            written.put("raw_value", base64(content));
        } else if let Some(secret) = set(&file.secret_name) {
            written.put("secret_name", secret.value);
        } else if let Some(content) = set(&file.raw_value) {
            written.put("raw_value", base64(content.value.as_bytes()));
        }
        let has_content = written.0.keys().any(|key| key != "guest_path");
        let path = file.guest_path.as_ref().map(|path| path.as_str()).filter(|path| !path.is_empty());
        match places.get(&path).copied() {
            None => {
                places.insert(path, out.len());
                out.push(Some(written));
            }
            Some(earlier) if has_content => out[earlier] = Some(written),
            Some(earlier) => {
                places.remove(&path);
                out[earlier] = None;
            }
        }
    }
    Ok(out.into_iter().flatten().map(Value::from).collect())
}

fn restart(config: &Config, group: &str) -> Result<Option<Object>, Conversion> {
    let mut last = None;
    for restart in config.restart.iter().filter(|restart| config.is_for(&restart.processes, group)) {
        let mut out = Object::of([("policy", restart_policy(restart)?)]);
        out.put_nonzero("max_retries", &restart.retries);
        last = Some(out);
    }
    Ok(last)
}

fn restart_policy(restart: &Restart) -> Result<&'static str, Conversion> {
    let policy = restart.policy.as_ref().map_or("", |policy| policy.value.as_str());
    let span = restart.policy.as_ref().map_or(restart.span, |policy| policy.span);
    let known = limits::RESTART_POLICIES.iter().find(|(name, _)| *name == policy).map(|(_, policy)| *policy);
    known.ok_or_else(|| Conversion::new(Cause::RestartPolicy, span, format!("`{policy}` is not a restart policy")))
}

/// A container whose image is `.` runs the deployed one.
fn set_image(machine: &mut Object, image: Option<&str>) {
    let Some(image) = image else { return };
    machine.put("image", image);
    let containers = machine.0.get_mut("containers").and_then(Value::as_array_mut);
    for own in containers.into_iter().flatten().filter_map(|container| container.get_mut("image")) {
        if own.as_str() == Some(".") {
            *own = image.into();
        }
    }
}

fn split(command: &Spanned<String>, what: &str) -> Result<Vec<String>, Conversion> {
    words::split(command)
        .map_err(|why| Conversion::new(Cause::Command, command.span, format!("{what} cannot be split: {why}")))
}

fn texts_of(list: &Option<Vec<Spanned<String>>>) -> Vec<String> {
    list.iter().flatten().map(|text| text.value.clone()).collect()
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * at) & 63) as usize];
            out.push(if at > chunk.len() { '=' } else { char::from(digit) });
        }
    }
    out
}

impl Conversion {
    fn new(cause: Cause, span: Span, message: String) -> Self {
        Self { span, message, cause }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::syntax::{self, Format};

    pub(super) const TEXT: &str = r#"
app = "shop"
primary_region = "iad"
kill_timeout = 30
[env]
PORT = 8080
[processes]
web = "serve --bind '[::]:8080'"
work = "work"
[http_service]
internal_port = 8080
force_https = true
auto_stop_machines = "suspend"
min_machines_running = 0
processes = ["web"]
[[http_service.checks]]
path = "/up"
interval = "5s"
[checks.alive]
type = "tcp"
processes = ["web"]
[[mounts]]
source = "data"
destination = "/data"
processes = ["work"]
auto_extend_size_threshold = 80
auto_extend_size_increment = "1GB"
auto_extend_size_limit = "5GB"
[[vm]]
memory = "1gb"
[[vm]]
size = "performance-2x"
processes = ["work"]
[[files]]
guest_path = "/motd"
raw_value = "hello"
[deploy]
release_command = "migrate"
"#;

    pub(super) fn config(text: &str) -> Config {
        let reading = config::read(&syntax::parse(text, Format::Toml));
        assert!(!reading.problems.iter().any(config::Problem::is_fatal), "{:?}", reading.problems);
        reading.config
    }

    /// One line for each field.
    fn made(group: &str, existing: Option<&MachineConfig>) -> String {
        lines(&machine_config(&config(TEXT), group, Some("image:v2"), existing).unwrap())
    }

    pub(super) fn lines(made: &MachineConfig) -> String {
        Map::from(made.clone()).into_iter().map(|(key, value)| format!("{key} {value}\n")).collect()
    }

    #[test]
    fn a_new_machine_has_what_the_file_says_of_its_group() {
        insta::assert_snapshot!(made("web", None), @r#"
        checks {"alive":{"port":8080,"type":"tcp"}}
        env {"FLY_PROCESS_GROUP":"web","PORT":"8080","PRIMARY_REGION":"iad"}
        files [{"guest_path":"/motd","raw_value":"aGVsbG8="}]
        guest {"cpu_kind":"shared","cpus":1,"memory_mb":1024}
        image "image:v2"
        init {"cmd":["serve","--bind","[::]:8080"]}
        metadata {"fly_platform_version":"v2","fly_process_group":"web"}
        services [{"autostop":"suspend","checks":[{"interval":"5s","path":"/up","type":"http"}],"internal_port":8080,"min_machines_running":0,"ports":[{"force_https":true,"handlers":["http"],"port":80},{"handlers":["http","tls"],"port":443}],"protocol":"tcp"}]
        stop_config {"timeout":"30s"}
        "#);
        insta::assert_snapshot!(made("work", None), @r#"
        env {"FLY_PROCESS_GROUP":"work","PORT":"8080","PRIMARY_REGION":"iad"}
        files [{"guest_path":"/motd","raw_value":"aGVsbG8="}]
        guest {"cpu_kind":"performance","cpus":2,"memory_mb":4096}
        image "image:v2"
        init {"cmd":["work"]}
        metadata {"fly_platform_version":"v2","fly_process_group":"work"}
        mounts [{"add_size_gb":1,"extend_threshold_percent":80,"name":"data","path":"/data","size_gb_limit":5}]
        stop_config {"timeout":"30s"}
        "#);
    }

    #[test]
    fn an_existing_machine_keeps_what_the_file_does_not_speak_of() {
        let existing = serde_json::json!({
            "image": "image:v1", "schedule": "daily", "standbys": ["1"], "new_field": 1, "auto_destroy": true,
            "init": {"cmd": ["old"], "tty": true}, "metadata": {"owner": "me", "fly_process_group": "old"},
            "restart": {"policy": "always"}, "env": {"OLD": "1"}, "mounts": [{"volume": "vol_1", "path": "/old"}],
        });
        let existing = serde_json::from_value(existing).unwrap();
        insta::assert_snapshot!(made("web", Some(&existing)), @r#"
        auto_destroy true
        checks {"alive":{"port":8080,"type":"tcp"}}
        env {"FLY_PROCESS_GROUP":"web","PORT":"8080","PRIMARY_REGION":"iad"}
        files [{"guest_path":"/motd","raw_value":"aGVsbG8="}]
        guest {"cpu_kind":"shared","cpus":1,"memory_mb":1024}
        image "image:v2"
        init {"cmd":["serve","--bind","[::]:8080"],"tty":true}
        metadata {"fly_platform_version":"v2","fly_process_group":"web","owner":"me"}
        new_field 1
        schedule "daily"
        services [{"autostop":"suspend","checks":[{"interval":"5s","path":"/up","type":"http"}],"internal_port":8080,"min_machines_running":0,"ports":[{"force_https":true,"handlers":["http"],"port":80},{"handlers":["http","tls"],"port":443}],"protocol":"tcp"}]
        standbys ["1"]
        stop_config {"timeout":"30s"}
        "#);
    }

    #[test]
    fn what_stands_in_the_way_is_told_at_its_place() {
        for (text, place, file) in [
            ("[processes]\napp = \"it's\"", "\"it's\"", None),
            ("[[vm]]\nsize = 'huge'", "'huge'", None),
            ("[[vm]]\nmemory = '0'", "'0'", None),
            ("[checks.a]\ntype = 'tcp'", "[checks.a]", None),
            ("[[restart]]\npolicy = 'no'", "'no'", None),
            ("[[files]]\nlocal_path = 'x.conf'", "'x.conf'", Some("x.conf")),
            ("[build.compose]\nfile = 'c.yml'", "'c.yml'", Some("c.yml")),
            ("machine_config = 'm.json'", "'m.json'", Some("m.json")),
            ("machine_config = '{'", "'{'", None),
            ("container = 'x'\nmachine_config = '{\"containers\": [{}]}'", "'x'", None),
        ] {
            let error = machine_config(&config(text), "app", None, None).unwrap_err();
            let missing = if let Cause::File(path) = &error.cause { Some(path.as_str()) } else { None };
            assert_eq!((error.span.of(text), missing), (place, file), "{text}: {}", error.message);
        }
    }

    #[test]
    fn of_two_files_for_one_path_the_later_counts() {
        let of = |text: &str| machine_config(&config(text), "app", None, None).unwrap().get("files").cloned();
        let first = "[[files]]\nguest_path = '/a'\nraw_value = 'a'\n[[files]]\nguest_path = '/b'\nraw_value = 'b'\n";
        let again = format!("{first}[[files]]\nguest_path = '/a'\nsecret_name = 'A'\n");
        insta::assert_snapshot!(of(&again).unwrap_or_default(), @r#"[{"guest_path":"/a","secret_name":"A"},{"guest_path":"/b","raw_value":"Yg=="}]"#);
        let empty = format!("{first}[[files]]\nguest_path = '/a'\n");
        insta::assert_snapshot!(of(&empty).unwrap_or_default(), @r#"[{"guest_path":"/b","raw_value":"Yg=="}]"#);
    }

    #[test]
    fn files_are_written_in_base64() {
        for (bytes, text) in [("", ""), ("a", "YQ=="), ("ab", "YWI="), ("abc", "YWJj"), ("{\"k\":1}\n", "eyJrIjoxfQo=")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
