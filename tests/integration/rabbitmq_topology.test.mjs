// RabbitMQ as others have set it up: what exists is used as it is, and what is amiss in one place
// leaves the rest alone.
// Begins early: RabbitMQ takes a while to start.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import amqp from 'amqplib';
import { DEAD_LETTERS, QUEUES, startBrokers } from './support/brokers.mjs';
import { connect } from './support/clients.mjs';
import { assertFlowSurvives } from './support/flow.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { until } from './support/wait.mjs';

const EXCHANGE = 'hometrip_events';
const BOOKINGS = 'websocket.booking.confirmed';
const ROUND_MS = 45_000; // everything is looked at again within 30 s

const brokers = await startBrokers(['rabbitmq']);
const made = await gateway({ brokers });
const { edge, services } = made;
await made.relay.stop();

const { connection } = services;
const channel = await connection.createChannel();

const readiness = (relay) => request(`${relay.opsUrl}/ready`);
const ctl = (command) => promisify(execFile)('/bin/sh',
  ['-c', `${brokers.rabbitmq.environment} /usr/lib/rabbitmq/bin/rabbitmqctl -q ${command}`]);

async function deleteAll() {
  for (const queue of [...QUEUES, DEAD_LETTERS]) await channel.deleteQueue(queue);
}

// A relay for one test, on queues that the test has made.
async function relayOn(t, env = {}) {
  const relay = await made.addRelay(env);
  t.after(() => relay.stop());
  await relay.ready();
  return relay;
}

async function active(...relays) {
  return until('one that is active', async () => {
    for (const relay of relays) {
      if (relay.child.running && (await readiness(relay)).body.startsWith('ok (active)')) return relay;
    }
    return undefined;
  });
}

async function assertBookingsArrive(t, userId) {
  const client = await connect(t, edge, { userId });
  await services.publish('booking.confirmed', { bookingId: 'b1', userId });
  assert.equal((await client.next('booking_update', ROUND_MS)).bookingId, 'b1');
}

// What is published while the active relay is killed comes once and in order.
const assertOrderThroughTakeover = (t, room, relays) =>
  assertFlowSurvives(t, made, room, async () => (await active(...relays)).kill());

async function assertOneIsActive(relays) {
  const lines = [];
  for (let i = 0; i < 30; i++) {
    const bodies = await Promise.all(relays.map(async (relay) => (await readiness(relay)).body));
    lines.push(bodies.sort().join(' | '));
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  assert.deepEqual([...new Set(lines)], ['ok (active) | ok (standby)']);
  for (const relay of relays) assert.equal(await relay.metric('ws_relay_superseded_total'), 0);
}

test('quorum queues without arguments of ours: one relay works, order holds', async (t) => {
  await deleteAll();
  for (const queue of QUEUES) {
    await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  }
  const relays = [await relayOn(t), await relayOn(t)];
  await active(...relays);
  await assertOneIsActive(relays);
  await assertOrderThroughTakeover(t, 'plain-quorum', relays);
});

for (const round of [1, 2, 3, 4]) {
  test(`relays that come at the same moment to shared quorum queues, ${round}`, async (t) => {
    const relays = await Promise.all([made.addRelay(), made.addRelay(), made.addRelay()]);
    t.after(() => Promise.all(relays.map((relay) => relay.stop())));
    await Promise.all(relays.map((relay) => relay.ready()));
    await active(...relays);
    await until('one consumer', async () =>
      (await channel.checkQueue(QUEUES[0])).consumerCount === 1);
    for (const relay of relays) assert.equal(await relay.metric('ws_relay_superseded_total'), 0);
  });
}

test('RABBITMQ_QUEUE_TYPE=quorum: created with a single active consumer', async (t) => {
  await deleteAll();
  const env = { RABBITMQ_QUEUE_TYPE: 'quorum' };
  const relays = [await relayOn(t, env), await relayOn(t, env)];
  await active(...relays);
  for (const queue of QUEUES) {
    await channel.assertQueue(queue, { durable: true,
      arguments: { 'x-queue-type': 'quorum', 'x-single-active-consumer': true } });
  }
  await assertOneIsActive(relays);
  await assertOrderThroughTakeover(t, 'own-quorum', relays);
});

test('what is missing is created as classic, whatever the default is', async (t) => {
  await deleteAll();
  await relayOn(t);
  for (const queue of QUEUES) {
    await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'classic' } });
  }
});

