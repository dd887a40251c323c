/** Loads the Wasm; once, before anything else. Without a source it is found beside the package. */
export default function init(source?: { module_or_path: WasmSource | Promise<WasmSource> }): Promise<unknown>;
export type WasmSource = URL | Request | Response | BufferSource | WebAssembly.Module;

/** The version of the core. */
export function version(): string;

/**
 * Lints one file. `path` decides its format (`fly.toml`, `fly.json`, `fly.yaml`). With `machines`
 * (what `fly machine list --json` prints), also against them; with `settings` (the text of a
 * cutover.toml), as they say. Throws when either cannot be read.
 */
export function check(text: string, path: string, machines?: string, settings?: string): CheckedFile;

/** The text with every safe fix applied (with `unsafe`, the others as well), until none is left. */
export function fix(text: string, path: string, unsafe: boolean, machines?: string, settings?: string): string;

/**
 * The same config with process groups written out and legacy forms rewritten, comments kept.
 * Throws when `path` does not name TOML.
 */
export function normalize(text: string, path: string): string;

/**
 * Process group -> the Machine config that Fly would receive; of `group` alone when it is given.
 * `path` decides the format.
 * Throws where flyctl finds none either.
 */
export function machineConfig(
  text: string,
  path: string,
  group?: string,
  image?: string,
): Record<string, MachineConfig>;

/** Plans a blue-green deploy. Throws only when the request itself has the wrong shape. */
export function plan(request: PlanRequest): Planned | Refused | Unreadable;

/**
 * A plan, as `cutover show` prints it: for people, for a pull request, or as JSON; what looks like
 * a secret is masked.
 */
export function renderPlan(plan: string, format: "text" | "json" | "markdown"): string;

/** One deploy in the simulator, in virtual time: the same executor as on Fly, and no clock. */
export class Simulation {
  /** `plan` as `Planned.json`; `machines` as planned from. Throws when either cannot be read. */
  constructor(plan: string, machines: string, options?: SimulationOptions);
  /** What happened next; `undefined` when the run is over. */
  next(): Moment | undefined;
  /** As Ctrl-C does; heard at the next moment. */
  abort(): void;
  /** How it ended; `undefined` before that. */
  outcome(): Outcome | undefined;
  free(): void;
}

/**
 * Carries out a plan on Fly.io: `plan` as `Planned.json`. Anything that has `fetch` and timers will
 * do; it has to live until the promise is kept. Resolves however the deploy ends; throws when the
 * plan or an option cannot be read.
 */
export function apply(plan: string, options: ApplyOptions): Promise<Outcome>;

export interface ApplyOptions {
  /** For the Machines API; with its scheme or without. Goes to the two URLs below and nowhere else. */
  token: string;
  /** Default: the one of this place. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** The Machines API, if not https://api.machines.dev. */
  baseUrl?: string;
  /** Release records and logs. Default: https://api.fly.io, or `baseUrl` where that is given. */
  releasesUrl?: string;
  onEvent?: (event: RunEvent & { t_ms: number }) => void;
  /** Aborted, it takes back what was done, or finishes when the first blue is already destroyed. */
  signal?: AbortSignal;
  /** Goes on with what another run of the same plan began. */
  resume?: "forward" | "back";
  /** With `resume`: past the point where the deploy is held. */
  promoted?: boolean;
  /** Unique among the runs of an app: lower-case letters, digits and dashes. Default: made up. */
  run?: string;
  /** For the jitter of retries. Default: made up. */
  seed?: number;
}

/**
 * What `apply` drives, for a loop of your own: no clock and no network. Each method gives what to do
 * next; times are milliseconds since `begin`.
 */
export class Execution {
  constructor(plan: string, options: ExecutionOptions);
  /** Once, first. */
  begin(nowMs: number): ExecutionStep;
  /** A request was answered; `headers` as pairs, names in lower case. */
  respond(nowMs: number, id: number, status: number, headers: [string, string][], body: Uint8Array): ExecutionStep;
  /** A request was not answered, and will not be: whether it was done is unknown. `why` is told in events and the outcome. */
  lose(nowMs: number, id: number, why: string): ExecutionStep;
  /** The time has come that a step asked for. */
  wake(nowMs: number): ExecutionStep;
  /** Go back while that is possible, else finish. */
  abort(nowMs: number): ExecutionStep;
  free(): void;
}

