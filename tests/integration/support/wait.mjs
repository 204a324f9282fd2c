// Waiting for something to become true, with a deadline instead of a fixed sleep.
import { setTimeout as sleep } from 'node:timers/promises';

export { sleep };

// Everything is slower under the sanitizers, and any machine may stand still for seconds; a deadline
// only matters to a test that fails.
export const PATIENCE_MS = 30_000;

// Thrown by a probe that knows that waiting is in vain.
export class Hopeless extends Error {}

// Asks `probe` again and again until it returns something truthy, and returns that. A probe that
// throws counts as "not yet"; its last error is part of the message when time is up.
export async function until(what, probe, ms = PATIENCE_MS) {
  const deadline = Date.now() + ms;
  let last = '';
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
      last = '';
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      last = `: ${error.message}`;
    }
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms in vain for ${what}${last}`);
    await sleep(20);
  }
}

// The promise's value, or an error that says what was waited for.
export async function within(what, promise, ms = PATIENCE_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms in vain for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
