// Which clients get a pid and offsets, and that nobody else gets anything new.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Child } from './support/child.mjs';
import { RawWebSocket, webSocketUrl } from './support/engineio.mjs';
import { gateway } from './support/gateway.mjs';
import { command } from './support/redis.mjs';
import { token } from './support/tokens.mjs';
import { until, within } from './support/wait.mjs';

const io2 = createRequire(import.meta.url)('socket.io-client-v2');
const PYTHON = process.env.PYTHON ?? '/usr/bin/python3';
const SCRIPT = fileURLToPath(new URL('python/arguments.py', import.meta.url));

const made = await gateway();
const { edge, services } = made;
const all = await made.addEdge({ RECOVERY_CLIENTS: 'all' });
const asked = await made.addEdge({ RECOVERY_CLIENTS: 'asked' });
const none = await made.addEdge({ RECOVERY_WINDOW: '0' });
await made.ready();

const booking = () => services.publish('booking.confirmed', { bookingId: 'b1', userId: 'u1' });

for (const kind of ['sync', 'async']) {
  for (const transport of ['websocket', 'polling']) {
    test(`python3-socketio, ${kind} over ${transport}: handlers get one argument`, async (t) => {
      const child = new Child(PYTHON, [SCRIPT, kind, edge.url, transport, token({ id: 'u1' })],
        { name: 'arguments.py' });
      t.after(() => child.kill());
      await until('the client', () => child.stdout.includes('connected'));
      await booking();
      assert.deepEqual(await within('its end', child.exited), { code: 0, signal: null },
        child.output);
      for (const [, args] of child.stdout.trim().split('\n').map((line) => JSON.parse(line))) {
        assert.equal(args.length, 1, child.output);
      }
    });
  }
}

test('Engine.IO 3: no pid, one argument', async (t) => {
  const socket = io2(edge.url, { query: { token: token({ id: 'u1' }) }, transports: ['websocket'],
    forceNew: true });
  t.after(() => socket.close());
  const connected = await within('connected', new Promise((done) => {
    socket.on('connected', (...args) => done(args));
  }));
  assert.equal(connected.length, 1);
  const heard = new Promise((done) => { socket.on('booking_update', (...args) => done(args)); });
  await booking();
  assert.equal((await within('the event', heard)).length, 1);
});

// What comes over the wire when a client connects by hand: the reply, and an event.
async function wire(t, which, { query = '', headers } = {}) {
  const raw = new RawWebSocket(webSocketUrl(which.url) + query, { headers });
  t.after(() => raw.close());
  await raw.nextFor('0');
  raw.send(`40${JSON.stringify({ token: token({ id: 'u1' }) })}`);
  const reply = await raw.nextFor('40');
  await raw.nextFor('42["connected"');
  await booking();
  return { reply, event: await raw.nextFor('42["booking_update"') };
}

const RECOVERABLE = { reply: /^40\{"sid":"[\w-]{20}","pid":"[\w-]{22}"\}$/,
  event: /^42\["booking_update",\{[^}]*\},"[0-9A-Z_a-z~]{8,12}"\]$/ };
const PLAIN = { reply: /^40\{"sid":"[\w-]{20}"\}$/, event: /^42\["booking_update",\{[^}]*\}\]$/ };

const dart = { 'User-Agent': 'Dart/3.5 (dart:io)' };
describe('on the wire', () => {
  for (const [name, which, options, expected] of [
    ['a JavaScript client', edge, { query: '&t=Pfx1abc' }, RECOVERABLE],
    ['one that says nothing of itself', edge, {}, RECOVERABLE],
    ['recovery=0', edge, { query: '&recovery=0' }, PLAIN],
    ["python's time", edge, { query: '&t=1764194400.25' }, PLAIN],
    ["python's time, but recovery=1", edge, { query: '&t=1764194400.25&recovery=1' }, RECOVERABLE],
    ['a time with two dots', edge, { query: '&t=1.2.3' }, RECOVERABLE],
    ['Dart', edge, { headers: dart }, PLAIN],
    ['Dart, but recovery=1', edge, { headers: dart, query: '&recovery=1' }, RECOVERABLE],
    ['all: Dart too', all, { headers: dart }, RECOVERABLE],
    ['all: not with recovery=0', all, { query: '&recovery=0' }, PLAIN],
    ['asked: nobody by itself', asked, { query: '&t=Pfx1abc' }, PLAIN],
    ['asked: recovery=1', asked, { query: '&recovery=1' }, RECOVERABLE],
    ['RECOVERY_WINDOW=0', none, { query: '&recovery=1' }, PLAIN],
  ]) {
    test(name, async (t) => {
      const { reply, event } = await wire(t, which, options);
      assert.match(reply, expected.reply);
      assert.match(event, expected.event);
    });
  }
});

test('RECOVERY_WINDOW=0 leaves nothing in Redis', async (t) => {
  const { port } = made.brokers.redis;
  await command(port, ['FLUSHDB']);
  await wire(t, none);
  const keys = await command(port, ['KEYS', 'ws:session:*']);
  assert.deepEqual(keys, []);
  assert.deepEqual((await command(port, ['PUBSUB', 'CHANNELS', 'ws:edge:*'])).length, 3);
});