export type ExecutionOptions = { run: string; token?: string } & Pick<
  ApplyOptions,
  "baseUrl" | "releasesUrl" | "resume" | "promoted" | "seed"
>;

export interface ExecutionStep {
  /** To be made now, side by side; each ends in one `respond` or `lose`. Do not follow redirects. */
  requests: ExecutionRequest[];
  events: RunEvent[];
  /** When to call `wake` if nothing happens before. */
  wake_at_ms: number | null;
  /** Set once, at the end; call nothing but `free` then. */
  outcome: Outcome | null;
}

export interface ExecutionRequest {
  id: number;
  method: string;
  url: string;
  /** The token is among them. */
  headers: [string, string][];
  body: string | null;
  /** After this long without an answer it is to be lost. */
  timeout_ms: number;
}

export interface SimulationOptions {
  /** The same seed, plan, machines and faults give the same run. Default 0. */
  seed?: number;
  /** What is to go wrong, as `cutover sim --fault` takes it: `machine@SLOT=never-healthy`. */
  faults?: string[];
}

export interface Moment {
  /** Milliseconds since the run began. */
  t_ms: number;
  /** As `cutover apply --events jsonl` prints them, without their time. */
  events: RunEvent[];
  /** Every machine as it now is, destroyed ones too. */
  machines: Machine[];
}

export type RunEvent =
  | { event: "phase"; phase: "check" | "forward" | "back" | "finish" }
  /** `by_earlier_run`: it was done before this run began. */
  | { event: "step"; step: string; state: "running" | "done" | "failed" | "taken-back"; message?: string; by_earlier_run?: boolean }
  | { event: "call"; id: number; step: string; call: string }
  | { event: "reply"; id: number; step: string; reply: string }
  | { event: "state"; id: string; slot: string | null; state: string; checks_passing: number; checks_total: number }
  | { event: "wait"; step: string; until_ms: number }
  | { event: "warning"; message: string }
  | { event: "done"; outcome: OutcomeKind; left: Leftover[]; message: string };

/** A machine as the Machines API describes it; more fields than these may be there. */
export interface Machine {
  id: string;
  name: string;
  state: string;
  region: string;
  instance_id: string;
  cordoned: boolean;
  host_status: string;
  image_ref: Record<string, unknown>;
  config?: MachineConfig;
  checks?: { name: string; status: string; [other: string]: unknown }[];
  /** It takes its share of the work. */
  serving: boolean;
  [other: string]: unknown;
}

/** How a run ended. */
export interface Outcome {
  kind: OutcomeKind;
  /** One or two sentences: what happened and why. */
  message: string;
  left: Leftover[];
}

export type OutcomeKind = "completed" | "held" | "restored" | "needs-attention" | "stale" | "refused";

/** Something that a person has to look after. */
export interface Leftover {
  machine: string;
  why: string;
  /** The command that finishes it. */
  command: string;
}

/** What is to be deployed, onto which machines. */
export interface PlanRequest {
  /** Decides the format of `text` and is named in the plan. */
  path: string;
  /** fly.toml. */
  text: string;
  /** What `fly machine list --json` prints. */
  machines: string;
  /** Absent: `[build] image` of the file. */
  image?: string;
  /** The text of cutover.toml: its `[policy]` says how the deploy is to go. */
  settings?: string;
  /** Goes before `settings`; absent fields have their defaults. */
  policy?: Partial<Policy>;
}

export interface Planned {
  plan: Plan;
  /** The plan as `cutover plan -o` writes it, for `cutover apply`; holds environment values. */
  json: string;
  summary: Summary;
}

/** A plan in words; values of secret-like keys are masked. */
export interface Summary {
  title: string;
  /** What a blue-green deploy is; null where nothing is replaced. */
  lede: string | null;
  /** Image, source, machines, time, calls and policy. */
  facts: Named[];
  /** What differs between blues and greens, by process group. */
  changes: { group: string; lines: ChangedLine[]; more: number }[];
  /** By process group: what must pass before a green gets traffic. */
  gates: Named[];
  /** What an abort does; null where there is nothing to do. */
  way_back: string | null;
}

export interface Named {
  name: string;
  text: string;
}

export interface ChangedLine {
  kind: "added" | "changed" | "removed";
  /** In the Machine config, such as `env.LOG_LEVEL`. */
  path: string;
  /** `old → new`, or the one that there is. */
  value: string;
  /** Of how many machines; empty when of all that are replaced. */
  note: string;
}

