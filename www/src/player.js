// Moves through the frames of a recording, by hand or with the clock. Knows frames only as times.

/** A pause longer than this in the run is shortened to it. */
const MAX_PAUSE_MS = 1200;

/** `onMove(at)` shows a frame; `onPlaying(is)` tells whether the clock runs. */
export function makePlayer({ onMove, onPlaying }) {
  let times = [];
  let at = 0;
  let speed = 1;
  let timer = null;

  function moveTo(next) {
    at = Math.max(0, Math.min(next, times.length - 1));
    onMove(at);
    if (at === times.length - 1) pause();
  }

  function pause() {
    clearTimeout(timer);
    timer = null;
    onPlaying(false);
  }

  function play() {
    if (times.length === 0) return;
    if (at === times.length - 1) moveTo(0);
    onPlaying(true);
    tick();
  }

  /** Frames of the same time, or nearer than the screen can show, are one move. */
  function tick() {
    const wait = Math.min((times[at + 1] - times[at]) / speed, MAX_PAUSE_MS);
    timer = setTimeout(() => {
      let next = at + 1;
      while (next + 1 < times.length && (times[next + 1] - times[at + 1]) / speed < 16) next += 1;
      moveTo(next);
      if (timer !== null) tick();
    }, wait);
  }

  return {
    load(next, from = 0) {
      if (timer !== null) pause();
      times = next;
      if (times.length > 0) moveTo(from);
    },
    toggle: () => (timer === null ? play() : pause()),
    play,
    isPlaying: () => timer !== null,
    step: (by) => {
      pause();
      moveTo(at + by);
    },
    seek: (to) => {
      pause();
      moveTo(to);
    },
    setSpeed: (next) => {
      speed = next;
    },
  };
}