for (const [name, foreign] of [
  ['a time to live', { 'x-message-ttl': 600_000 }],
  ['a maximum length', { 'x-max-length': 100_000 }],
  ['priorities', { 'x-max-priority': 5 }],
  ['a single active consumer', { 'x-single-active-consumer': true }],
  ['a dead-letter exchange', { 'x-dead-letter-exchange': 'amq.fanout' }],
]) {
  test(`a queue with ${name}: it is consumed, as are the others`, async (t) => {
    await deleteAll();
    await channel.assertQueue(BOOKINGS, { durable: true, arguments: foreign });
    await channel.assertQueue(DEAD_LETTERS, { durable: true, arguments: { 'x-message-ttl': 600_000 } });
    const relay = await relayOn(t);
    await assertBookingsArrive(t, 'foreign');
    await services.publish('message.sent', 'not json');
    await until('a letter', async () => (await services.waiting(DEAD_LETTERS)) === 1);
    assert.equal((await readiness(relay)).body, 'ok (active)');
  });
}

test('an exchange with other arguments is used as it is', async (t) => {
  await deleteAll();
  const other = await connection.createChannel();
  await other.deleteExchange('hometrip');
  await other.assertExchange('hometrip', 'topic', { durable: true, alternateExchange: 'amq.fanout' });
  t.after(() => other.deleteExchange('hometrip'));
  const relay = await relayOn(t);
  assert.equal((await readiness(relay)).body, 'ok (active)');
  await assertBookingsArrive(t, 'exchange');
});

test('a queue that is another\'s: the others flow, it is said, and it heals', async (t) => {
  await deleteAll();
  const owner = await amqp.connect(brokers.rabbitmq.url);
  await (await owner.createChannel()).assertQueue(BOOKINGS, { durable: true, exclusive: true });
  const relay = await relayOn(t);
  const client = await connect(t, edge, { userId: 'u1' });
  await client.join('conversation', 'others');
  await services.publish('message.sent', { conversationId: 'others', message: 'flows' });
  assert.equal((await client.next('new_message')).message, 'flows');

  const { status, body } = await readiness(relay);
  assert.equal(status, 200);
  assert.match(body, /^ok \(active\), degraded: 1 of 3 queues cannot be consumed: websocket\.booking\.confirmed/);
  assert.equal(await relay.metric('ws_relay_routes_left_out'), 1);
  await relay.logs(new RegExp(BOOKINGS));
  const lines = relay.logLines().filter(({ level, message }) =>
    level === 'warn' && message.includes(BOOKINGS));
  assert.equal(lines.length, 1, JSON.stringify(lines));

  await owner.close();
  await until('a relay that is whole', async () =>
    (await readiness(relay)).body === 'ok (active)', ROUND_MS * 2);
  await assertBookingsArrive(t, 'healed');
});

test('an exchange that was deleted and made anew, a queue that was deleted', async (t) => {
  await deleteAll();
  const relay = await relayOn(t);
  await assertBookingsArrive(t, 'before');
  const other = await connection.createChannel();
  await other.deleteExchange(EXCHANGE);
  await other.assertExchange(EXCHANGE, 'topic', { durable: true });
  const client = await connect(t, edge, { userId: 'anew' });
  await until('events', async () => {
    await services.publish('booking.confirmed', { bookingId: 'b', userId: 'anew' });
    return client.all('booking_update').length > 0;
  }, ROUND_MS);
  await other.deleteQueue(BOOKINGS);
  await relay.ready();
  await until('events after the queue was deleted', async () => {
    const before = client.all('booking_update').length;
    await services.publish('booking.confirmed', { bookingId: 'b', userId: 'anew' });
    await new Promise((resolve) => { setTimeout(resolve, 100); });
    return client.all('booking_update').length > before;
  });
});

test('a user who may not configure, but all is there', async (t) => {
  await deleteAll();
  for (const queue of [...QUEUES, DEAD_LETTERS]) await channel.assertQueue(queue, { durable: true });
  await ctl('add_user reader secret');
  await ctl("set_permissions reader '^$' '.*' '.*'");
  const relay = await relayOn(t, { RABBITMQ_USER: 'reader', RABBITMQ_PASSWORD: 'secret' });
  await assertBookingsArrive(t, 'reader');
  assert.equal((await readiness(relay)).body, 'ok (active)');
});

test('a user who may not read one queue: the others flow', async (t) => {
  await ctl("set_permissions reader '^$' '.*' '^(?!websocket.booking).*$'");
  const relay = await relayOn(t, { RABBITMQ_USER: 'reader', RABBITMQ_PASSWORD: 'secret' });
  const client = await connect(t, edge, { userId: 'u1' });
  await client.join('conversation', 'rights');
  await services.publish('message.sent', { conversationId: 'rights', message: 'flows' });
  assert.equal((await client.next('new_message')).message, 'flows');
  assert.match((await readiness(relay)).body, /degraded: 1 of 3 queues cannot be consumed/);
  await relay.logs(/cannot consume from queue websocket\.booking\.confirmed.*grant RABBITMQ_USER read/);
});
