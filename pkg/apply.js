// Carries out a plan on Fly with `fetch` and the clock of wherever this runs: browsers, Node, Deno,
// Workers. What to ask for, and what an answer means, the core decides.

import { Execution } from "./dist/cutover.js";

/** See `cutover.d.ts`. */
export function apply(plan, { fetch = globalThis.fetch, onEvent = () => {}, signal, ...options } = {}) {
  const execution = new Execution(plan, { ...beside(options), run: newRun(), seed: newSeed(), ...options });
  const begin = performance.now();
  const now = () => performance.now() - begin;
  const over = new AbortController();
  return new Promise((resolve, reject) => {
    let timer;
    let ended = false;

    function feed(input, ...values) {
      if (ended) return;
      try {
        follow(execution[input](now(), ...values));
      } catch (error) {
        end();
        reject(error);
      }
    }

    function follow({ requests, events, wake_at_ms, outcome }) {
      const t_ms = Math.floor(now());
      for (const event of events) tell(onEvent, { t_ms, ...event });
      if (outcome) {
        end();
        resolve(outcome);
        return;
      }
      for (const request of requests) {
        send(fetch, request, over.signal).then(
          ({ status, headers, body }) => feed("respond", request.id, status, headers, body),
          // Whatever kept the answer from us: nobody knows whether it was done.
          (error) => feed("lose", request.id, reason(error)),
        );
      }
      clearTimeout(timer);
      const sleep_ms = wake_at_ms === null ? LONGEST_SLEEP_MS : wake_at_ms - now();
      timer = setTimeout(feed, Math.min(Math.max(Math.ceil(sleep_ms), 0), LONGEST_SLEEP_MS), "wake");
    }

    function end() {
      ended = true;
      clearTimeout(timer);
      // Nobody waits any more for what is held open.
      over.abort();
      signal?.removeEventListener("abort", abort);
      execution.free();
    }

    const abort = () => feed("abort");

    feed("begin");
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
  });
}

/** Who points the Machines API elsewhere does not mean Fly's own releases. */
function beside({ baseUrl }) {
  return baseUrl === undefined ? {} : { releasesUrl: baseUrl };
}

async function send(fetch, { method, url, headers, body, timeout_ms }, over) {
  const response = await fetch(url, {
    method,
    headers,
    body,
    // A redirect could carry the token to another host.
    redirect: "manual",
    credentials: "omit",
    cache: "no-store",
    signal: AbortSignal.any([over, AbortSignal.timeout(timeout_ms)]),
  });
  if (response.type === "opaqueredirect") throw new Error("redirected");
  return { status: response.status, headers: [...response.headers], body: new Uint8Array(await response.arrayBuffer()) };
}

/** What is behind an error: "fetch failed" alone helps nobody. */
function reason(error) {
  const cause = error?.cause;
  const behind = cause ? `: ${cause.message || cause.code}` : "";
  return `${error?.message ?? error}${behind}`;
}

/** A listener that throws must not end a deploy half way. */
function tell(onEvent, event) {
  try {
    onEvent(event);
  } catch (error) {
    console.error(error);
  }
}

/** Unique enough among the runs of one app. */
function newRun() {
  return Date.now().toString(36) + newSeed().toString(36);
}

function newSeed() {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

const LONGEST_SLEEP_MS = 60_000;
