// The HTTP API: whose an Idempotency-Key is while its event is at work.
import assert from 'node:assert/strict';
import { connect as dial, createServer } from 'node:net';
import { after, test } from 'node:test';
import { Api, apiSettings } from './support/api.mjs';
import { sharedBrokers } from './support/brokers.mjs';
import { gateway } from './support/gateway.mjs';
import { command } from './support/redis.mjs';
import { until } from './support/wait.mjs';

const LEASE_MS = 60_000; // longer than that of an event whose confirm may come in time

// In front of RabbitMQ: what it says to whoever calls itself the HTTP API is held back while `held` is
// a list.
let held = null;
let confirmed = false; // what is held back has a confirm
const CONFIRM = Buffer.from([0, 60, 0, 80]); // basic.ack
const ends = new Set(); // of connections of the API
const proxy = createServer((client) => {
  const server = dial(sharedBrokers().rabbitmq.port, '127.0.0.1');
  client.on('data', (bytes) => {
    if (bytes.includes('websocket-gateway relay, HTTP API')) ends.add(client);
    server.write(bytes);
  });
  server.on('data', (bytes) => {
    if (held && ends.has(client)) {
      confirmed ||= bytes.includes(CONFIRM);
      held.push(() => client.write(bytes));
    } else {
      client.write(bytes);
    }
  });
  for (const [one, other] of [[client, server], [server, client]]) {
    one.on('error', () => {});
    one.on('close', () => { ends.delete(one); other.destroy(); });
  }
});
await new Promise((resolve) => { proxy.listen(0, '127.0.0.1', resolve); });
after(() => proxy.close());

const settings = { ...await apiSettings(), RABBITMQ_PORT: String(proxy.address().port) };
const made = await gateway({ relayEnv: { ...settings, API_PUBLISH_TIMEOUT: '30000' } });
const api = await Api.of(made.relay);

const redis = (...args) => command(sharedBrokers().redis.port, args);
const record = (key) => redis('GET', `ws:event:${key}`);
const publish = async (key, to = api) => {
  const { status, json } = await to.publish('booking.confirmed',
    { userId: 'u1', bookingId: 'b1' }, { 'Idempotency-Key': key });
  return status === 202 ? '202' : `${status} ${json().error.code}`;
};

function hold() {
  held = [];
  confirmed = false;
}

function release() {
  const writes = held;
  held = null;
  for (const write of writes) write();
}

function breakOff() {
  held = null;
  for (const end of ends) end.destroy();
}

// Begins to publish an event, and resolves when Redis has its key and RabbitMQ the event: with {answer,
// mine}.
async function begin(key) {
  assert.match(await publish('warm'), /^202$/); // the connection is there
  hold();
  const answer = publish(key);
  const mine = await until('the key', () => record(key));
  assert.match(mine, /^b \S{22} \S+ booking\.confirmed$/);
  await until('the confirm', () => confirmed);
  return { answer, mine };
}

const ofAnother = (mine) => mine.replace(/^b \S+/, `b ${'x'.repeat(22)}`);

test('a request that fails frees its own key', async () => {
  const { answer } = await begin('own');
  breakOff();
  assert.equal(await answer, '504 unconfirmed');
  assert.equal(await record('own'), null);
  await until('RabbitMQ', async () => await publish('own') === '202');
});

test('and not one that another request has taken since', async () => {
  const { answer, mine } = await begin('taken');
  await redis('SET', 'ws:event:taken', ofAnother(mine));
  breakOff();
  assert.equal(await answer, '504 unconfirmed');
  assert.equal(await record('taken'), ofAnother(mine));
  assert.equal(await publish('taken'), '409 in_progress');
  await until('RabbitMQ', async () => await publish('again') === '202');
});

test('a request that is done says so for the same event', async () => {
  const { answer, mine } = await begin('same');
  await redis('SET', 'ws:event:same', ofAnother(mine));
  release();
  assert.equal(await answer, '202');
  assert.equal(await record('same'), mine.replace(/^b \S+/, 'd'));
});

for (const other of ['b x another event', 'd another event']) {
  test(`and not for another event under its key: ${other}`, async () => {
    const key = `another-${other[0]}`;
    const { answer } = await begin(key);
    await redis('SET', `ws:event:${key}`, other);
    release();
    assert.equal(await answer, '202');
    assert.equal(await record(key), other);
  });
}

test('a key whose event is not confirmed stays taken for longer', async () => {
  const relay = await made.addRelay({ ...settings, API_PUBLISH_TIMEOUT: '500' });
  const hasty = await Api.of(relay);
  await until('the connection', async () => await publish('warm-2', hasty) === '202');
  hold();
  assert.equal(await publish('late', hasty), '504 unconfirmed');
  await until('a longer lease', async () => await redis('PTTL', 'ws:event:late') > LEASE_MS, 8000);
  release();
  await until('the confirm', async () => (await record('late'))?.startsWith('d '));
});
