//! What can be written at a place of a text: headers, keys and values, as the table of keys has
//! them. Knows no key by name, but for the process groups that the text itself names.

use crate::config;
use crate::render::markdown;
use crate::schema::{self, Key, Kind, Known, Section};
use crate::span::Span;
use crate::syntax::{self, Document, Format, Node, Slot, SlotKind, Table, Value};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) sort: Sort,
    pub(super) label: String,
    /// Type and default, in a few words.
    pub(super) detail: Option<String>,
    pub(super) markdown: Option<String>,
    pub(super) insert: Insert,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Table,
    Key,
    Value,
}

/// What to write, and where the cursor is to stand afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Insert {
    pub(super) before: String,
    pub(super) after: &'static str,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Offers {
    /// What each of them replaces.
    pub(super) span: Span,
    pub(super) offers: Vec<Offer>,
}

pub(super) fn offers(text: &str, offset: usize, format: Format) -> Offers {
    let Some(slot) = syntax::slot(text, offset, format) else { return Offers::default() };
    let path: Vec<&str> = slot.path.iter().map(String::as_str).collect();
    let offers = match (slot.kind, schema::known(&path)) {
        (SlotKind::Header { is_double }, _) => {
            let typed = Span::new(slot.span.start, offset).of(text).trim_start_matches('[').trim();
            let written = Headers { typed, is_double, before: slot.span.start };
            let mut out = Vec::new();
            written.of(&schema::ROOT, slot.document.root.as_table(), &mut Vec::new(), &mut out);
            out
        }
        (SlotKind::Key { has_value, begins_line }, Some(Known { section: Some(section), .. })) => {
            let form = Form { format, has_value, header: begins_line && format == Format::Toml && !has_value };
            keys(section, &slot, &path, form)
        }
        (SlotKind::Value { in_list }, Some(Known { key: Some(key), .. })) => values(key, in_list, &slot, format),
        _ => Vec::new(),
    };
    Offers { span: slot.span, offers }
}

/// The headers that can be written in place of one.
struct Headers<'a> {
    /// What is there of the name.
    typed: &'a str,
    is_double: bool,
    /// Where it begins.
    before: usize,
}

impl Headers<'_> {
    /// Those of tables in a table that is there, or whose beginning is written; none of a table that
    /// is there once and for all.
    fn of(&self, section: &'static Section, table: Option<&Table>, path: &mut Vec<String>, out: &mut Vec<Offer>) {
        for key in section.keys.iter().filter(|key| key.deprecated.is_none()) {
            path.push(key.name.to_owned());
            let there = table.and_then(|table| table.get(key.name));
            if let Some(offer) = header(key, &path.join(".")).filter(|_| self.is_wanted(key, there)) {
                out.push(offer);
            }
            self.below(key, there, path, out);
            path.pop();
        }
    }

    fn below(&self, key: &'static Key, there: Option<&Node>, path: &mut Vec<String>, out: &mut Vec<Offer>) {
        let Some(section) = key.kind.section() else { return };
        let table = there.and_then(|node| self.innermost(node));
        if !matches!(key.kind, Kind::NamedTables(_)) {
            if table.is_some() || self.typed.starts_with(&format!("{}.", path.join("."))) {
                self.of(section, table, path, out);
            }
            return;
        }
        for entry in table.map_or(&[][..], |named| &named.entries) {
            path.push(entry.key.value.clone());
            self.of(section, entry.value.as_table(), path, out);
            path.pop();
        }
    }

    /// Of a list, the last table above: a header below it is about that one.
    fn innermost<'a>(&self, node: &'a Node) -> Option<&'a Table> {
        match &node.value {
            Value::Array(items) => {
                items.iter().rev().find(|item| item.span.start < self.before).and_then(Node::as_table)
            }
            _ => node.as_table(),
        }
    }

    fn is_wanted(&self, key: &Key, there: Option<&Node>) -> bool {
        match key.kind {
            Kind::Tables(_) => true,
            Kind::NamedTables(_) => !self.is_double,
            _ => !self.is_double && there.is_none(),
        }
    }
}

