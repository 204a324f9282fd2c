// The HTTP API while Redis stands still: what needs Redis is refused in bounded time, and what does not
// need it is done as always.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Api, apiSettings } from './support/api.mjs';
import { startBrokers } from './support/brokers.mjs';
import { gateway } from './support/gateway.mjs';
import { until } from './support/wait.mjs';

const PLACES = 64;
const PLAIN_MS = 8000; // 2 s that a name waits, looked at each second
const REFUSED_MS = 15_000; // 2 s, and 5 s that Redis is waited for

const brokers = await startBrokers(['redis']);
const made = await gateway({
  brokers,
  relayEnv: { ...await apiSettings(), API_RATE_LIMIT: '0', API_MAX_CONNECTIONS: String(PLACES) },
});
const api = await Api.of(made.relay);

const codeOf = ({ status, json }) => (status < 300 ? String(status) : `${status} ${json().error.code}`);

let count = 0;
// Resolves with 'closed' if there is no place for the request.
async function publish(headers) {
  count++;
  return api.publish('booking.confirmed', { userId: 'u1', bookingId: `b${count}` }, headers)
    .then(codeOf, ({ code }) => (code === 'ECONNRESET' ? 'closed' : code));
}
const named = () => publish({ 'Idempotency-Key': `key-${count}` });

async function timed(what) {
  const began = performance.now();
  return { answer: await what(), ms: performance.now() - began };
}

test('every place is taken by events with a name, and plain ones are published all the same', async (t) => {
  for (let i = 0; i < 4; i++) assert.equal(await named(), '202');
  brokers.redis.child.signal('SIGSTOP');
  t.after(() => brokers.redis.child.signal('SIGCONT'));

  const burst = Array.from({ length: PLACES }, () => timed(named));
  await until('a plain event', async () => await publish() === '202', PLAIN_MS);
  const command = timed(async () => codeOf(await api.command('u1', 'disconnect')));
  const answers = await Promise.all(burst);
  for (const { ms } of answers) assert.ok(ms < REFUSED_MS, `${ms} ms`);
  const closed = answers.filter((each) => each.answer === 'closed').length;
  const refused = answers.filter((each) => each.answer === '503 idempotency_unavailable').length;
  assert.equal(closed + refused, PLACES, JSON.stringify(answers));
  assert.ok(refused > PLACES / 2, `${refused}`);
  t.diagnostic(`the last was refused after ${Math.round(Math.max(...answers.map((each) => each.ms)))} ms`);
  const { answer, ms } = await command;
  assert.match(answer, /^503 command_(failed|not_begun)$/);
  assert.ok(ms < REFUSED_MS, `${ms} ms`);

  brokers.redis.child.signal('SIGCONT');
  await until('a name', async () => await named() === '202', 30_000);
});
