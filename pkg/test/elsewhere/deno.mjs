// In Deno, with the address of the simulator as argument.

import init, * as core from "../../web.js";
import { deploy } from "./deploy.mjs";

const read = (name) => Deno.readTextFile(new URL(`../../../examples/shop/${name}`, import.meta.url));

await init();
await deploy(core, { text: await read("fly.toml"), machines: await read("machines.json"), baseUrl: Deno.args[0] });
