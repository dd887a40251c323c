# For `workerd test`: the package as a Worker, which may reach the simulator and nothing else.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "loopback", network = (allow = ["local"])),
  ],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "test/elsewhere/worker.mjs", esModule = embed "worker.mjs"),
    (name = "test/elsewhere/deploy.mjs", esModule = embed "deploy.mjs"),
    (name = "web.js", esModule = embed "../../web.js"),
    (name = "apply.js", esModule = embed "../../apply.js"),
    (name = "dist/cutover.js", esModule = embed "../../dist/cutover.js"),
    (name = "dist/cutover_bg.wasm", wasm = embed "../../dist/cutover_bg.wasm"),
  ],
  bindings = [
    (name = "text", text = embed "../../../examples/shop/fly.toml"),
    (name = "machines", text = embed "../../../examples/shop/machines.json"),
    (name = "baseUrl", fromEnvironment = "BASE_URL"),
  ],
  globalOutbound = "loopback",
  # The first with `cache: "no-store"`.
  compatibilityDate = "2024-11-11",
);
