// Limits of time. A machine that stands still makes a time longer and never shorter: what was within
// its limit once, is within it. What is always too slow is so three times.
import assert from 'node:assert/strict';
import { PATIENCE_MS, until } from './wait.mjs';

const TRIES = 3;

// Calls `measure`, which returns ms, until they are within the limit. Returns all of them.
export async function assertOnceWithin(limit, measure) {
  const times = [];
  do {
    assert.ok(times.length < TRIES, `${times.join(', ')} ms, and ${limit} ms are the limit`);
    times.push(Math.round(await measure()));
  } while (times.at(-1) > limit);
  return times;
}

// How long it takes until `probe` returns something truthy, in ms.
export async function timeUntil(what, probe, ms = PATIENCE_MS) {
  const began = performance.now();
  await until(what, probe, ms);
  return performance.now() - began;
}
