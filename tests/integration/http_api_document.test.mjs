// docs/openapi.yaml: the relay gives every answer that the document has, and no other (support/api.mjs
// compares each answer in all tests of the API).
import assert from 'node:assert/strict';
import { connect as dial, createServer } from 'node:net';
import { after, test } from 'node:test';
import { Api, apiSettings, presenceFile } from './support/api.mjs';
import { sharedBrokers } from './support/brokers.mjs';
import { gateway } from './support/gateway.mjs';
import { documented, seen } from './support/openapi.mjs';
import { freePorts } from './support/ports.mjs';
import { until } from './support/wait.mjs';

const EVENT = { userId: 'u1', bookingId: 'b' };
const [nowhere] = await freePorts(1);

// In front of RabbitMQ: whoever calls itself the HTTP API hears nothing more once `silent` is true.
let silent = false;
const proxy = createServer((client) => {
  const server = dial(sharedBrokers().rabbitmq.port, '127.0.0.1');
  let isOfApi = false;
  client.on('data', (bytes) => {
    isOfApi ||= bytes.includes('websocket-gateway relay, HTTP API');
    server.write(bytes);
  });
  server.on('data', (bytes) => { if (!isOfApi || !silent) client.write(bytes); });
  for (const [one, other] of [[client, server], [server, client]]) {
    one.on('error', () => {});
    one.on('close', () => other.destroy());
  }
});
await new Promise((resolve) => { proxy.listen(0, '127.0.0.1', resolve); });
after(() => proxy.close());

const GATEWAY_FILE = await presenceFile();
const settings = await apiSettings();
const made = await gateway({ env: { GATEWAY_FILE }, relayEnv: {
  ...settings, RABBITMQ_PORT: String(proxy.address().port), API_PUBLISH_TIMEOUT: '500' } });
const api = await Api.of(made.relay);

const USER = ['disconnect', 'revoke', 'leave'].map((what) => ['POST', `/v1/users/u1/${what}`,
  what === 'leave' ? { room: 'conversation:1' } : undefined]);
const PUBLISH = ['POST', '/v1/events/booking.confirmed', EVENT];
const INTO = ['POST', '/v1/events', { rooms: ['user:u1'], event: 'news', data: 1 }];
const READ_ONE = [['GET', '/v1/presence/users/u1'], ['GET', '/v1/presence/rooms/lobby:1']];
const READ_SEVERAL = [['POST', '/v1/presence/users', { users: ['u1'] }],
  ['POST', '/v1/presence/rooms', { rooms: ['lobby:1'] }]];
const ALL = [PUBLISH, INTO, ...USER, ['GET', '/v1/edges'], ...READ_ONE, ...READ_SEVERAL];

async function gives(status, asked, method, path, body, headers) {
  const answer = await asked.ask(method, path, body, headers);
  assert.equal(answer.status, status, `${method} ${path}: ${answer.body}`);
}

test('what is asked rightly', async () => {
  for (const [method, path, body] of ALL) {
    await gives(path.startsWith('/v1/events') ? 202 : 200, api, method, path, body);
  }
});

test('what is asked wrongly', async () => {
  for (const each of ALL) await gives(401, api.with('no such key'), ...each);
  for (const [method, path] of [PUBLISH, ...USER, ...READ_ONE]) {
    await gives(400, api, method, path.replace(/booking|u1|lobby/, '%zz'), method === 'GET' ? undefined : '{}');
  }
  for (const [method, path] of [PUBLISH, INTO, ...USER, ...READ_SEVERAL]) {
    await gives(411, api, method, path, '{}',
      { 'Content-Length': null, 'Transfer-Encoding': 'chunked' });
    await gives(413, api, method, path, undefined,
      { 'Content-Length': '99999999', 'Content-Type': 'application/json' });
    await gives(415, api, method, path, 'x', { 'Content-Type': 'text/plain' });
    if (!path.endsWith('disconnect')) await gives(422, api, method, path, '[]');
  }
  await gives(404, api, 'POST', '/v1/events/no.such.route', EVENT);
  const without = await Api.of(await made.addRelay({ ...settings, GATEWAY_FILE: '' }));
  for (const each of [INTO, ...READ_ONE, ...READ_SEVERAL]) await gives(404, without, ...each);
});

test('a key over its rate', async () => {
  const relay = await made.addRelay({ ...settings, API_RATE_LIMIT: '1', API_RATE_BURST: '1' });
  const limited = await Api.of(relay);
  // A request a second is let through.
  for (const each of ALL) {
    await until('429', async () => (await limited.ask(...each)).status === 429);
  }
});

test('brokers that are away', async () => {
  const relay = await made.addRelay({
    ...settings, RABBITMQ_PORT: String(nowhere), REDIS_PORT: String(nowhere) });
  const alone = await Api.of(relay);
  for (const each of ALL) await gives(503, alone, ...each);
  await gives(503, alone, ...PUBLISH, { 'Idempotency-Key': 'k' });
});

test('a RabbitMQ that does not confirm', async () => {
  silent = true;
  for (const [what, key] of [[PUBLISH, 'k2'], [INTO, 'k3']]) {
    const first = api.ask(...what, { 'Idempotency-Key': key });
    await until('409', async () =>
      (await api.ask(...what, { 'Idempotency-Key': key })).status === 409);
    const statuses = [(await first).status];
    statuses.push((await api.ask(...what)).status);
    assert.ok(statuses.includes(504), `${statuses}`);
  }
});

test('every answer of the document was seen', () => {
  assert.deepEqual(documented.filter((each) => !seen.has(each)), []);
});
