// Events larger than the relay's memory: noticed at their header, and in nobody's way.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { QUEUES } from './support/brokers.mjs';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { until } from './support/wait.mjs';

const MB = 1024 * 1024;
// The disk is not what is tested.
const MEMORY_ONLY = { headers: { tenant: 'eu' }, persistent: false };
const TOO_BIG = 'the body is over MAX_EVENT_BYTES';

// With sanitizers, memory that was given back stays in quarantine.
const made = await gateway({ relayEnv: { ASAN_OPTIONS: 'quarantine_size_mb=1' } });
const { edge, relay, services } = made;

// The most memory that the relay has ever had, in MB.
async function peak() {
  const status = await readFile(`/proc/${relay.child.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)[1]) / 1024;
}

async function grows(mostMb, act) {
  const before = await peak();
  await act();
  const grown = (await peak()) - before;
  assert.ok(grown < mostMb, `${grown.toFixed(1)} MB`);
}

async function client(t, room) {
  const user = await connect(t, edge, { userId: 'u1' });
  await user.join('conversation', room);
  return user;
}

const event = (room, message) => ({ conversationId: room, message });

async function assertExcerpt(body) {
  const { headers, message } = await services.deadLetter();
  assert.equal(headers['x-reason'], TOO_BIG);
  assert.equal(headers['x-original-size'], body.length);
  assert.equal(headers.tenant, 'eu');
  assert.ok(message.content.equals(body.subarray(0, 64 * 1024)));
}

test('100 MB: its beginning is put aside, what is behind it arrives', async (t) => {
  const user = await client(t, 'live');
  const body = Buffer.alloc(100 * MB, 'a');
  await grows(20, async () => {
    await services.publish('message.sent', body, MEMORY_ONLY);
    await services.publish('message.sent', event('live', 'next'));
    assert.equal((await user.next('new_message')).message, 'next');
  });
  await assertExcerpt(body);
  assert.ok((await relay.metric('ws_relay_received_bytes_total')) > body.length);
});

test('one that waits while the relay starts, before queues that are not consumed yet', async (t) => {
  const user = await client(t, 'start');
  const body = Buffer.alloc(100 * MB, 'b');
  await relay.stop();
  await services.publish('booking.confirmed', body, MEMORY_ONLY);
  await services.publish('message.sent', event('start', 'next'));
  await relay.start();
  await relay.ready();
  assert.equal((await user.next('new_message')).message, 'next');
  await assertExcerpt(body);
  t.diagnostic(`${await peak()} MB`);
  assert.ok((await peak()) < 120, `${await peak()} MB`);
});

test('a backlog larger than memory, of events that are not too large', async (t) => {
  const user = await client(t, 'backlog');
  const COUNT = 40;
  await relay.stop();
  for (let i = 0; i < COUNT; i++) {
    // Nobody is in that room, so that only the relay has to do with them.
    await services.publish('booking.confirmed',
      { userId: 'nobody', bookingId: i, status: 'x'.repeat(3 * MB) },
      MEMORY_ONLY);
  }
  await services.publish('message.sent', event('backlog', 'last'));
  await relay.start();
  await relay.ready();
  assert.equal((await user.next('new_message')).message, 'last');
  await until('an empty queue', async () => (await services.waiting(QUEUES[1])) === 0);
  await relay.logs(/consuming anew with a smaller prefetch/);
  t.diagnostic(`${await peak()} MB`);
  assert.ok((await peak()) < 160, `${await peak()} MB`);
});
