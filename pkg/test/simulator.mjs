// The simulated Fly of the command, with the machines of the example.
// CUTOVER names the command; otherwise it is built.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const FLEET = "examples/shop/machines.json";
const servers = [];

export const [TOML, MACHINES] = await Promise.all(["examples/shop/fly.toml", FLEET].map((path) => readFile(`${root}/${path}`, "utf8")));

/** Its address. */
export async function listen() {
  const [command, ...leading] = process.env.CUTOVER ? [process.env.CUTOVER] : ["cargo", "run", "--quiet", "--"];
  const server = spawn(command, [...leading, "sim", "listen", "--port", "0", "--app", "shop", "--fleet", FLEET, "--speed", "10"], { cwd: root });
  servers.push(server);
  const [line] = await once(createInterface(server.stdout), "line");
  return line.match(/http:[^ ]*/)[0];
}

export function stop() {
  for (const server of servers.splice(0)) server.kill();
}

export async function machines(baseUrl) {
  const all = await (await fetch(`${baseUrl}/v1/apps/shop/machines`)).json();
  return all.filter((machine) => machine.state !== "destroyed");
}
