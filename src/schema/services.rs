//! Services and what watches over them.

use super::Kind::{AnyMap, Autostop, Boolean, Duration, Integer, Table, Tables, Text, TextList, TextMap, Unsigned};
use super::top::SIGNALS;
use super::{Key, Older, Section, key};
use crate::limits;

pub(super) const HTTP_SERVICE: Section = Section {
    keys: &[
        key("internal_port", Integer, "The port that the app listens on, on `0.0.0.0` or `fly-local-6pn`.")
            .default("8080"),
        key("force_https", Boolean, "Redirect HTTP to HTTPS.").default("false"),
        AUTO_STOP_MACHINES,
        AUTO_START_MACHINES,
        MIN_MACHINES_RUNNING,
        PROCESSES,
        CONCURRENCY_KEY,
        key("tls_options", Table(&TLS_OPTIONS), "How the proxy ends TLS on port 443."),
        key("http_options", Table(&HTTP_OPTIONS), "How the proxy speaks HTTP."),
        key("checks", Tables(&HTTP_CHECK), "Requests that tell whether a machine may get traffic."),
        MACHINE_CHECKS,
    ],
    source: "https://fly.io/docs/reference/configuration/#the-http_service-section",
};

pub(super) const SERVICE: Section = Section {
    keys: &[
        key("protocol", Text, "`tcp` or `udp`.").default("tcp").values(&limits::SERVICE_PROTOCOLS),
        key("internal_port", Integer, "The port that the app listens on.").default("8080").older(Older::NumericText),
        AUTO_STOP_MACHINES,
        AUTO_START_MACHINES,
        MIN_MACHINES_RUNNING,
        key("ports", Tables(&PORT), "The public ports of the service and how each is handled.")
            .older(Older::SingleTable),
        CONCURRENCY_KEY.older(Older::LimitPair),
        key("tcp_checks", Tables(&TCP_CHECK), "Connections that tell whether a machine may get traffic.")
            .older(Older::SingleTable),
        key("http_checks", Tables(&HTTP_CHECK), "Requests that tell whether a machine may get traffic.")
            .older(Older::SingleTable),
        MACHINE_CHECKS,
        PROCESSES,
    ],
    source: "https://fly.io/docs/reference/configuration/#the-services-sections",
};

const AUTO_STOP_MACHINES: Key = key(
    "auto_stop_machines",
    Autostop,
    "What the proxy does with machines that the load does not need. `true` is `\"stop\"`, `false` is `\"off\"`.",
)
.default("off")
.values(&["off", "stop", "suspend"])
.keeps_zero();

const AUTO_START_MACHINES: Key =
    key("auto_start_machines", Boolean, "Whether the proxy starts stopped machines when requests come.").keeps_zero();

const MIN_MACHINES_RUNNING: Key =
    key("min_machines_running", Integer, "How many machines the proxy leaves running, in the primary region only.")
        .default("0")
        .keeps_zero();

const MACHINE_CHECKS: Key = key(
    "machine_checks",
    Tables(&MACHINE_CHECK),
    "Commands run on a throw-away machine against a new one; rolling and canary deploys only.",
);

pub(super) const PROCESSES: Key = key("processes", TextList, "The process groups that this is for.")
    .default("the default group: `app`, else the first by name");

const CONCURRENCY_KEY: Key =
    key("concurrency", Table(&CONCURRENCY), "How much load one machine takes before the proxy looks for another.");

const CONCURRENCY: Section = Section {
    keys: &[
        key("type", Text, "What is counted.").default("connections").values(&limits::CONCURRENCY_TYPES),
        key("hard_limit", Integer, "From here on a machine gets no more.").default("no limit"),
        key("soft_limit", Integer, "From here on other machines are preferred, and started.").default("20"),
    ],
    source: "https://fly.io/docs/reference/configuration/#services-concurrency",
};

const PORT: Section = Section {
    keys: &[
        key("port", Integer, "The public port.").older(Older::NumericText).keeps_zero(),
        key("start_port", Integer, "The first of a range of public ports.").keeps_zero(),
        key("end_port", Integer, "The last of a range of public ports.").keeps_zero(),
        key("handlers", TextList, "What the proxy does to connections, in order; nothing for plain TCP.")
            .values(&limits::HANDLERS),
        key("force_https", Boolean, "Redirect HTTP to HTTPS; for the `http` handler.").default("false"),
        key("tls_options", Table(&TLS_OPTIONS), "How the `tls` handler ends TLS."),
        key("http_options", Table(&HTTP_OPTIONS), "How the `http` handler speaks HTTP."),
        key("proxy_proto_options", Table(&PROXY_PROTO_OPTIONS), "How the `proxy_proto` handler announces clients."),
    ],
    source: "https://fly.io/docs/reference/configuration/#services-ports",
};

const TLS_OPTIONS: Section = Section {
    keys: &[
        key("alpn", TextList, "Protocols offered, in order: `h2`, `http/1.1`."),
        key("versions", TextList, "TLS versions accepted.").values(&limits::TLS_VERSIONS),
        key("default_self_signed", Boolean, "Answer with a self-signed certificate where there is none.")
            .default("false")
            .keeps_zero(),
    ],
    source: "https://fly.io/docs/reference/configuration/#services-ports-tls_options",
};

