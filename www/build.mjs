// Bundles the page into dist: static files with relative addresses, for any file server.

import { build } from "esbuild";
import { copyFile, mkdir, readFile, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

await rm(here("dist"), { recursive: true, force: true });
await mkdir(here("dist"));
await build({
  entryPoints: [here("src/main.js")],
  outfile: here("dist/page.js"),
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  loader: { ".toml": "text", ".json": "text" },
  logLevel: "warning",
});
for (const file of ["index.html", "style.css", "icon.svg"]) await copyFile(here(file), here(`dist/${file}`));
await copyFile(here("../pkg/dist/cutover_bg.wasm"), here("dist/cutover_bg.wasm"));

for (const file of ["page.js", "cutover_bg.wasm", "style.css", "index.html"]) {
  const bytes = await readFile(here(`dist/${file}`));
  const zipped = gzipSync(bytes).length;
  console.log(`${String(bytes.length).padStart(8)} bytes  ${String(zipped).padStart(8)} gzip  www/dist/${file}`);
}
