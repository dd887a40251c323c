// The package in Node: the same, with the Wasm read from the disk.

import { readFile } from "node:fs/promises";
import initialize from "./dist/cutover.js";

export * from "./dist/cutover.js";
export { apply } from "./apply.js";

const WASM = new URL("./dist/cutover_bg.wasm", import.meta.url);

export default async function init(source = { module_or_path: readFile(WASM) }) {
  return initialize(source);
}
