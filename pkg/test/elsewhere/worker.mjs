// In a Worker, where Wasm is a module and all else comes with the environment.

import wasm from "../../dist/cutover_bg.wasm";
import init, * as core from "../../web.js";
import { deploy } from "./deploy.mjs";

export default {
  async test(_controller, environment) {
    await init({ module_or_path: wasm });
    await deploy(core, environment);
  },
};
