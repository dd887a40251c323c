//! The machines that run one command and are gone: the release command, and the checks of new
//! machines.

use super::json::Object;
use super::{Conversion, environment, files, guest, set_image, set_metadata, split, stop_config, texts_of};
use crate::config::{Config, Groups, MachineCheck};
use crate::fleet::MachineConfig;

/// The group that the machine of a release command says it belongs to.
pub const RELEASE_COMMAND_GROUP: &str = "fly_app_release_command";

/// The group that the machine of a machine check says it belongs to.
pub const TEST_COMMAND_GROUP: &str = "fly_app_test_machine_command";

/// The Machine config of the machine that runs the release command; `None` when there is none.
///
/// # Errors
/// As [`super::machine_config`].
pub fn release_command_config(config: &Config, image: Option<&str>) -> Result<Option<MachineConfig>, Conversion> {
    let Some(deploy) = &config.deploy else { return Ok(None) };
    let Some(command) = deploy.release_command.as_ref().filter(|command| !command.is_empty()) else {
        return Ok(None);
    };
    let mut init = Object::default();
    init.put_all("cmd", split(command, "the release command")?);
    init.put_some("swap_size_mb", config.swap_size_mb.as_ref().map(|size| size.value));
    init.put_all("entrypoint", entrypoint(config));

    let mut machine = gone_when_done(init, RELEASE_COMMAND_GROUP);
    let mut environment = environment(config, RELEASE_COMMAND_GROUP);
    environment.put("RELEASE_COMMAND", "1");
    machine.put("env", environment);
    machine.replace("stop_config", stop_config(config));
    machine.replace("files", files(config)?);
    if let Some(vm) = &deploy.release_command_vm {
        machine.put("guest", guest::of(vm, config)?);
    }
    set_image(&mut machine, image);
    Ok(Some(machine.0.into()))
}

/// The Machine configs of the machines that check a `green` of `group`, as flyctl makes them for
/// rolling deploys: those of the group's services, then those of the whole file. Without
/// `FLY_TEST_MACHINE_IP`: the green's address exists only once it does. What has no command
/// checks nothing and is left out.
/// Source: flyctl, internal/appconfig/machines.go and internal/command/deploy/machinebasedtest.go.
pub fn machine_check_configs(config: &Config, group: &str, green: &MachineConfig) -> Vec<MachineConfig> {
    let http = config.http_service.iter().map(|it| (&it.processes, &it.machine_checks));
    let services = http.chain(config.services.iter().map(|it| (&it.processes, &it.machine_checks)));
    let checks = services.filter(|(processes, _)| names(processes, group)).flat_map(|(_, checks)| checks);
    checks
        .chain(&config.machine_checks)
        .filter(|check| !check.command.is_empty())
        .map(|check| machine_check(config, check, green))
        .collect()
}

/// Here flyctl gives sections without `processes` to every group, not to the default one alone.
fn names(processes: &Groups, group: &str) -> bool {
    processes.is_empty() || processes.iter().any(|name| name.value == group)
}

fn machine_check(config: &Config, check: &MachineCheck, green: &MachineConfig) -> MachineConfig {
    let of_green = |key: &str, field: &str| green.get(key).and_then(|value| value.get(field)).cloned();
    let own = |list: &[_]| Some(texts_of(&Some(list.to_vec()))).filter(|list| !list.is_empty());
    let mut init = Object::default();
    init.put_all("cmd", own(&check.command).unwrap_or_default());
    init.put_some("swap_size_mb", config.swap_size_mb.as_ref().map(|size| size.value));
    init.put_some("entrypoint", of_green("init", "entrypoint"));
    init.put_some("entrypoint", own(&check.entrypoint));
    init.put_all("entrypoint", entrypoint(config));

    let mut machine = gone_when_done(init, TEST_COMMAND_GROUP);
    machine.put("env", test_environment(config, green));
    let mut stop = if check.image.is_some() { Object::default() } else { stop_config(config).unwrap_or_default() };
    stop.put_field("timeout", &check.kill_timeout);
    stop.put_field("signal", &check.kill_signal);
    machine.replace("stop_config", Some(stop).filter(|stop| !stop.0.is_empty()));
    machine.put_some("image", green.image());
    machine.put_text("image", &check.image);
    machine.0.into()
}

