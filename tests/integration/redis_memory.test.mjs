// The log in Redis keeps within its bytes, and a Redis that is full is told as what it is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBrokers } from './support/brokers.mjs';
import { connect, newConversation } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { assertOnceWithin, timeUntil } from './support/limits.mjs';
import { command } from './support/redis.mjs';
import { until } from './support/wait.mjs';

const MB = 1024 * 1024;
const LIMIT = 4 * MB;

const brokers = await startBrokers(['redis']);
const { edge, relay, services } = await gateway({ brokers });

const redis = (...args) => command(brokers.redis.port, args);
const readiness = (process) => request(`${process.opsUrl}/ready`);
const bytesOfLog = () => redis('MEMORY', 'USAGE', 'ws:log:{0}', 'SAMPLES', '0');
const bytesUsed = async () =>
  Number(/used_memory:(\d+)/.exec(await redis('INFO', 'memory'))[1]);

// Publishes numbered events of `size(number)` bytes, which all arrive in order.
async function flow(t, count, size) {
  const room = newConversation();
  const client = await connect(t, edge, { userId: 'u1' });
  await client.join('conversation', room.id);
  for (let first = 0; first < count; first += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, i) => services.publish('message.sent',
      { conversationId: room.id, message: first + i, senderId: 'x'.repeat(size(first + i)) },
      { messageId: `${room.id}-${first + i}` })));
    await until('what was sent', () => client.all('new_message').length === first + 100);
  }
  assert.deepEqual(client.all('new_message').map(({ message }) => message),
    Array.from({ length: count }, (_, i) => i));
  assert.deepEqual(client.disconnects, []);
}

const SIZES = [
  ['large events', () => 10_000],
  ['small ones, then large ones', (number) => (number < 1000 ? 300 : 10_000)],
  ['one very large one among many', (number) => (number % 100 === 50 ? 500_000 : 1000)],
];

test('LOG_MAX_BYTES', async (t) => {
  await relay.stop();
  relay.env.LOG_MAX_BYTES = String(LIMIT);
  await relay.start();
  await relay.ready();
  for (const [name, size] of SIZES) {
    await t.test(`${name}: the log stays within its bytes`, async (row) => {
      await flow(row, 2000, size);
      const bytes = await bytesOfLog();
      row.diagnostic(`${bytes} bytes, ${await redis('XLEN', 'ws:log:{0}')} entries`);
      assert.ok(bytes < LIMIT * 1.1, `${bytes} bytes`);
      assert.ok(bytes > LIMIT / 2, `${bytes} bytes: more was trimmed than had to be`);
    });
  }
  assert.ok(await relay.metric('ws_relay_log_trimmed_total') > 0);
});

test('a log that fills Redis makes room: events go on, and a line says why', async (t) => {
  await relay.stop();
  delete relay.env.LOG_MAX_BYTES;
  await redis('FLUSHALL');
  await relay.start();
  await Promise.all([relay.ready(), edge.ready()]);
  await redis('CONFIG', 'SET', 'maxmemory', String(24 * MB));
  await flow(t, 4000, () => 10_000);
  const [line] = await relay.logs(/Redis is out of memory; the oldest events .* trimmed=\d+ .* LOG_MAX_BYTES/);
  t.diagnostic(line);
  await until('readiness', async () => (await readiness(relay)).status === 200);
});

test('idle, with Redis filled by others: not ready, in words; edges stay; over when it is', async (t) => {
  const client = await connect(t, edge, { userId: 'u1' });
  const connects = await edge.metric('ws_edge_redis_connects_total');
  await redis('CONFIG', 'SET', 'maxmemory', '0');
  await redis('FLUSHALL');
  await redis('SET', 'filling', 'x'.repeat(8 * MB));
  await redis('CONFIG', 'SET', 'maxmemory', String(4 * MB));
  await until('not ready', async () => (await readiness(relay)).status === 503, 4000);
  assert.match((await readiness(relay)).body, /out of memory/);
  await services.publish('booking.confirmed', { bookingId: 'b1', userId: 'u1' });
  await relay.logs(/what=Redis reason=\\"OOM .*check maxmemory of Redis/);
  await edge.logs(/Redis refuses commands.*OOM/);
  assert.equal((await readiness(edge)).status, 200);
  assert.equal(await edge.metric('ws_edge_redis_connects_total'), connects);
  assert.deepEqual(client.all('booking_update'), []);
  await redis('DEL', 'filling');
  assert.equal((await client.next('booking_update')).bookingId, 'b1');
  await until('readiness', async () => (await readiness(relay)).status === 200);
  assert.ok(await bytesUsed() < 4 * MB);
});

test('Redis that cannot save: not ready, in words; edges stay; over when it is', async () => {
  const connects = await edge.metric('ws_edge_redis_connects_total');
  await assertOnceWithin(4000, async () => {
    // Too few replicas refuse writes as a failed save does, and can be had at will.
    await redis('CONFIG', 'SET', 'min-replicas-to-write', '1');
    const ms = await timeUntil('not ready', async () => (await readiness(relay)).status === 503);
    assert.match((await readiness(relay)).body, /refuses writes/);
    assert.equal((await readiness(edge)).status, 200);
    assert.equal(await edge.metric('ws_edge_redis_connects_total'), connects);
    await redis('CONFIG', 'SET', 'min-replicas-to-write', '0');
    await until('readiness', async () => (await readiness(relay)).status === 200);
    return ms;
  });
});
