// tests/echo-server of the build under test: the bare protocol library without the gateway.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { Child } from './child.mjs';
import { built } from './gateway.mjs';
import { request } from './http.mjs';
import { freePort } from './ports.mjs';
import { Hopeless, until } from './wait.mjs';

// Heartbeats in ms: so seldom that no test lives to see one, whatever it waits for; and for tests of
// heartbeats, often, but with time for a machine that stands still.
export const SELDOM = { interval: 60_000, timeout: 60_000 };
export const OFTEN = { interval: 300, timeout: 3000 };

// The longest that a session lives that answers no heartbeat.
export const lifeOf = ({ interval, timeout }) => interval + timeout;

export const MAX_PAYLOAD = 100_000;

// Starts one for this test file and ends it after the last test; returns its URL.
export async function echoServer({ heartbeats = SELDOM, options = [] } = {}) {
  const port = await freePort();
  const child = new Child(built('tests/echo-server'), ['--port', String(port),
    '--ping-interval', String(heartbeats.interval), '--ping-timeout', String(heartbeats.timeout),
    '--max-payload', String(MAX_PAYLOAD), ...options], { name: 'echo-server' });
  after(async () => {
    const running = child.running;
    const status = await child.stop();
    assert.ok(running, `echo-server ended by itself:\n${child.output}`);
    assert.deepEqual(status, { code: 0, signal: null }, child.output);
    assert.doesNotMatch(child.stderr, /Sanitizer|runtime error:/);
  });
  const url = `http://127.0.0.1:${port}`;
  await until('echo-server', async () => {
    if (!child.running) throw new Hopeless(child.output);
    return (await request(`${url}/engine.io/?EIO=4&transport=polling`)).status === 200;
  });
  return url;
}
