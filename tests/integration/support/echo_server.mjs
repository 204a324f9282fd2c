// tests/echo-server of the build under test: the bare protocol library without the gateway.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { Child } from './child.mjs';
import { built } from './gateway.mjs';
import { request } from './http.mjs';
import { freePort } from './ports.mjs';
import { Hopeless, until } from './wait.mjs';

export const PING_INTERVAL = 300;
export const PING_TIMEOUT = 200;
export const MAX_PAYLOAD = 100_000;

// Starts one for this test file and ends it after the last test; returns its URL.
export async function echoServer(...options) {
  const port = await freePort();
  const child = new Child(built('tests/echo-server'), ['--port', String(port),
    '--ping-interval', String(PING_INTERVAL), '--ping-timeout', String(PING_TIMEOUT),
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