fn header(key: &'static Key, path: &str) -> Option<Offer> {
    let label = key.kind.header(path)?;
    let insert = match label.split_once("NAME") {
        Some((before, _)) => Insert { before: before.to_owned(), after: "]" },
        None => Insert { before: label.clone(), after: "" },
    };
    Some(Offer { label, insert, ..about(key, Sort::Table) })
}

/// What a key is written with.
#[derive(Debug, Clone, Copy)]
struct Form {
    format: Format,
    /// It stands there already.
    has_value: bool,
    /// Tables are written as headers.
    header: bool,
}

fn keys(section: &'static Section, slot: &Slot, path: &[&str], form: Form) -> Vec<Offer> {
    let present: Vec<&str> = slot.present.iter().filter_map(|name| Some(section.key(name)?.name)).collect();
    let left = section.keys.iter().filter(|key| key.deprecated.is_none() && !present.contains(&key.name));
    let offered = left.map(|key| {
        let path = [path, &[key.name]].concat().join(".");
        match header(key, &path).filter(|_| form.header) {
            Some(header) => Offer { label: key.name.into(), ..header },
            None => Offer { insert: entry(key, form), ..about(key, Sort::Key) },
        }
    });
    offered.collect()
}

/// The key with the beginning of a value.
fn entry(key: &Key, form: Form) -> Insert {
    let (name, between) = match form.format {
        Format::Toml => (key.name.to_owned(), " = "),
        Format::Json => (format!("\"{}\"", key.name), ": "),
        Format::Yaml => (key.name.to_owned(), ": "),
    };
    if form.has_value {
        return Insert { before: name, after: "" };
    }
    let (open, close) = match (key.kind, form.format) {
        (_, Format::Yaml) => ("", ""),
        (Kind::Text | Kind::Duration | Kind::Autostop | Kind::PersistRootfs, _) => ("\"", "\""),
        (Kind::TextList, _) => ("[\"", "\"]"),
        (Kind::Tables(_), _) => ("[{ ", " }]"),
        (Kind::Table(_) | Kind::NamedTables(_) | Kind::TextMap | Kind::AnyMap, _) => ("{ ", " }"),
        (Kind::Integer | Kind::Unsigned | Kind::Float | Kind::Boolean, _) => ("", ""),
    };
    Insert { before: format!("{name}{between}{open}"), after: close }
}

fn values(key: &'static Key, in_list: bool, slot: &Slot, format: Format) -> Vec<Offer> {
    let is_list = matches!(key.kind, Kind::TextList);
    let texts: Vec<String> = match key.kind {
        Kind::Boolean => vec!["true".into(), "false".into()],
        Kind::TextList if key.name == "processes" => group_names(&slot.document),
        _ => key.values.iter().map(|value| (*value).to_owned()).collect(),
    };
    let left = texts.into_iter().filter(|text| !slot.present.contains(text));
    let offered = left.map(|label| {
        let written = match (key.kind, format) {
            (Kind::Boolean, _) | (_, Format::Yaml) => label.clone(),
            _ => format!("\"{label}\""),
        };
        let before = if is_list && !in_list { format!("[{written}]") } else { written };
        let detail = key.default.filter(|default| *default == label).map(|_| "default".to_owned());
        Offer { sort: Sort::Value, label, detail, markdown: None, insert: Insert { before, after: "" } }
    });
    offered.filter(|_| is_list || !in_list).collect()
}

fn group_names(document: &Document) -> Vec<String> {
    config::read(document).config.group_names().into_iter().map(str::to_owned).collect()
}

