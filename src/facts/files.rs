//! Files beside fly.toml that it depends on.

use std::collections::BTreeSet;

use crate::config::{Config, Field};

/// Paths of files that fly.toml names, relative to its folder, as it writes them; and of the
/// Dockerfile that flyctl takes when none is named: that it is there, or is not, tells whether the
/// file stands in its project. Not those elsewhere: URLs and absolute paths.
pub fn paths_beside(config: &Config) -> BTreeSet<String> {
    let build = config.build.as_ref();
    let compose = build.and_then(|build| build.compose.as_ref()).and_then(|compose| set(&compose.file));
    let experimental = config.experimental.as_ref().and_then(|experimental| set(&experimental.machine_config));
    let machine_config = experimental.or(set(&config.machine_config)).filter(|path| path.ends_with(".json"));
    let named = config
        .local_files()
        .chain(dockerfile_path(config))
        .chain(compose)
        .chain(machine_config)
        .chain([DEFAULT_DOCKERFILE]);
    named.filter(|path| is_beside(path)).map(str::to_owned).collect()
}

/// The Dockerfile that a deploy builds from; `None` when it builds from something else.
pub fn dockerfile_path(config: &Config) -> Option<&str> {
    let Some(build) = &config.build else { return Some(DEFAULT_DOCKERFILE) };
    let builds_otherwise = set(&build.image).is_some()
        || set(&build.builder).is_some()
        || set(&build.builtin).is_some()
        || !build.buildpacks.is_empty()
        || build.compose.is_some();
    set(&build.dockerfile).or((!builds_otherwise).then_some(DEFAULT_DOCKERFILE)).filter(|_| set(&build.image).is_none())
}

fn set(field: &Field<String>) -> Option<&str> {
    field.as_ref().map(|text| text.value.as_str()).filter(|text| !text.is_empty())
}

fn is_beside(path: &str) -> bool {
    !path.starts_with(['/', '\\']) && !path.contains("://")
}

const DEFAULT_DOCKERFILE: &str = "Dockerfile";
