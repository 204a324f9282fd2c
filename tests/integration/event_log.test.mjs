// The log in Redis, which is the truth behind what edges deliver: every event once, in order,
// and every publication a copy of an entry.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { commandOptions, createClient } from 'redis';
import { assertNumbered } from './support/asserts.mjs';
import { publishFlow } from './support/flow.mjs';
import { gateway } from './support/gateway.mjs';
import { until } from './support/wait.mjs';

const { relay, brokers, services } = await gateway({ edges: 0 });

const redis = createClient({
  database: 1, socket: { host: '127.0.0.1', port: brokers.redis.port },
});
const subscriber = redis.duplicate();
after(() => Promise.all([redis.disconnect(), subscriber.disconnect()]));
await Promise.all([redis.connect(), subscriber.connect()]);
const published = [];
await subscriber.subscribe('ws:bus:{0}', (bytes) => published.push(bytes), true);

const STREAM = 'ws:log:{0}';

// Entries as {epoch, seq, bytes}.
async function entries() {
  const rows = await redis.xRange(commandOptions({ returnBuffers: true }), STREAM, '-', '+');
  return rows.map(({ id, message }) => {
    assert.deepEqual(Object.keys(message), ['e']);
    const [epoch, seq] = id.toString().split('-').map(Number);
    return { epoch, seq, bytes: message.e };
  });
}

const numberIn = (bytes) => Number(/"message":(\d+)/.exec(bytes.toString('latin1'))[1]);

test('positions count up from an epoch that is a time', async () => {
  await publishFlow(brokers, { room: 'log', count: 300, pause: 0 });
  const log = await until('all entries', async () => {
    const found = await entries();
    return found.length >= 300 && found;
  });
  assertNumbered(log.map(({ bytes }) => numberIn(bytes)), 300);
  assert.equal(new Set(log.map(({ epoch }) => epoch)).size, 1);
  assert.ok(Math.abs(log[0].epoch - Date.now()) < 60_000, `epoch ${log[0].epoch}`);
  assert.deepEqual(log.map(({ seq }) => seq), log.map((_, i) => log[0].seq + i));
});

test('what is published are the entries themselves', async () => {
  const log = await entries();
  await until('all publications', () => published.length >= log.length);
  assert.equal(published.length, log.length);
  assert.ok(published.every((bytes, i) => bytes.equals(log[i].bytes)));
});

test('killed over and over: each event once, in order, epochs rise', async () => {
  // In peace first, so that nothing of the test before is still to be acknowledged.
  await relay.stop();
  await redis.flushDb();
  await relay.start();
  let kills = 0;
  await publishFlow(brokers, {
    room: 'kills',
    count: 1200,
    pause: 3,
    disturb: async (number) => {
      if (number === 0 || number % 120 !== 0) return;
      await until('events in the log', async () => (await redis.xLen(STREAM)) > 0);
      kills += 1;
      await relay.kill();
      await relay.start();
    },
  });
  assert.equal(kills, 9);
  await until('all entries', async () => (await redis.xLen(STREAM)) >= 1200);
  const log = await entries();
  assertNumbered(log.map(({ bytes }) => numberIn(bytes)), 1200);
  const epochs = [...new Set(log.map(({ epoch }) => epoch))];
  assert.deepEqual(epochs, [...epochs].sort((a, b) => a - b));
});

test('a message-id makes no two events of one', async () => {
  const before = await redis.xLen(STREAM);
  for (let i = 0; i < 3; i++) {
    await services.publish('message.sent', { conversationId: 'same', message: i },
      { messageId: 'always-the-same' });
  }
  await until('three entries', async () => (await redis.xLen(STREAM)) === before + 3);
});
