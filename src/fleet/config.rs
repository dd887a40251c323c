//! A Machine config: the JSON object that Fly receives and gives back, kept whole, with readers
//! for what planning and executing need to know of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::units::Duration;

/// What a machine is to run. Unknown fields are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "Map<String, Value>")]
pub struct MachineConfig {
    /// All but the metadata, in which alone the machines of a deploy differ: these can be shared.
    pub(super) fields: Arc<Map<String, Value>>,
    pub(super) metadata: Option<Value>,
}

/// A health check of a machine, as far as waiting for it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheck {
    pub kind: CheckKind,
    pub interval: Option<Duration>,
    pub timeout: Option<Duration>,
    pub grace_period: Option<Duration>,
}

/// Where a check stands; only a service's check keeps the proxy from routing to the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckKind {
    Service { internal_port: u64 },
    TopLevel { name: String },
}

impl MachineConfig {
    pub fn get(&self, key: &str) -> Option<&Value> {
        if key == METADATA { self.metadata.as_ref() } else { self.fields.get(key) }
    }

    /// All fields but the metadata.
    pub fn fields_mut(&mut self) -> &mut Map<String, Value> {
        Arc::make_mut(&mut self.fields)
    }

    pub fn image(&self) -> Option<&str> {
        self.get("image")?.as_str()
    }

    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.as_ref()?.get(key)?.as_str()
    }

    pub fn set_metadata(&mut self, key: &str, value: &str) {
        self.metadata_mut()[key] = value.into();
    }

    /// An object, even where none was.
    pub fn metadata_mut(&mut self) -> &mut Value {
        let metadata = self.metadata.get_or_insert_default();
        if !metadata.is_object() {
            *metadata = Value::Object(Map::new());
        }
        metadata
    }

    /// Drops the metadata whose key does not pass `keep`.
    pub fn retain_metadata(&mut self, keep: impl Fn(&str) -> bool) {
        if let Some(metadata) = self.metadata.as_mut().and_then(Value::as_object_mut) {
            metadata.retain(|key, _| keep(key));
        }
    }

    /// Ids of the machines that this one stands by for.
    pub fn standbys(&self) -> impl Iterator<Item = &str> {
        self.list("standbys").filter_map(Value::as_str)
    }

    /// Names or ids of the volumes that it mounts.
    pub fn volumes(&self) -> impl Iterator<Item = &str> {
        self.list("mounts").filter_map(|mount| mount.get("volume").or_else(|| mount.get("name"))?.as_str())
    }

    pub fn has_services(&self) -> bool {
        self.list("services").next().is_some()
    }

    /// A job and no service: Fly starts it by its schedule, or destroys it once it ends.
    pub fn runs_once(&self) -> bool {
        let is_scheduled = self.get("schedule").and_then(Value::as_str).is_some_and(|schedule| !schedule.is_empty());
        is_scheduled || self.get("auto_destroy") == Some(&Value::Bool(true))
    }

    /// The proxy may stop this machine when it is idle.
    pub fn autostop(&self) -> bool {
        self.list("services").any(|service| match service.get("autostop") {
            Some(Value::Bool(on)) => *on,
            Some(Value::String(mode)) => mode == "stop" || mode == "suspend",
            _ => false,
        })
    }

    /// The proxy starts this machine when a request needs it.
    pub fn autostart(&self) -> bool {
        self.list("services").any(|service| service.get("autostart") == Some(&Value::Bool(true)))
    }

    /// Where its services listen.
    pub fn internal_ports(&self) -> Vec<u64> {
        self.list("services").filter_map(|service| service.get("internal_port")?.as_u64()).collect()
    }

    /// The checks of its services, then the top-level ones.
    pub fn health_checks(&self) -> Vec<HealthCheck> {
        self.checks().map(|(kind, check)| health_check(kind, check)).collect()
    }

    /// Where its checks stand, in the order of [`Self::health_checks`].
    pub fn check_kinds(&self) -> impl Iterator<Item = CheckKind> {
        self.checks().map(|(kind, _)| kind)
    }

    fn checks(&self) -> impl Iterator<Item = (CheckKind, &Value)> {
        let of_service = |service: &'_ Value| {
            let internal_port = service.get("internal_port").and_then(Value::as_u64).unwrap_or(0);
            CheckKind::Service { internal_port }
        };
        let of_services = self.list("services").flat_map(move |service| {
            let checks = service.get("checks").and_then(Value::as_array).into_iter().flatten();
            checks.map(move |check| (of_service(service), check))
        });
        let top_level = self.get("checks").and_then(Value::as_object).into_iter().flatten();
        of_services.chain(top_level.map(|(name, check)| (CheckKind::TopLevel { name: name.clone() }, check)))
    }

    /// How long it may take to finish after its signal.
    pub fn stop_timeout(&self) -> Option<Duration> {
        Duration::deserialize(self.get("stop_config")?.get("timeout")?).ok()
    }

    fn list(&self, key: &str) -> impl Iterator<Item = &Value> {
        self.get(key).and_then(Value::as_array).into_iter().flatten()
    }
}

impl From<Map<String, Value>> for MachineConfig {
    fn from(mut fields: Map<String, Value>) -> Self {
        let metadata = fields.remove(METADATA);
        Self { fields: Arc::new(fields), metadata }
    }
}

impl From<MachineConfig> for Map<String, Value> {
    fn from(MachineConfig { fields, metadata }: MachineConfig) -> Self {
        let mut fields = Arc::unwrap_or_clone(fields);
        fields.extend(metadata.map(|metadata| (METADATA.to_owned(), metadata)));
        fields
    }
}

/// The keys in their order, as of any object.
impl Serialize for MachineConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = || self.fields.iter().map(|(key, value)| (key.as_str(), value));
        let before = fields().take_while(|(key, _)| *key < METADATA);
        let behind = fields().skip_while(|(key, _)| *key < METADATA);
        let metadata = self.metadata.iter().map(|metadata| (METADATA, metadata));
        serializer.collect_map(before.chain(metadata).chain(behind))
    }
}

fn health_check(kind: CheckKind, check: &Value) -> HealthCheck {
    let duration = |key: &str| check.get(key).and_then(|value| Duration::deserialize(value).ok());
    HealthCheck {
        kind,
        interval: duration("interval"),
        timeout: duration("timeout"),
        grace_period: duration("grace_period"),
    }
}

const METADATA: &str = "metadata";
