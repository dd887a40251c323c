// Tells screen readers what changed, once things are quiet: typing is not interrupted.

const QUIET_MS = 700;

/** `about(topic)` gives a `say(text)`; a later text on a topic replaces one not yet said. */
export function makeAnnouncer(region) {
  const pending = new Map();
  const said = new Map();
  let timer;

  function flush() {
    const fresh = [...pending].filter(([topic, text]) => said.get(topic) !== text);
    pending.clear();
    if (fresh.length === 0) return;
    for (const [topic, text] of fresh) said.set(topic, text);
    region.textContent = fresh.map(([, text]) => text).join(" ");
  }

  return {
    about: (topic) => (text) => {
      pending.set(topic, text);
      clearTimeout(timer);
      timer = setTimeout(flush, QUIET_MS);
    },
  };
}