/// The green's own, which goes before the file's.
fn test_environment(config: &Config, green: &MachineConfig) -> Object {
    let mut out = environment(config, TEST_COMMAND_GROUP);
    let named = out.0.clone();
    out.0.extend(green.get("env").and_then(|env| env.as_object()).cloned().unwrap_or_default());
    out.put("FLY_TEST_COMMAND", "1");
    for key in ["FLY_PROCESS_GROUP", "PRIMARY_REGION"] {
        out.put_some(key, named.get(key).cloned());
    }
    out
}

fn gone_when_done(init: Object, group: &str) -> Object {
    let mut machine = Object::default();
    machine.put("init", init);
    machine.put("restart", Object::of([("policy", "no")]));
    machine.put("auto_destroy", true);
    machine.put("dns", Object::of([("skip_registration", true)]));
    set_metadata(&mut machine, group);
    machine
}

/// The one that `[experimental]` sets goes before every other.
fn entrypoint(config: &Config) -> Vec<String> {
    config.experimental.as_ref().map(|experimental| texts_of(&experimental.entrypoint)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::machine_config;
    use crate::machine::tests::{TEXT, config, lines};

    #[test]
    fn a_machine_check_runs_beside_the_green_that_it_checks() {
        let file = "app = 'shop'\nkill_timeout = 30\nprimary_region = 'iad'\n[env]\nA = '1'\n\
            [processes]\nweb = 'serve'\nwork = 'work'\n\
            [[services]]\ninternal_port = 80\nprotocol = 'tcp'\nprocesses = ['web']\n\
            [[services.machine_checks]]\ncommand = ['curl', '$FLY_TEST_MACHINE_IP']\nimage = 'curl:8'\nkill_signal = 'SIGINT'\n\
            [[machine_checks]]\ncommand = ['test']\nentrypoint = ['sh', '-c']\n[[machine_checks]]\nimage = 'idle'\n";
        let config = config(file);
        let checks = |group: &str| {
            let green = machine_config(&config, group, Some("image:v2"), None).unwrap();
            let checks = machine_check_configs(&config, group, &green);
            checks.iter().map(lines).collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(checks("web"), @r#"
        auto_destroy true
        dns {"skip_registration":true}
        env {"A":"1","FLY_PROCESS_GROUP":"fly_app_test_machine_command","FLY_TEST_COMMAND":"1","PRIMARY_REGION":"iad"}
        image "curl:8"
        init {"cmd":["curl","$FLY_TEST_MACHINE_IP"]}
        metadata {"fly_platform_version":"v2","fly_process_group":"fly_app_test_machine_command"}
        restart {"policy":"no"}
        stop_config {"signal":"SIGINT"}

        auto_destroy true
        dns {"skip_registration":true}
        env {"A":"1","FLY_PROCESS_GROUP":"fly_app_test_machine_command","FLY_TEST_COMMAND":"1","PRIMARY_REGION":"iad"}
        image "image:v2"
        init {"cmd":["test"],"entrypoint":["sh","-c"]}
        metadata {"fly_platform_version":"v2","fly_process_group":"fly_app_test_machine_command"}
        restart {"policy":"no"}
        stop_config {"timeout":"30s"}
        "#);
        insta::assert_snapshot!(checks("work"), @r#"
        auto_destroy true
        dns {"skip_registration":true}
        env {"A":"1","FLY_PROCESS_GROUP":"fly_app_test_machine_command","FLY_TEST_COMMAND":"1","PRIMARY_REGION":"iad"}
        image "image:v2"
        init {"cmd":["test"],"entrypoint":["sh","-c"]}
        metadata {"fly_platform_version":"v2","fly_process_group":"fly_app_test_machine_command"}
        restart {"policy":"no"}
        stop_config {"timeout":"30s"}
        "#);
    }

    #[test]
    fn the_release_command_runs_on_a_machine_of_its_own() {
        let made = release_command_config(&config(TEXT), Some("image:v2")).unwrap();
        insta::assert_snapshot!(lines(&made.unwrap()), @r#"
        auto_destroy true
        dns {"skip_registration":true}
        env {"FLY_PROCESS_GROUP":"fly_app_release_command","PORT":"8080","PRIMARY_REGION":"iad","RELEASE_COMMAND":"1"}
        files [{"guest_path":"/motd","raw_value":"aGVsbG8="}]
        image "image:v2"
        init {"cmd":["migrate"]}
        metadata {"fly_platform_version":"v2","fly_process_group":"fly_app_release_command"}
        restart {"policy":"no"}
        stop_config {"timeout":"30s"}
        "#);
        assert_eq!(release_command_config(&config("app = 'a'"), None), Ok(None));
    }
}
