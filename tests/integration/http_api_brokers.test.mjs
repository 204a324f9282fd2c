// The HTTP API while RabbitMQ takes nothing: clear answers in bounded time, and nothing that was
// answered with 202 is lost.
// Begins early: RabbitMQ takes a while to start.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Api, apiSettings } from './support/api.mjs';
import { startBrokers } from './support/brokers.mjs';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { until } from './support/wait.mjs';

const TIMEOUT_MS = 1000;
const brokers = await startBrokers(['rabbitmq']);
const made = await gateway({
  brokers,
  relayEnv: {
    ...await apiSettings(), API_PUBLISH_TIMEOUT: String(TIMEOUT_MS), API_RATE_LIMIT: '0',
    RABBITMQ_EXCHANGES: 'events',
  },
});
const api = await Api.of(made.relay);

let count = 0;
const taken = [];

// Publishes the next numbered event and returns the code of its answer.
function publish() {
  return send(`b${count++}`);
}

async function send(bookingId, headers = {}) {
  const answer = await api.publish('booking.confirmed', { userId: 'u1', bookingId }, headers);
  if (answer.status === 202) taken.push(bookingId);
  return answer.status === 202 ? 'taken' : `${answer.status} ${answer.json().error.code}`;
}

const ctl = (...args) => promisify(execFile)('sh', ['-c',
  `${brokers.rabbitmq.environment} /usr/lib/rabbitmq/bin/rabbitmqctl ${args.join(' ')}`]);

test('a queue that is not bound, a memory alarm, a broker that is away', async (t) => {
  const client = await connect(t, made.edge, { userId: 'u1' });
  assert.equal(await publish(), 'taken');

  const { channel } = made.services;
  await until('an event that no queue wants', async () => { // the relay binds it again, now and then
    await channel.unbindQueue('websocket.booking.confirmed', 'events', 'booking.confirmed');
    return await publish() === '503 unroutable';
  });
  await channel.bindQueue('websocket.booking.confirmed', 'events', 'booking.confirmed');
  assert.equal(await publish(), 'taken');

  // The first event is what RabbitMQ tells this connection for that it is blocked.
  await ctl('set_vm_memory_high_watermark', 'absolute', '1MB');
  let number = 1000;
  const named = () => send(`b${number}`, { 'Idempotency-Key': `key-${number}` });
  const first = await until('the alarm', async () => {
    number++;
    const answer = await named();
    return answer !== 'taken' && answer;
  });
  assert.match(first, /^(504 unconfirmed|503 broker_blocked)$/);
  assert.equal(await publish(), '503 broker_blocked');
  assert.equal(await named(), first === '504 unconfirmed' ? '409 in_progress' : '503 broker_blocked');
  await ctl('set_vm_memory_high_watermark', 'absolute', '1GB');
  await until('the end of the alarm', async () => await named() === 'taken');
  assert.equal(await named(), 'taken');
  assert.equal(await publish(), 'taken');

  await brokers.rabbitmq.kill();
  assert.match(await publish(), /^(504 unconfirmed|503 broker_unavailable)$/);
  assert.equal(await publish(), '503 broker_unavailable');
  await brokers.rabbitmq.start();
  await until('RabbitMQ', async () => await publish() === 'taken', 30_000);

  const got = () => client.all('booking_update').map(({ bookingId }) => bookingId);
  await until('all that was taken', () => taken.every((id) => got().includes(id)), 30_000);
  // What was not confirmed may have been taken too. Nothing comes twice, or in another order.
  assert.deepEqual(got(), [...new Set(got())]);
  const numbered = got().filter((id) => id.length < 5);
  assert.deepEqual(numbered, numbered.toSorted((a, b) => a.slice(1) - b.slice(1)));
});