/** No plan can be made; nothing was touched. */
export interface Refused {
  refused: Refusal[];
}

/** An input cannot be read: which, where, and what to give instead. */
export interface Unreadable {
  error: string;
}

/** Byte offset, and line and column from 1, the column in characters. */
export interface Position {
  /** In bytes of UTF-8. */
  offset: number;
  line: number;
  column: number;
}

export interface CheckedFile {
  path: string;
  /** What flyctl does today with the file on its own. */
  flyctl: "accepts" | "rejects";
  /** Sorted by place. */
  diagnostics: Diagnostic[];
  /** What comments in the file suppress, with the reasons that they give. */
  suppressed: (Diagnostic & { reason?: string })[];
  /** How many more findings there are than are listed; absent when all are. */
  omitted?: number;
}

export interface Diagnostic {
  rule: string;
  severity: "error" | "warning" | "hint";
  /** What is wrong and what Fly will do. */
  message: string;
  /** The cure. */
  help?: string;
  url?: string;
  flyctl: "rejects" | "fails-deploy" | "warns" | "silent";
  start: Position;
  end: Position;
  labels?: { message: string; start: Position; end: Position }[];
  fix?: Fix;
}

export interface Fix {
  safety: "safe" | "unsafe";
  title: string;
  /** In order, without overlap; `start` and `end` are bytes of UTF-8. */
  edits: { start: number; end: number; text: string }[];
}

export type MachineConfig = Record<string, unknown>;

/** `docs/plans.md` says what each means. */
export interface Policy {
  settle_ms: number;
  wait_timeout_ms: number;
  stability_ms: number;
  hold: boolean;
  drain: "fixed" | "until-idle";
  drain_timeout_ms: number;
  idle_command?: string;
  bake_ms: number;
  keep_blue: boolean;
  floor?: { machines: number } | { percent: number };
  surge?: number;
  concurrency: number;
  group_order: string[];
  verify_url?: string;
  verify_stopped: boolean;
  groups: string[];
  exclude_machines: string[];
  first_deploy: boolean;
  allow_unchecked: boolean;
  high_availability: boolean;
  cleanup: boolean;
}

export interface Plan {
  version: 1;
  app: string;
  image: string;
  policy: Policy;
  source: { path: string; sha256: string };
  definition: Record<string, unknown>;
  digest: string;
  fleet: string;
  machines: PlannedMachine[];
  /** In an order that satisfies every `needs`. */
  steps: PlanStep[];
  /** What the operations of the steps mean. */
  operations: Record<string, { precondition: string; postcondition: string; calls: string[] }>;
  /** How many machines must serve at any time. */
  floors: { group: string; region: string; serving: number }[];
  /** What differs between blues and their greens; `path` as in `env.LOG_LEVEL`. */
  changes: { group: string; machines: string[]; path: string; from?: unknown; to?: unknown }[];
  estimate: { expected_ms: number; worst_ms: number; peak_machines: number; calls: number };
  point_of_no_return?: string;
  capacity: { after: string | null; group: string; region: string; serving: number }[];
  warnings: { code: string; message: string }[];
}

export interface PlannedMachine {
  id: string;
  group: string;
  region: string;
  disposition: "replace" | "keep" | "remove" | "ignore" | "leftover" | "sweep" | "unreachable";
  why: string;
  observed: {
    state: string;
    instance_id: string;
    image: string;
    config_sha256: string;
    cordoned: boolean;
    host_status: string;
  };
}

export interface PlanStep {
  id: string;
  op:
    | "lease" | "release-command" | "create" | "wait-started" | "wait-healthy" | "machine-check" | "gate" | "hold"
    | "uncordon" | "settle" | "verify" | "cordon" | "verify-url" | "bake" | "drain" | "stop" | "wait-stopped"
    | "destroy" | "release";
  machine?: string;
  slot?: string;
  replaces?: string;
  /** On `machine-check`: the green that is checked. */
  checks?: string;
  standby_for?: string[];
  group?: string;
  region?: string;
  needs: string[];
  undo: string | null;
  why: string;
  timeout_ms?: number;
  request?: {
    region: string;
    config: MachineConfig;
    skip_launch: boolean;
    skip_service_registration: boolean;
  };
}

export interface Refusal {
  code: string;
  message: string;
  machines: string[];
  /** Commands that resolve it. */
  fix: string[];
}
