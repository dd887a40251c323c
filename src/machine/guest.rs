//! The size of a group's machines.

use std::collections::{BTreeMap, BTreeSet};

use super::json::Object;
use super::{Cause, Conversion};
use crate::config::{Config, Vm};
use crate::span::Spanned;
use crate::units::parse_mebibytes;

/// A named size. Source: fly-go, `MachinePresets`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    pub name: &'static str,
    pub cpu_kind: &'static str,
    pub cpus: i64,
    pub memory_mb: i64,
    pub gpu_kind: Option<&'static str>,
}

/// The guest of the `[[vm]]` for `group`; `None` when there is none: machines keep what they have.
pub(super) fn guest(config: &Config, group: &str) -> Result<Option<Object>, Conversion> {
    Sizes::new(config).of(group).map(|vm| of(vm, config)).transpose()
}

/// Which `[[vm]]` counts for which group.
pub struct Sizes<'a> {
    named: BTreeMap<&'a str, Vec<&'a Vm>>,
    for_any: Option<&'a Vm>,
}

impl<'a> Sizes<'a> {
    pub fn new(config: &'a Config) -> Self {
        let mut named: BTreeMap<&str, Vec<&Vm>> = BTreeMap::new();
        for vm in &config.vm {
            let names: BTreeSet<&str> = vm.processes.iter().map(|name| name.value.as_str()).collect();
            names.into_iter().for_each(|name| named.entry(name).or_default().push(vm));
        }
        // An empty name stands for whatever group is asked for: here flyctl has taken the others away.
        let is_for_any = |vm: &&Vm| vm.processes.is_empty() || vm.processes.iter().any(|name| name.is_empty());
        Self { named, for_any: config.vm.iter().find(is_for_any) }
    }

    /// Those that name the group, of which the last counts.
    pub fn naming(&self, group: &str) -> &[&'a Vm] {
        self.named.get(group).map_or(&[], Vec::as_slice)
    }

    /// Behind those that name the group, the first that is for any.
    pub fn of(&self, group: &str) -> Option<&'a Vm> {
        self.naming(group).last().copied().or(self.for_any)
    }
}

/// The preset, changed by what else the section says; zeros change nothing.
pub(super) fn of(vm: &Vm, config: &Config) -> Result<Object, Conversion> {
    let preset = preset(vm)?;
    let mut out = Object::default();
    out.put("cpu_kind", preset.cpu_kind);
    out.put("cpus", preset.cpus);
    out.put("memory_mb", preset.memory_mb);
    if let Some(kind) = preset.gpu_kind {
        out.put("gpu_kind", kind);
        out.put("gpus", 1);
    }
    if let Some(memory) = vm.memory.as_ref().filter(|memory| !memory.is_empty()) {
        out.put("memory_mb", memory_mb(memory)?);
    }
    out.put_text("host_dedication_id", &config.host_dedication_id);
    out.put_text("host_dedication_id", &vm.host_dedication_id);
    out.put_text("cpu_kind", &vm.cpu_kind);
    out.put_nonzero("cpus", &vm.cpus);
    out.put_nonzero("memory_mb", &vm.memory_mb);
    out.put_nonzero("max_memory_mb", &vm.max_memory_mb);
    out.put_nonzero("gpus", &vm.gpus);
    out.put_text("gpu_kind", &vm.gpu_kind);
    out.put_text("persist_rootfs", &vm.persist_rootfs);
    out.put_texts("kernel_args", &vm.kernel_args);
    Ok(out)
}

fn preset(vm: &Vm) -> Result<&'static Preset, Conversion> {
    let asks_for_gpu = vm.gpu_kind.as_ref().is_some_and(|kind| !kind.is_empty());
    let size = vm.size.as_ref().filter(|size| !size.is_empty());
    let name = size.map_or(if asks_for_gpu { DEFAULT_GPU_SIZE } else { DEFAULT_SIZE }, |size| size.value.as_str());
    PRESETS.iter().find(|preset| preset.name == name).ok_or_else(|| {
        let span = size.map_or(vm.span, |size| size.span);
        Conversion::new(Cause::Size(name.to_owned()), span, format!("`{name}` is not a size of machine"))
    })
}

fn memory_mb(memory: &Spanned<String>) -> Result<i64, Conversion> {
    match parse_mebibytes(memory) {
        Ok(0) => Err(Conversion::new(Cause::Memory, memory.span, "memory cannot be zero".into())),
        Ok(memory_mb) => Ok(memory_mb),
        Err(why) => Err(Conversion::new(Cause::Memory, memory.span, why)),
    }
}

const DEFAULT_SIZE: &str = "shared-cpu-1x";
const DEFAULT_GPU_SIZE: &str = "performance-8x";

pub const PRESETS: [Preset; 18] = [
    shared("shared-cpu-1x", 1),
    shared("shared-cpu-2x", 2),
    shared("shared-cpu-4x", 4),
    shared("shared-cpu-6x", 6),
    shared("shared-cpu-8x", 8),
    performance("performance-1x", 1),
    performance("performance-2x", 2),
    performance("performance-4x", 4),
    performance("performance-6x", 6),
    performance("performance-8x", 8),
    performance("performance-10x", 10),
    performance("performance-12x", 12),
    performance("performance-14x", 14),
    performance("performance-16x", 16),
    gpu("a100-40gb", "a100-pcie-40gb"),
    gpu("a100-80gb", "a100-sxm4-80gb"),
    gpu("l40s", "l40s"),
    gpu("a10", "a10"),
];

const fn shared(name: &'static str, cpus: i64) -> Preset {
    Preset { name, cpu_kind: "shared", cpus, memory_mb: 256 * cpus, gpu_kind: None }
}

const fn performance(name: &'static str, cpus: i64) -> Preset {
    Preset { name, cpu_kind: "performance", cpus, memory_mb: 2048 * cpus, gpu_kind: None }
}

const fn gpu(name: &'static str, kind: &'static str) -> Preset {
    Preset { name, cpu_kind: "performance", cpus: 8, memory_mb: 32_768, gpu_kind: Some(kind) }
}
