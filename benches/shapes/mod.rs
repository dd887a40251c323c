//! Texts of any length: an app like those that people write, and what nobody would. Each repeats
//! something that a rule, a reader or a renderer might look through once too often.

#![allow(dead_code, reason = "each benchmark uses some")]

/// Strings one after the other. Of those that hold `{n}` there are as many as fit, numbered; `{g}`
/// is one of four process groups in turn, `{port}` a number that ports may have.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    /// Its ending tells the format.
    pub(crate) path: &'static str,
    parts: &'static [&'static str],
}

impl Shape {
    /// Of about `bytes` bytes.
    pub(crate) fn text(&self, bytes: usize) -> String {
        let repeated = self.parts.iter().filter(|part| part.contains("{n}"));
        let each: usize = repeated.map(|part| numbered(part, 1_000).len()).sum();
        self.with(bytes.div_ceil(each))
    }

    pub(crate) fn of_lines(&self, lines: usize) -> String {
        let mut texts = (1..).map(|count| self.with(count));
        texts.find(|text| text.lines().count() >= lines).unwrap_or_default()
    }

    fn with(&self, count: usize) -> String {
        let mut text = String::new();
        for part in self.parts {
            if part.contains("{n}") {
                (0..count).for_each(|n| text += &numbered(part, n));
            } else {
                text += part;
            }
        }
        text
    }
}

fn numbered(part: &str, n: usize) -> String {
    let text = part.replace("{n}", &n.to_string()).replace("{g}", GROUPS[n % GROUPS.len()]);
    text.replace("{port}", &(1_024 + n % 60_000).to_string())
}

