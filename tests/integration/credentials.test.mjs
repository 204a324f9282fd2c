// Brokers that want a password, and wrong ones.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startBrokers } from './support/brokers.mjs';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { command } from './support/redis.mjs';
import { request } from './support/http.mjs';
import { SECRET } from './support/tokens.mjs';
import { until } from './support/wait.mjs';

const PASSWORD = 'pass word "with" $igns';

const brokers = await startBrokers(['redis']);
const made = await gateway({ brokers, edges: 0, relays: 0 });
await command(brokers.redis.port, ['CONFIG', 'SET', 'requirepass', PASSWORD]);

const notReady = (process) => until('not ready', async () =>
  (await request(`${process.opsUrl}/ready`)).status === 503);

test('without the password of Redis neither program is ready, and both say why', async (t) => {
  const processes = [await made.addRelay(), await made.addEdge()];
  for (const process of processes) {
    await until(`a line of ${process.program}`, () => /REDIS_PASSWORD/.test(process.log));
    await notReady(process);
    await process.stop();
  }
});

test('a wrong one is not repeated in the log', async (t) => {
  const processes = [await made.addRelay({ REDIS_PASSWORD: 'not-this-one' }),
    await made.addEdge({ REDIS_PASSWORD: 'not-this-one' })];
  for (const process of processes) {
    await until(`a line of ${process.program}`, () => /REDIS_PASSWORD/.test(process.log));
    await notReady(process);
    assert.doesNotMatch(process.log, /not-this-one/);
    await process.stop();
  }
});

test('a wrong password of RabbitMQ is said, not repeated, and tried again', async (t) => {
  const relay = await made.addRelay({
    REDIS_PASSWORD: PASSWORD, RABBITMQ_PASSWORD: 'not-this-one',
  });
  await until('a line about it', () => /RABBITMQ_(USER|PASSWORD)/.test(relay.log));
  await notReady(relay);
  assert.doesNotMatch(relay.log, /not-this-one/);
  assert.ok(relay.child.running);
  await relay.stop();
});

test('a virtual host that is not there is said', async (t) => {
  const relay = await made.addRelay({ REDIS_PASSWORD: PASSWORD, RABBITMQ_VHOST: '/nowhere' });
  await until('a line about it', () => /nowhere|RABBITMQ_VHOST/.test(relay.log));
  await notReady(relay);
  await relay.stop();
});

test('the right ones may come from files', async (t) => {
  const file = async (name, content) => {
    const path = join(brokers.dir, name);
    await writeFile(path, content);
    return path;
  };
  const REDIS_PASSWORD_FILE = await file('redis-password', `${PASSWORD}\n`);
  const RABBITMQ_PASSWORD_FILE = await file('rabbitmq-password', 'guest\r\n');
  const JWT_SECRET_FILE = await file('jwt-secret', SECRET);
  const relay = await made.addRelay({ REDIS_PASSWORD_FILE, RABBITMQ_PASSWORD_FILE });
  const edge = await made.addEdge({ REDIS_PASSWORD_FILE, JWT_SECRET: '', JWT_SECRET_FILE });
  await relay.ready();
  await edge.ready();
  const client = await connect(t, edge, { userId: 'u2' });
  await made.services.publish('booking.confirmed', { bookingId: 'b2', userId: 'u2' });
  assert.equal((await client.next('booking_update')).bookingId, 'b2');
  await relay.stop();
  await edge.stop();
  assert.ok(!(relay.log + edge.log).includes(PASSWORD));
  assert.ok(!(relay.log + edge.log).includes(SECRET));
});

test('with the right ones an event arrives', async (t) => {
  const relay = await made.addRelay({ REDIS_PASSWORD: PASSWORD });
  const edge = await made.addEdge({ REDIS_PASSWORD: PASSWORD });
  await relay.ready();
  await edge.ready();
  const client = await connect(t, edge, { userId: 'u1' });
  await made.services.publish('booking.confirmed', { bookingId: 'b1', userId: 'u1' });
  assert.equal((await client.next('booking_update')).bookingId, 'b1');
  assert.ok(!(relay.log + edge.log).includes(PASSWORD));
});
