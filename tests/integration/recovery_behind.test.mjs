// A client comes to an edge that has not got as far as the one that it left.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, newConversation } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { Line } from './support/line.mjs';
import { command } from './support/redis.mjs';
import { RedisLine } from './support/redis_line.mjs';
import { Traveller, say } from './support/traveller.mjs';
import { until } from './support/wait.mjs';

const BUS = 'ws:bus:{0}';
const made = await gateway();
const { edge: here, services } = made;

// An edge whose publications can be held up, and whose log cannot be asked for better: without
// heartbeats it does not know that it is behind.
async function lagging(t) {
  const redis = await RedisLine.to(t, made.brokers.redis.port);
  const behind = await made.addEdge({ REDIS_PORT: String(redis.port) });
  await behind.ready();
  const hold = (ms) => {
    redis.delay(BUS, ms);
    redis.delay('ws:control', ms);
  };
  return { behind, hold };
}

async function scene(t) {
  const { behind, hold } = await lagging(t);
  const room = newConversation();
  const line = await Line.to(t, here);
  const traveller = await Traveller.connect(t, line, { userId: `u-${room.id}` });
  await traveller.join('conversation', room.id);
  const watcher = await connect(t, here, { userId: 'watcher' });
  await watcher.join('conversation', room.id);
  return { behind, hold, room, line, traveller, watcher };
}

const said = (watcher, message) => until('the watcher to hear it', () =>
  watcher.all('new_message').some((body) => body.message === message));

test('the edge waits until it has what the client has', async (t) => {
  const { behind, hold, room, traveller, watcher } = await scene(t);
  hold(1500);
  await say(services, room, 1, 2, 3);
  await traveller.heard([1, 2, 3]);
  const began = Date.now();
  const back = await traveller.away(async () => {
    await say(services, room, 4);
    await said(watcher, 4);
  }, { edge: behind });
  assert.equal(back.recovered, true);
  assert.ok(Date.now() - began > 700, `waited ${Date.now() - began} ms`);
  hold(0);
  await say(services, room, 5);
  await traveller.heard([1, 2, 3, 4, 5]);
});

test('the edge waits until it is past the joins of all rooms', async (t) => {
  const { behind, hold, room, traveller, watcher } = await scene(t);
  const other = newConversation();
  await watcher.join('conversation', other.id);
  hold(1500);
  // The client has no event after these, so its offset is older than the join that follows.
  await say(services, other, 'before the join');
  await said(watcher, 'before the join');
  await traveller.join('conversation', other.id);
  const back = await traveller.away(async () => {
    await say(services, other, 'after the join');
    await said(watcher, 'after the join');
  }, { how: 'abandon', edge: behind });
  assert.equal(back.recovered, true);
  hold(0);
  await say(services, room, 'at the end');
  await traveller.heard(['after the join', 'at the end']);
});

test('an offset from before the session is not taken for one of it', async (t) => {
  const { behind, hold, room, line, traveller } = await scene(t);
  hold(2500);
  await say(services, room, 1);
  await traveller.heard([1]);
  // The session is gone, and the edge that is behind begins another one, of which nothing arrives
  // but the reply.
  line.refuse();
  line.cut();
  await until('the client to notice', () => !traveller.socket.connected);
  const [key] = await sessionOf(traveller);
  await command(made.brokers.redis.port, ['DEL', key]);
  const own = `u-${room.id}`;
  await services.publish('booking.confirmed', { bookingId: 'b0', userId: 'nobody' });
  const reply = traveller.back(1);
  line.cutAt('"connected"');
  line.let(behind);
  assert.equal((await reply).recovered, false);
  await until('the cut', () => line.cuts.length > 0);
  line.refuse();
  await services.publish('booking.confirmed', { bookingId: 'b1', userId: own });
  hold(0);
  line.let(here);
  const back = await traveller.back(2);
  // Either it is told that it starts afresh, or it gets the event that its own room had since.
  if (back.recovered) await until('the booking', () => traveller.all('booking_update').length > 0);
  assert.equal(back.recovered, false);
});

async function sessionOf(traveller) {
  const keys = await command(made.brokers.redis.port, ['KEYS', 'ws:session:*']);
  const owners = await Promise.all(keys.map((key) =>
    command(made.brokers.redis.port, ['HGET', key, 's'])));
  return keys.filter((_, i) => owners[i] === traveller.connects[0].id);
}