const fn toml(name: &'static str, parts: &'static [&'static str]) -> Shape {
    Shape { name, path: "fly.toml", parts }
}

const GROUPS: [&str; 4] = ["api", "app", "mail", "work"];

/// Four process groups, and services each with its checks and variables.
pub(crate) const APP: Shape = toml(
    "an app",
    &[
        "app = \"shop\"\nprimary_region = \"iad\"\nkill_signal = \"SIGTERM\"\nkill_timeout = \"30s\"\n\n",
        "[deploy]\nstrategy = \"rolling\"\nwait_timeout = \"5m\"\n\n",
        "[processes]\napi = \"/srv/shop api\"\napp = \"/srv/shop serve\"\nmail = \"/srv/shop mail\"\n",
        "work = \"/srv/shop work --queue orders\"\n\n[[vm]]\nsize = \"shared-cpu-1x\"\nmemory = \"512mb\"\n",
        "\n[[mounts]]\nsource = \"app_data\"\ndestination = \"/data\"\ninitial_size = \"10gb\"\nprocesses = [\"app\"]\n",
        "\n[env]\n",
        "SERVICE_{n}_URL = \"http://service-{n}.internal # not a comment\"\nSERVICE_{n}_TIMEOUT = \"30s\"\n",
        "SERVICE_{n}_LOG_LEVEL = \"info\"\nSERVICE_{n}_QUEUE = \"orders\"\nSERVICE_{n}_FEATURES = \"a,b\"\n",
        concat!(
            "\n# Service {n}.\n[[services]]\nprotocol = \"tcp\"\ninternal_port = {port}\n",
            "auto_stop_machines = \"off\"\nprocesses = [\"{g}\"]\n",
            "\n[[services.ports]]\nport = {port}\nhandlers = [\"tls\", \"http\"]\n",
            "\n[services.concurrency]\ntype = \"requests\"\nsoft_limit = 200\nhard_limit = 250\n",
            "\n[[services.http_checks]]\nmethod = \"GET\"\npath = \"/healthz\"\n",
            "interval = \"10s\"\ntimeout = \"2s\"\ngrace_period = \"5s\"\n",
            "\n[checks.alive_{n}]\ntype = \"tcp\"\nport = {port}\n",
            "interval = \"15s\"\ntimeout = \"2s\"\ngrace_period = \"5s\"\nprocesses = [\"{g}\"]\n",
        ),
    ],
);

pub(crate) const HOSTILE: &[Shape] = &[
    toml("variables", &["app = \"shop\"\n\n[env]\n", "VARIABLE_{n} = \"value {n}\"\n"]),
    toml("credentials", &["[env]\n", "API_TOKEN_{n} = \"FlyV1 fm2_lJPECAAAAAAAAAAAxBC{n}6FQJ+sYu0B/ab12cd34ef56\"\n"]),
    toml("setting names as variables", &["[env]\n", "FLY_{n} = \"1\"\nPORT{n} = 1\n"]),
    toml("unknown keys", &["unknown_{n} = {n}\n"]),
    toml("unknown tables", &["[unknown_{n}]\nx = {n}\n"]),
    toml("misspelt keys", &["[[services]]\ninternal_prt = {n}\nprotcol = \"tcp\"\n"]),
    toml("keys in two cases", &["[env]\n", "V{n} = \"a\"\n", "[Env]\n", "V{n} = \"b\"\n"]),
    toml("tables in two cases", &["[[services]]\ninternal_port = {n}\n", "[[Services]]\nInternal_Port = {n}\n"]),
    toml(
        "headers in two cases",
        &["[Checks.c]\ntype = \"http\"\n[Checks.c.headers]\n", "H{n} = 1\n", "[checks.c.headers]\n", "H{n} = \"2\"\n"],
    ),
    toml("keys twice", &["app = \"{n}\"\n"]),
    toml("tables twice", &["[env]\nA{n} = \"1\"\n"]),
    toml("broken lines", &["app == {n}\n"]),
    toml("open brackets", &["a{n} = [[[\n"]),
    toml("open texts", &["a{n} = \"\"\n'{n}\n"]),
    toml("comments", &["# comment {n}\n"]),
    toml("comments behind values", &["[env]\n", "A{n} = \"1\" # why # not\n"]),
    toml("suppressions", &["x{n} = 1 # cutover: ignore[unknown-key, dead-key] why\n"]),
    toml("suppressions above", &["# cutover: ignore[unknown-key]\n# cutover: ignore[dead-key] {n}\nx{n} = 1\n"]),
    toml("suppressions of the file", &["# cutover: ignore-file[unknown-key] {n}\n", "x{n} = 1\n"]),
    toml("one long suppression", &["x = 1 # cutover: ignore[", "rule-{n}, ", "]\n"]),
    toml("suppressions in a row", &["x = 1 ", "# cutover: ignore[dead-key{n}] "]),
    toml("blank lines", &["\n\n\n \n\t\n# {n}\n"]),
    toml("carriage returns", &["x{n} = 1\r\n"]),
    toml("services without anything", &["[[services]]\n# {n}\n"]),
    toml("services with a broken port", &["[[services]]\ninternal_port = \"p{n}\"\n"]),
    toml("services on one port", &["[[services]]\ninternal_port = 8080\n[[services.ports]]\nport = 443 # {n}\n"]),
    toml(
        "services of their own group",
        &[
            "[processes]\n",
            "g{n} = \"run {n}\"\n",
            "[[services]]\ninternal_port = {port}\nprocesses = [\"g{n}\"]\nports = [{ port = {port} }]\n",
        ],
    ),
    toml(
        "services, checked, of their own group",
        &[
            "[processes]\n",
            "g{n} = \"run {n}\"\n",
            "[[services]]\ninternal_port = {port}\nprocesses = [\"g{n}\"]\n[[services.http_checks]]\npath = \"a\"\n[[services.machine_checks]]\nimage = \"a\"\n",
        ],
    ),
    toml(
        "autostop in many groups",
        &[
            "[processes]\n",
            "g{n} = \"run {n}\"\n",
            "[[services]]\ninternal_port = {port}\nauto_stop_machines = \"suspend\"\nauto_start_machines = false\nmin_machines_running = {n}\nprocesses = [\"g{n}\"]\n",
        ],
    ),
    toml(
        "groups of one service",
        &[
            "[processes]\n",
            "g{n} = \"run {n}\"\n",
            "[[services]]\ninternal_port = 80\nprocesses = [",
            "\"g{n}\", ",
            "]\n",
        ],
    ),
    toml("unknown groups of one service", &["[[services]]\ninternal_port = 80\nprocesses = [", "\"g{n}\", ", "]\n"]),
    toml(
        "one group named often",
        &["[[services]]\ninternal_port = 80\nprocesses = [", "\"app\", \"\", # {n}\n", "]\n"],
    ),
    toml("broken ranges", &["[[services]]\ninternal_port = 1\n", "[[services.ports]]\nstart_port = {n}\n"]),
    toml(
        "ranges of a wrong type",
        &["[[services]]\ninternal_port = 1\n", "[[services.ports]]\nstart_port = \"{n}\"\nend_port = 1\n"],
    ),
    toml(
        "ranges over each other",
        &["[[services]]\ninternal_port = 1\n", "[[services.ports]]\nstart_port = 1\nend_port = 65535 # {n}\n"],
    ),
    toml(
        "one port often",
        &[
            "[[services]]\ninternal_port = 1\n",
            "[[services.ports]]\nport = 80 # {n}\nhandlers = [\"http\"]\nforce_https = true\n",
        ],
    ),
    toml(
        "handlers",
        &[
            "[[services]]\ninternal_port = 1\n[[services.ports]]\nport = 80\nhandlers = [",
            "\"http{n}\", \"tls\", ",
            "]\n",
        ],
    ),
    toml("checks", &["[checks.c{n}]\ntype = \"http\"\nport = {port}\npath = \"x\"\ninterval = 1\ntimeout = \"90s\"\n"]),
    toml("checks with nothing", &["[checks.c{n}]\n"]),
    toml(
        "checks of their own group",
        &[
            "[processes]\n",
            "g{n} = \"run\"\n",
            "[checks.c{n}]\ntype = \"tcp\"\nport = {port}\nprocesses = [\"g{n}\"]\n",
        ],
    ),
    toml(
        "checks of one service",
        &[
            "[http_service]\ninternal_port = 80\n",
            "[[http_service.checks]]\ngrace_period = \"{n}s\"\ntimeout = \"1m\"\nmethod = \"g\"\n",
        ],
    ),
    toml(
        "headers",
        &["[http_service]\ninternal_port = 80\n[http_service.http_options.response.headers]\n", "X-{n} = \"{n}\"\n"],
    ),
    toml("machine checks", &["[[machine_checks]]\nimage = \"a{n}\"\n"]),
    toml(
        "replay caches",
        &[
            "[http_service]\ninternal_port = 80\n",
            "[[http_service.http_options.replay_cache]]\npath_prefix = \"/{n}\"\n",
        ],
    ),
    toml("mounts", &["[[mounts]]\nsource = \"data\"\ndestination = \"/data{n}\"\n"]),
    toml(
        "mounts of their own group",
        &[
            "[deploy]\nstrategy = \"bluegreen\"\nrelease_command = \"x\"\n[processes]\n",
            "g{n} = \"run {n}\"\n",
            "[[mounts]]\nsource = \"data\"\ndestination = \"/data\"\nprocesses = [\"g{n}\"]\n",
        ],
    ),
    toml(
        "mounts that grow",
        &["[[mounts]]\nsource = \"d-{n}\"\ndestination = \"data\"\nauto_extend_size_threshold = {n}\n"],
    ),
    toml(
        "machine sizes of their own group",
        &[
            "[processes]\n",
            "g{n} = \"run {n}\"\n",
            "[[vm]]\nsize = \"shared-cpu-1x\"\nmemory = \"{n}mb\"\nprocesses = [\"g{n}\"]\n",
        ],
    ),
    toml("machine sizes of one group", &["[[vm]]\nsize = \"a100-40gb\"\nmemory = \"{n}gb\"\n"]),
    toml("machine sizes without a group", &["[processes]\n", "g{n} = \"run {n}\"\n", "[[vm]]\ncpus = {n}\n"]),
    toml("files", &["[[files]]\nguest_path = \"/f\"\nraw_value = \"aGVsbG8={n}\"\n"]),
    toml("local files", &["[[files]]\nguest_path = \"/f{n}\"\nlocal_path = \"f{n}\"\n"]),
    toml(
        "files of their own group",
        &[
            "[processes]\n",
            "g{n} = \"run {n}\"\n",
            "[[files]]\nguest_path = \"/f\"\nlocal_path = \"f{n}\"\nprocesses = [\"g{n}\"]\n",
        ],
    ),
    toml("statics", &["[[statics]]\nguest_path = \"/public\"\nurl_prefix = \"/{n}\"\n"]),
    toml("statics of one prefix", &["[[statics]]\nguest_path = \"/public\"\nurl_prefix = \"/\" # {n}\n"]),
    toml("metrics", &["[[metrics]]\nport = {port}\n# {n}\n"]),
    toml(
        "metrics of their own group",
        &["[processes]\n", "g{n} = \"run {n}\"\n", "[[metrics]]\nport = 9091\npath = \"/m\"\nprocesses = [\"g{n}\"]\n"],
    ),
    toml("restart policies", &["[[restart]]\npolicy = \"allways\" # {n}\nretries = 3\n"]),
    toml(
        "restart policies of their own group",
        &["[processes]\n", "g{n} = \"run {n}\"\n", "[[restart]]\npolicy = \"never\"\nprocesses = [\"g{n}\"]\n"],
    ),
    toml("process groups", &["[processes]\n", "g{n} = \"run 'a b' {n}\"\n"]),
    toml("unusable process groups", &["[processes]\n", "\"G {n}\" = \"run 'a\"\n"]),
    toml("a long command", &["[processes]\napp = \"run ", "'a' \\\"b{n}\\\" ", "\"\n"]),
    toml("build arguments", &["[build.args]\n", "A{n} = \"{n}\"\n"]),
    toml("buildpacks", &["[build]\nbuildpacks = [", "\"b{n}\",\n", "]\n"]),
    toml(
        "older services",
        &[
            "[[services]]\nconcurrency = \"{n},25\"\nports = [\"{port}\", \"80\"]\ninternal_port = \"{port}\"\ntcp_checks = [{ interval = {n}, restart_limit = 1 }]\n",
        ],
    ),
    toml(
        "older ports",
        &["[[services]]\ninternal_port = 80\n", "[services.ports.{port}]\nhandlers = \"tls\"\n# {n}\n"],
    ),
    toml("older processes", &["[processes]\n", "g{n} = [\"run\", \"{n}\"]\n"]),
    toml("older mounts", &["[mounts]\nsource = \"data\"\n", "source{n} = 1\n"]),
    toml("older experimental", &["[experimental]\n", "allowed_public_ports{n} = []\n"]),
    toml("dotted keys", &["env.A{n} = \"1\"\nunknown.a{n}.b = 1\n"]),
    toml("one long table", &["env = { ", "A{n} = \"1\", ", "Z = \"1\" }\n"]),
    toml("findings on one line", &["http_service = { ", "unknown_{n} = \"1\", ", "internal_port = 80 }\n"]),
    toml("one long list", &["a = [", "{n}, ", "]\n"]),
    toml("a list of tables", &["services = [", "{ internal_port = {n} }, ", "]\n"]),
    toml("one long text", &["app = \"", "{n}", "\"\n"]),
    toml("a text of lines", &["app = \"\"\"\n", "line {n} # \\\n", "\"\"\"\n"]),
    toml("one long key", &["a", "{n}", " = 1\n"]),
    toml("one long command of a key", &["kill_signal = \"", "SIG{n} ", "\"\nconsole_command = \"", "a{n} '", "\"\n"]),
    toml(
        "unknown groups among many",
        &["[processes]\n", "g{n} = \"run\"\n", "[[services]]\ninternal_port = {port}\nprocesses = [\"h{n}\"]\n"],
    ),
    toml(
        "sections without a group among many",
        &["[processes]\napp = \"\"\n", "g{n} = \"run\"\n", "[[metrics]]\nport = {port}\n"],
    ),
    toml(
        "restart policies of one group with services",
        &[
            "[[restart]]\npolicy = \"never\"\n# {n}\n",
            "[[services]]\ninternal_port = {port}\nauto_start_machines = false\n# {n}\n",
        ],
    ),
    toml(
        "ports of one service of many groups",
        &[
            "[processes]\n",
            "g{n} = \"\"\n",
            "[[services]]\ninternal_port = 80\nprocesses = [",
            "\"g{n}\", ",
            "]\n",
            "[[services.ports]]\nport = {port} # {n}\n",
        ],
    ),
    toml("signs", &["a{n} = \"= [ ] { } \\\\ \\\" # ' , . \"\n"]),
    Shape {
        name: "JSON: variables",
        path: "fly.json",
        parts: &["{\"env\": {", "\"A{n}\": \"{n}\",\n", "\"Z\": \"\"}}"],
    },
    Shape { name: "JSON: keys twice", path: "fly.json", parts: &["{\"env\": {", "\"A\": \"{n}\",\n", "\"Z\": \"\"}}"] },
    Shape {
        name: "JSON: services",
        path: "fly.json",
        parts: &["{\"services\": [", "{\"internal_port\": \"x{n}\", \"ports\": [{\"port\": 80}]},", "{}]}"],
    },
    Shape { name: "JSON: comments", path: "fly.json", parts: &["{", "// {n}\n", "}"] },
    Shape { name: "JSON: no commas", path: "fly.json", parts: &["{", "\"a{n}\": 1\n", "}"] },
    Shape { name: "JSON: words", path: "fly.json", parts: &["{\"a\": [", "word{n} 'x' ,\n", "]}"] },
    Shape { name: "JSON: a long text", path: "fly.json", parts: &["{\"app\": \"", "\\u00e4\\n{n}", "\"}"] },
    Shape { name: "YAML: variables", path: "fly.yaml", parts: &["env:\n", "  A{n}: \"{n}\"\n"] },
    Shape { name: "YAML: keys twice", path: "fly.yaml", parts: &["env:\n", "  A: {n}\n"] },
    Shape {
        name: "YAML: services",
        path: "fly.yaml",
        parts: &["services:\n", "  - internal_port: x{n}\n    ports:\n      - port: 80\n"],
    },
    Shape { name: "YAML: comments", path: "fly.yaml", parts: &["# {n}\n"] },
    Shape { name: "YAML: anchors", path: "fly.yaml", parts: &["a:\n", "  - &a{n} 1\n  - *a{n}\n"] },
    Shape { name: "YAML: one alias", path: "fly.yaml", parts: &["a: &a {x: 1}\nb:\n", "  - *a # {n}\n"] },
    Shape { name: "YAML: merges", path: "fly.yaml", parts: &["a: &a {x: 1}\nenv:\n", "  k{n}:\n    <<: *a\n"] },
    Shape { name: "YAML: documents", path: "fly.yaml", parts: &["---\na: {n}\n"] },
    Shape { name: "YAML: one flow", path: "fly.yaml", parts: &["a: [", "b{n}, ", "]\n"] },
    Shape { name: "YAML: a long plain text", path: "fly.yaml", parts: &["a: b\n", "  b{n}\n"] },
    Shape { name: "YAML: a block of text", path: "fly.yaml", parts: &["a: |\n", "  b{n}\n", "b: >\n", "  {n}\n\n"] },
    Shape { name: "YAML: open quotes", path: "fly.yaml", parts: &["a{n}: \"\n"] },
    Shape { name: "YAML: questions", path: "fly.yaml", parts: &["? a{n}\n: b\n"] },
];