fn about(key: &'static Key, sort: Sort) -> Offer {
    let kind = markdown::kind(key.kind);
    let detail = key.default.map_or(kind.to_owned(), |default| format!("{kind}, unset: {default}"));
    let insert = Insert { before: String::new(), after: "" };
    Offer { sort, label: key.name.into(), detail: Some(detail), markdown: Some(key.doc.to_owned()), insert }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is offered at the `|`: each insertion with `|` where the cursor will be, and before them
    /// what they replace.
    fn offered(marked: &str, format: Format) -> String {
        let offset = marked.find('|').unwrap();
        let text = marked.replacen('|', "", 1);
        let Offers { span, offers } = offers(&text, offset, format);
        assert!(span.contains(offset) || offers.is_empty(), "{marked}");
        assert!(!span.of(&text).contains('\n'), "{marked}");
        let inserts = offers.iter().map(|Offer { insert, .. }| match insert.after {
            "" => insert.before.clone(),
            after => format!("{}|{after}", insert.before),
        });
        let line = format!("{:?} -> {}", span.of(&text), inserts.collect::<Vec<_>>().join(" , "));
        line.trim_end().to_owned()
    }

    fn told(format: Format, texts: &[&str]) -> String {
        let lines = texts.iter().map(|text| format!("{text:?}\n  {}", offered(text, format)));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn keys_of_the_table_that_are_not_there() {
        insta::assert_snapshot!(told(Format::Toml, &[
            "[deploy]\n|\n",
            "[deploy]\nstra|\n[env]\nA = 'b'\n",
            "[deploy]\nstra|tegy = 'canary'\nwait_timeout = '1m'\n",
            "[[vm]]\nsize = 'a'\n[[vm]]\ncpus = 1\nmem|",
            "[http_service]\n  concurrency = { type = 'requests', | }\n",
            "[http_service]\n  concurrency = { ha|\n  internal_port = 80\n",
            "http_service = { concurrency = { ha| # why\n[env]\n",
            "[http_service]\ninternal_port = 80\n[http_service.concurrency]\n\n|\n",
            "http_service.concurrency.|\n",
            "http_service.|\n",
            "[http_service]\ninternal_port = 80\nforce_https = true\nauto_stop_machines = 'off'\nauto_start_machines = true\nmin_machines_running = 1\nprocesses = ['app']\n|\n",
            "[checks.alive]\nport = 80\nHEADERS = {}\ntype = \"tcp\n|\n",
            "[build]\nbuild_target = 'x'\ncom|\n",
            "[[services.ports]]\n\n  |",
            "[env]\n|\n",
            "[nowhere]\n|\n",
            "[deploy] # |\n",
            "[deploy]\nstrategy = 'canary' |\n",
            "[deploy]\nstrategy |\n",
        ]), @r#"
        "[deploy]\n|\n"
          "" -> strategy = "|" , max_unavailable =  , wait_timeout = "|" , release_command = "|" , release_command_timeout = "|" , [deploy.release_command_vm] , seed_command = "|"
        "[deploy]\nstra|\n[env]\nA = 'b'\n"
          "stra" -> strategy = "|" , max_unavailable =  , wait_timeout = "|" , release_command = "|" , release_command_timeout = "|" , [deploy.release_command_vm] , seed_command = "|"
        "[deploy]\nstra|tegy = 'canary'\nwait_timeout = '1m'\n"
          "strategy" -> strategy , max_unavailable , release_command , release_command_timeout , release_command_vm , seed_command
        "[[vm]]\nsize = 'a'\n[[vm]]\ncpus = 1\nmem|"
          "mem" -> size = "|" , memory = "|" , cpu_kind = "|" , memory_mb =  , max_memory_mb =  , gpus =  , gpu_kind = "|" , host_dedication_id = "|" , persist_rootfs = "|" , kernel_args = ["|"] , processes = ["|"]
        "[http_service]\n  concurrency = { type = 'requests', | }\n"
          "" -> hard_limit =  , soft_limit =
        "[http_service]\n  concurrency = { ha|\n  internal_port = 80\n"
          "ha" -> type = "|" , hard_limit =  , soft_limit =
        "http_service = { concurrency = { ha| # why\n[env]\n"
          "ha" -> type = "|" , hard_limit =  , soft_limit =
        "[http_service]\ninternal_port = 80\n[http_service.concurrency]\n\n|\n"
          "" -> type = "|" , hard_limit =  , soft_limit =
        "http_service.concurrency.|\n"
          "" -> type = "|" , hard_limit =  , soft_limit =
        "http_service.|\n"
          "" -> internal_port =  , force_https =  , auto_stop_machines = "|" , auto_start_machines =  , min_machines_running =  , processes = ["|"] , concurrency = { | } , tls_options = { | } , http_options = { | } , checks = [{ | }] , machine_checks = [{ | }]
        "[http_service]\ninternal_port = 80\nforce_https = true\nauto_stop_machines = 'off'\nauto_start_machines = true\nmin_machines_running = 1\nprocesses = ['app']\n|\n"
          "" -> [http_service.concurrency] , [http_service.tls_options] , [http_service.http_options] , [[http_service.checks]] , [[http_service.machine_checks]]
        "[checks.alive]\nport = 80\nHEADERS = {}\ntype = \"tcp\n|\n"
          "" -> interval = "|" , timeout = "|" , grace_period = "|" , method = "|" , path = "|" , protocol = "|" , tls_skip_verify =  , tls_server_name = "|" , processes = ["|"]
        "[build]\nbuild_target = 'x'\ncom|\n"
          "com" -> builder = "|" , [build.args] , buildpacks = ["|"] , image = "|" , [build.settings] , dockerfile = "|" , ignorefile = "|" , build-target = "|" , [build.compose] , compression = "|" , compression_level =
        "[[services.ports]]\n\n  |"
          "" -> port =  , start_port =  , end_port =  , handlers = ["|"] , force_https =  , [services.ports.tls_options] , [services.ports.http_options] , [services.ports.proxy_proto_options]
        "[env]\n|\n"
          "" ->
        "[nowhere]\n|\n"
          "" ->
        "[deploy] # |\n"
          "" ->
        "[deploy]\nstrategy = 'canary' |\n"
          "" ->
        "[deploy]\nstrategy |\n"
          "" ->
        "#);
    }

    #[test]
    fn the_top_level_offers_tables_as_headers() {
        insta::assert_snapshot!(told(Format::Toml, &["app = 'a'\n|\n"]), @r#"
        "app = 'a'\n|\n"
          "" -> primary_region = "|" , kill_signal = "|" , kill_timeout = "|" , swap_size_mb =  , console_command = "|" , [experimental] , [build] , [deploy] , [env] , [processes] , [[mounts]] , [http_service] , [[services]] , [checks.|] , [[files]] , host_dedication_id = "|" , machine_config = "|" , container = "|" , [[machine_checks]] , [[restart]] , [[vm]] , [[statics]] , [[metrics]]
        "#);
    }

    #[test]
    fn headers_of_tables_that_can_be_there() {
        insta::assert_snapshot!(told(Format::Toml, &[
            "app = 'a'\n[http_service]\n[deploy]\n\n[|\n",
            "[[|]]\n",
            "[[services]]\n[[services.ports]]\nport = 80\n\n[services|]\n\n[[services]]\n[[services.http_checks]]\n",
            "[http_service.|\n",
            "[checks.alive]\nport = 80\n[checks.|]\n",
            "[deploy|ment]  # why\nstrategy = 'canary'\n",
            "[env]|\n",
        ]), @r#"
        "app = 'a'\n[http_service]\n[deploy]\n\n[|\n"
          "[" -> [experimental] , [build] , [deploy.release_command_vm] , [env] , [processes] , [[mounts]] , [http_service.concurrency] , [http_service.tls_options] , [http_service.http_options] , [[http_service.checks]] , [[http_service.machine_checks]] , [[services]] , [checks.|] , [[files]] , [[machine_checks]] , [[restart]] , [[vm]] , [[statics]] , [[metrics]]
        "[[|]]\n"
          "[[]]" -> [[mounts]] , [[services]] , [[files]] , [[machine_checks]] , [[restart]] , [[vm]] , [[statics]] , [[metrics]]
        "[[services]]\n[[services.ports]]\nport = 80\n\n[services|]\n\n[[services]]\n[[services.http_checks]]\n"
          "[services]" -> [experimental] , [build] , [deploy] , [env] , [processes] , [[mounts]] , [http_service] , [[services]] , [[services.ports]] , [services.ports.tls_options] , [services.ports.http_options] , [services.ports.proxy_proto_options] , [services.concurrency] , [[services.tcp_checks]] , [[services.http_checks]] , [[services.machine_checks]] , [checks.|] , [[files]] , [[machine_checks]] , [[restart]] , [[vm]] , [[statics]] , [[metrics]]
        "[http_service.|\n"
          "[http_service." -> [experimental] , [build] , [deploy] , [env] , [processes] , [[mounts]] , [http_service] , [http_service.concurrency] , [http_service.tls_options] , [http_service.http_options] , [[http_service.checks]] , [[http_service.machine_checks]] , [[services]] , [checks.|] , [[files]] , [[machine_checks]] , [[restart]] , [[vm]] , [[statics]] , [[metrics]]
        "[checks.alive]\nport = 80\n[checks.|]\n"
          "[checks.]" -> [experimental] , [build] , [deploy] , [env] , [processes] , [[mounts]] , [http_service] , [[services]] , [checks.|] , [checks.alive.headers] , [[files]] , [[machine_checks]] , [[restart]] , [[vm]] , [[statics]] , [[metrics]]
        "[deploy|ment]  # why\nstrategy = 'canary'\n"
          "[deployment]" -> [experimental] , [build] , [deploy] , [env] , [processes] , [[mounts]] , [http_service] , [[services]] , [checks.|] , [[files]] , [[machine_checks]] , [[restart]] , [[vm]] , [[statics]] , [[metrics]]
        "[env]|\n"
          "" ->
        "#);
    }

    #[test]
    fn values_that_make_sense() {
        insta::assert_snapshot!(told(Format::Toml, &[
            "[deploy]\nstrategy = |\n",
            "[deploy]\nstrategy =|",
            "[deploy]\nstrategy = \"|\n[env]\n",
            "[deploy]\nstrategy = \"bl|\" # why\nwait_timeout = '1m'\n",
            "[deploy]\nstrategy = can|\n",
            "[[vm]]\ncpu_kind = \"|\"\n",
            "[[restart]]\npolicy = '|'\n",
            "[http_service]\nforce_https = t|\n",
            "[http_service]\nauto_stop_machines = |\n",
            "[[services.ports]]\nhandlers = [\"tls\", \"|\"]\n",
            "[[services.ports]]\nhandlers = [\n  \"tls\",\n  |\n]\nport = 443\n",
            "[[services.ports]]\nhandlers = |\n",
            "[processes]\nweb = 'a'\nworker = 'b'\n[http_service]\nprocesses = [\"|\n",
            "[processes]\nweb = 'a'\nworker = 'b'\n[[vm]]\nprocesses = [\"web\", \"|\"]\n",
            "[[vm]]\nprocesses = [|]\n",
            "[deploy]\nwait_timeout = \"|\"\n",
            "[deploy]\nstrategy = [|]\n",
            "[env]\nA = \"|\"\n",
        ]), @r#"
        "[deploy]\nstrategy = |\n"
          "" -> "rolling" , "immediate" , "canary" , "bluegreen"
        "[deploy]\nstrategy =|"
          "" -> "rolling" , "immediate" , "canary" , "bluegreen"
        "[deploy]\nstrategy = \"|\n[env]\n"
          "\"" -> "rolling" , "immediate" , "canary" , "bluegreen"
        "[deploy]\nstrategy = \"bl|\" # why\nwait_timeout = '1m'\n"
          "\"bl\"" -> "rolling" , "immediate" , "canary" , "bluegreen"
        "[deploy]\nstrategy = can|\n"
          "can" -> "rolling" , "immediate" , "canary" , "bluegreen"
        "[[vm]]\ncpu_kind = \"|\"\n"
          "\"\"" -> "shared" , "performance"
        "[[restart]]\npolicy = '|'\n"
          "''" -> "always" , "never" , "on-failure"
        "[http_service]\nforce_https = t|\n"
          "t" -> true , false
        "[http_service]\nauto_stop_machines = |\n"
          "" -> "off" , "stop" , "suspend"
        "[[services.ports]]\nhandlers = [\"tls\", \"|\"]\n"
          "\"\"" -> "http" , "pg_tls" , "proxy_proto"
        "[[services.ports]]\nhandlers = [\n  \"tls\",\n  |\n]\nport = 443\n"
          "" -> "http" , "pg_tls" , "proxy_proto"
        "[[services.ports]]\nhandlers = |\n"
          "" -> ["http"] , ["tls"] , ["pg_tls"] , ["proxy_proto"]
        "[processes]\nweb = 'a'\nworker = 'b'\n[http_service]\nprocesses = [\"|\n"
          "\"" -> "web" , "worker"
        "[processes]\nweb = 'a'\nworker = 'b'\n[[vm]]\nprocesses = [\"web\", \"|\"]\n"
          "\"\"" -> "worker"
        "[[vm]]\nprocesses = [|]\n"
          "" -> "app"
        "[deploy]\nwait_timeout = \"|\"\n"
          "\"\"" ->
        "[deploy]\nstrategy = [|]\n"
          "" ->
        "[env]\nA = \"|\"\n"
          "\"\"" ->
        "#);
    }

    #[test]
    fn any_place_of_any_text_can_be_asked_about() {
        let texts = [
            "é = \"ü\"\r\n[checks.'🦀']\r\nport = [1, { a = \"🦀\" }, '''\n🦀''' ] # 🦀\r\n[[é\r\n",
            "a = { b = [ { c = 'x\n[deploy]\nstrategy = \"é",
            "{\"é\": [{\"🦀\": \"\\\"ü\", é: 1}, \"x\n, {}]}",
            "é:\n - ü: 🦀\n   ü🦀ü: [é, {ü\n",
        ];
        let mut asked = 0;
        for text in texts {
            for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
                for format in [Format::Toml, Format::Json, Format::Yaml] {
                    let Offers { span, offers } = offers(text, offset, format);
                    assert!(offers.is_empty() || span.contains(offset) && !span.of(text).contains('\n'), "{text}");
                    asked += 1;
                }
            }
        }
        assert!(asked > 400);
    }

    #[test]
    fn json_and_yaml_by_their_trees() {
        insta::assert_snapshot!(told(Format::Json, &[
            "{\"deploy\": {\"stra|\"}}",
            "{\"deploy\": {\"strategy\": \"canary\", |}}",
            "{\"deploy\": {\n  \"strategy\": \"|\"\n}}",
            "{\"processes\": {\"web\": \"a, {\"}, \"vm\": [{\"processes\": [\"|\n]}]}",
            "{\"deploy\": {\"strategy\": \"canary\"|}}",
            "|",
        ]), @r#"
        "{\"deploy\": {\"stra|\"}}"
          "\"stra\"" -> "strategy": "|" , "max_unavailable":  , "wait_timeout": "|" , "release_command": "|" , "release_command_timeout": "|" , "release_command_vm": { | } , "seed_command": "|"
        "{\"deploy\": {\"strategy\": \"canary\", |}}"
          "" -> "max_unavailable":  , "wait_timeout": "|" , "release_command": "|" , "release_command_timeout": "|" , "release_command_vm": { | } , "seed_command": "|"
        "{\"deploy\": {\n  \"strategy\": \"|\"\n}}"
          "\"\"" -> "rolling" , "immediate" , "canary" , "bluegreen"
        "{\"processes\": {\"web\": \"a, {\"}, \"vm\": [{\"processes\": [\"|\n]}]}"
          "\"" -> "web"
        "{\"deploy\": {\"strategy\": \"canary\"|}}"
          "\"canary\"" -> "rolling" , "immediate" , "canary" , "bluegreen"
        "|"
          "" ->
        "#);
        insta::assert_snapshot!(told(Format::Yaml, &[
            "app: a\ndeploy:\n  |\nenv:\n  A: b\n",
            "deploy:\n  strategy: canary\n  wait|\n",
            "vm:\n  - memory: 1gb\n    cpu_kind: |\n",
            "vm:\n  - cpu|: 1\n    memory: 1gb\n    size: a\n",
            "app: a # |\n",
        ]), @r#"
        "app: a\ndeploy:\n  |\nenv:\n  A: b\n"
          "" -> strategy:  , max_unavailable:  , wait_timeout:  , release_command:  , release_command_timeout:  , release_command_vm:  , seed_command:
        "deploy:\n  strategy: canary\n  wait|\n"
          "wait" -> max_unavailable:  , wait_timeout:  , release_command:  , release_command_timeout:  , release_command_vm:  , seed_command:
        "vm:\n  - memory: 1gb\n    cpu_kind: |\n"
          "" -> shared , performance
        "vm:\n  - cpu|: 1\n    memory: 1gb\n    size: a\n"
          "cpu" -> cpu_kind , cpus , memory_mb , max_memory_mb , gpus , gpu_kind , host_dedication_id , persist_rootfs , kernel_args , processes
        "app: a # |\n"
          "" ->
        "#);
    }
}