const HTTP_OPTIONS: Section = Section {
    keys: &[
        key("compress", Boolean, "Compress responses.").keeps_zero(),
        key("response", Table(&HTTP_RESPONSE), "Changes to the headers of responses."),
        key("h2_backend", Boolean, "Speak HTTP/2 without TLS to the app.").default("false").keeps_zero(),
        key("idle_timeout", Unsigned, "After how many seconds an idle connection is closed.").keeps_zero(),
        key("headers_read_timeout", Unsigned, "How many seconds a client may take to send the headers.").keeps_zero(),
        key("replay_cache", Tables(&REPLAY_CACHE), "Remember where `fly-replay` sent a client."),
    ],
    source: "https://fly.io/docs/reference/configuration/#services-ports-http_options",
};

const HTTP_RESPONSE: Section = Section {
    keys: &[
        key("headers", AnyMap, "Headers to set, each to a text or a list of texts; `false` removes one."),
        key("pristine", Boolean, "Add none of the proxy's own headers.").default("false").keeps_zero(),
    ],
    source: "https://fly.io/docs/reference/configuration/#services-ports-http_options",
};

const REPLAY_CACHE: Section = Section {
    keys: &[
        key("path_prefix", Text, "The paths that this is for.").written_when_unset(),
        key("ttl_seconds", Integer, "How long a replay is remembered, at least 10 seconds.").written_when_unset(),
        key("type", Text, "What tells clients apart.").values(&limits::REPLAY_CACHE_KINDS).written_when_unset(),
        key("name", Text, "The name of the cookie or header.").written_when_unset(),
        key("allow_bypass", Boolean, "Let clients ask for a fresh decision.").default("false"),
    ],
    source: "https://fly.io/docs/networking/dynamic-request-routing/",
};

const PROXY_PROTO_OPTIONS: Section = Section {
    keys: &[key("version", Text, "The version of the PROXY protocol.")
        .default("v1")
        .values(&limits::PROXY_PROTOCOL_VERSIONS)],
    source: "https://fly.io/docs/reference/configuration/#services-ports",
};

const TCP_CHECK: Section = Section {
    keys: &[SERVICE_CHECK_INTERVAL, SERVICE_CHECK_TIMEOUT, SERVICE_CHECK_GRACE],
    source: "https://fly.io/docs/reference/configuration/#services-tcp_checks",
};

const HTTP_CHECK: Section = Section {
    keys: &[
        SERVICE_CHECK_INTERVAL,
        SERVICE_CHECK_TIMEOUT,
        SERVICE_CHECK_GRACE,
        METHOD,
        PATH,
        PROTOCOL,
        TLS_SKIP_VERIFY,
        TLS_SERVER_NAME,
        HEADERS,
    ],
    source: "https://fly.io/docs/reference/configuration/#services-http_checks",
};

const SERVICE_CHECK_INTERVAL: Key =
    key("interval", Duration, "The time between checks, from 1s to 60s. A bare number is milliseconds in `[[services]]`, nanoseconds in `[http_service]`.")
        .older(Older::Millis);

const SERVICE_CHECK_TIMEOUT: Key =
    key("timeout", Duration, "How long a check may take, from 1s to 60s. A bare number is milliseconds in `[[services]]`, nanoseconds in `[http_service]`.")
        .older(Older::Millis);

const SERVICE_CHECK_GRACE: Key = key(
    "grace_period",
    Duration,
    "How long after the start of a machine failures do not count, at most 60s. A bare number is milliseconds in `[[services]]`, nanoseconds in `[http_service]`.",
)
.older(Older::Millis);

const METHOD: Key = key("method", Text, "The method of the request.").default("GET").keeps_zero();
const PATH: Key = key("path", Text, "The path of the request.").keeps_zero();
const PROTOCOL: Key =
    key("protocol", Text, "How the request is sent.").default("http").values(&limits::CHECK_PROTOCOLS).keeps_zero();
const TLS_SKIP_VERIFY: Key =
    key("tls_skip_verify", Boolean, "Accept any certificate; for `https`.").default("false").keeps_zero();
const TLS_SERVER_NAME: Key =
    key("tls_server_name", Text, "The name that the certificate must have; for `https`.").keeps_zero();
const HEADERS: Key = key("headers", TextMap, "Headers of the request.").older(Older::HeaderList);

pub(super) const TOP_LEVEL_CHECK: Section = Section {
    keys: &[
        key("port", Integer, "The port to connect to.")
            .default("`http_service.internal_port` of the same group")
            .keeps_zero(),
        key("type", Text, "`http` or `tcp`; required.").values(&["http", "tcp"]).keeps_zero(),
        key("interval", Duration, "The time between checks, at least 2s. A bare number is milliseconds.")
            .older(Older::Millis),
        key("timeout", Duration, "How long a check may take, at most 60s. A bare number is milliseconds.")
            .older(Older::Millis),
        key(
            "grace_period",
            Duration,
            "How long after the start of a machine failures do not count. A bare number is milliseconds.",
        )
        .older(Older::Millis),
        METHOD,
        PATH,
        PROTOCOL,
        TLS_SKIP_VERIFY,
        TLS_SERVER_NAME,
        HEADERS,
        PROCESSES,
    ],
    source: "https://fly.io/docs/reference/configuration/#the-checks-section",
};

pub(super) const MACHINE_CHECK: Section = Section {
    keys: &[
        key("command", TextList, "The command to run; it fails the deploy with any status but 0."),
        key("image", Text, "The image to run it in.").default("the image being deployed"),
        key("entrypoint", TextList, "Replaces the image's entrypoint."),
        key("kill_signal", Text, "The signal that asks the command to stop.").values(SIGNALS).keeps_zero(),
        key("kill_timeout", Duration, "How long it may take to stop. A bare number is nanoseconds."),
    ],
    source: "https://fly.io/docs/reference/configuration/#services-machine_checks",
};
