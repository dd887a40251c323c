// The package in browsers, Deno and Workers, where the Wasm is fetched from beside it.

export * from "./dist/cutover.js";
export { default } from "./dist/cutover.js";
export { apply } from "./apply.js";
