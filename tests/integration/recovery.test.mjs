// A client that loses its connection comes back at any edge with its rooms, and gets what it missed.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { command } from './support/redis.mjs';
import { connect, newConversation } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { Line } from './support/line.mjs';
import { RedisLine } from './support/redis_line.mjs';
import { Traveller, say, sayUntilHeard, scene as sceneOf } from './support/traveller.mjs';
import { until } from './support/wait.mjs';

const made = await gateway({ edges: 2 });
const { edges: [here, there], services } = made;

const scene = (t, options) => sceneOf(t, { services, edge: here, there, ...options });

for (const [where, edge] of [['at the same edge', here], ['at another edge', there]]) {
  for (const transports of [['websocket'], ['polling']]) {
    test(`what was missed comes ${where}, over ${transports}`, async (t) => {
      const { traveller, sayAndSee } = await scene(t, { transports });
      await sayAndSee(1, 2);
      await traveller.heard([1, 2]);
      const { id } = traveller;
      const back = await traveller.away(() => sayAndSee(3, 4, 5), { edge });
      assert.deepEqual(back, { id, recovered: true });
      await sayAndSee(6);
      await traveller.heard([1, 2, 3, 4, 5, 6]);
    });
  }
}

test('nothing missed, nothing said: rooms are there nevertheless', async (t) => {
  const { room, traveller, watcher } = await scene(t);
  const { recovered } = await traveller.away(undefined, { edge: there });
  assert.equal(recovered, true);
  assert.deepEqual(await traveller.ack('typing', room.which), { success: true });
  await watcher.next('user_typing');
});

describe('nothing comes before the reply, and nothing twice', () => {
  test('cut in the middle of the replay, a little further on each time', async (t) => {
    const { traveller, line, sayAndSee } = await scene(t);
    let said = 0;
    let cuts = 0;
    // Up to two claims each, of the thirty that a session has in a minute.
    for (let bytes = 300; bytes < 1600; bytes += 113) {
      line.refuse();
      line.cut();
      await until('the client to notice', () => !traveller.socket.connected);
      await sayAndSee(said, said + 1, said + 2);
      said += 3;
      const { length } = line.cuts;
      line.cutAfter(bytes);
      line.let(said % 2 ? here : there);
      await until('a cut or the rest', () =>
        line.cuts.length > length || traveller.said.length === said);
      cuts += line.cuts.length - length;
      line.cutAfter(Infinity);
    }
    await traveller.heard(Array.from({ length: said }, (_, i) => i));
    assert.ok(traveller.connects.slice(1).every(({ recovered }) => recovered));
    assert.ok(cuts > 4, `${cuts} cuts`);
  });

  test('cut between connected and what was missed', async (t) => {
    const { traveller, line, sayAndSee } = await scene(t);
    const count = traveller.connects.length;
    line.refuse();
    line.cut();
    await sayAndSee(1, 2, 3);
    line.let(there);
    line.cutAt('new_message', { refuses: true });
    await traveller.back(count); // the line knows of the cut before the client has read the reply
    await until('the client to notice', () => !traveller.socket.connected);
    assert.equal(line.cuts.length, 1);
    assert.equal(traveller.all('connected').length, count + 1);
    line.let(there);
    assert.equal((await traveller.back(count + 1)).recovered, true);
    await traveller.heard([1, 2, 3]);
  });

  test('cut between the reply and connected, on the first connection of all', async (t) => {
    const userId = 'newcomer';
    const line = await Line.to(t, here);
    line.cutAt('connected', { refuses: true });
    const traveller = new Traveller(t, line, { userId });
    const witness = await connect(t, there, { userId });
    await traveller.back(0);
    await until('the client to notice', () => !traveller.socket.connected);
    assert.equal(line.cuts.length, 1);
    assert.equal(traveller.socket._lastOffset, undefined);
    await services.publish('booking.confirmed', { bookingId: 'b1', userId });
    await witness.next('booking_update');
    line.let(there);
    assert.equal((await traveller.back(1)).recovered, true);
    await until('the booking', () => traveller.all('booking_update').length === 1);
    assert.equal(traveller.all('connected').length, 1);
  });

  test('a poll breaks off while its answer is on its way', async (t) => {
    const { traveller, line, sayAndSee } = await scene(t, { transports: ['polling'] });
    await sayAndSee(1);
    await traveller.heard([1]);
    line.cutAt('new_message');
    await sayAndSee(2, 3);
    assert.equal((await traveller.back()).recovered, true);
    assert.equal(line.cuts.length, 1);
    await sayAndSee(4);
    await traveller.heard([1, 2, 3, 4]);
  });

  test('cut before the reply, three times', async (t) => {
    const { traveller, line, sayAndSee } = await scene(t);
    const count = traveller.connects.length;
    line.refuse();
    line.cut();
    await sayAndSee(1, 2, 3);
    for (let i = 0; i < 3; i++) {
      line.let(there);
      line.cutAfter(250, { refuses: true }); // the answer to the upgrade, not much more
      await until('the cut', () => line.cuts.length > i);
    }
    line.let(there);
    assert.equal((await traveller.back(count)).recovered, true);
    await traveller.heard([1, 2, 3]);
  });
});

describe('rooms', () => {
  test('what was said before a join does not come', async (t) => {
    const { traveller, watcher, sayAndSee } = await scene(t);
    const other = newConversation();
    await watcher.join('conversation', other.id);
    const beside = await connect(t, here, { userId: 'beside' });
    await beside.join('conversation', other.id);
    await sayUntilHeard(services, watcher, other, 'before');
    await beside.next('new_message'); // now the client's edge is past it
    await traveller.join('conversation', other.id);
    // Its edge does not notice, so nothing says that the client has all that it was sent.
    await traveller.away(async () => {
      await sayUntilHeard(services, watcher, other, 'after');
      await sayAndSee('here');
    }, { how: 'abandon', edge: there });
    await traveller.heard(['after', 'here']);
  });

  test('a room that was left is left, also when its edge is killed in the next moment', async (t) => {
    const { room, traveller, line, sayAndSee } = await scene(t);
    const redis = await RedisLine.to(t, made.brokers.redis.port);
    redis.hold(200); // what its edge tells Redis takes a while, so an ack could be faster
    const doomed = await made.addEdge({ REDIS_PORT: String(redis.port) });
    await doomed.ready();
    await traveller.away(undefined, { edge: doomed });
    await traveller.ack('leave_room', room.which);
    line.refuse();
    await doomed.kill();
    await sayAndSee(1);
    line.let(there);
    assert.equal((await traveller.back(2)).recovered, true);
    assert.deepEqual(await traveller.ack('typing', room.which), { error: 'Not in room' });
    assert.deepEqual(traveller.said, []);
  });

  test('a room that was joined is joined, also when its edge is killed in the next moment', async (t) => {
    for (let i = 0; i < 5; i++) {
      const doomed = await made.addEdge();
      await doomed.ready();
      const line = await Line.to(t, doomed);
      const traveller = await Traveller.connect(t, line, { userId: `joiner${i}` });
      const room = newConversation();
      await traveller.join('conversation', room.id);
      line.refuse();
      await doomed.kill();
      line.let(there);
      assert.equal((await traveller.back()).recovered, true);
      assert.deepEqual(await traveller.ack('typing', room.which), { success: true });
    }
  });
});

describe('what the others hear', () => {
  test('of one who comes back: that it left, and that it joined', async (t) => {
    const { traveller, watcher } = await scene(t);
    const { id } = traveller;
    await traveller.away(async () => {
      assert.equal((await watcher.next('user_left')).socketId, id);
    }, { edge: there });
    await until('both', () => watcher.all('user_joined').length > 0);
    assert.equal((await watcher.next('user_joined')).socketId, id);
  });

  for (const [where, edge] of [['at the same edge', here], ['at another edge', there]]) {
    test(`of a half-open connection whose client is back ${where}: nothing`, async (t) => {
      const { traveller, watcher, sayAndSee } = await scene(t);
      const back = await traveller.away(() => sayAndSee(1), { how: 'abandon', edge });
      assert.equal(back.recovered, true);
      await sayAndSee(2);
      await traveller.heard([1, 2]);
      assert.deepEqual(watcher.all('user_left'), []);
      assert.deepEqual(watcher.all('user_joined'), []);
    });
  }
});

test('an edge that is killed while messages flow', async (t) => {
  const { room, traveller, line, watcher } = await scene(t);
  const doomed = await made.addEdge();
  await doomed.ready();
  await traveller.away(undefined, { edge: doomed });
  const all = Array.from({ length: 300 }, (_, i) => i);
  const flow = say(services, room, ...all);
  await until('messages in flight', () => traveller.said.length > 50);
  line.refuse();
  await doomed.kill();
  await until('the client to notice', () => !traveller.socket.connected);
  line.let(there);
  await flow;
  await traveller.heard(all);
  assert.equal(traveller.last.recovered, true);
  assert.deepEqual(watcher.all('new_message').length, all.length);
});

test('an edge that was frozen writes nothing more', async (t) => {
  const { traveller, line, watcher, sayAndSee } = await scene(t);
  const frozen = await made.addEdge({ PING_INTERVAL: '1000', PING_TIMEOUT: '4000' });
  await frozen.ready();
  await traveller.away(undefined, { edge: frozen });
  frozen.child.process.kill('SIGSTOP');
  line.abandon();
  line.let(there);
  assert.equal((await traveller.back(2)).recovered, true);
  await sayAndSee(1);
  const lefts = watcher.all('user_left').length;
  frozen.child.process.kill('SIGCONT');
  await until('the old connection to end', async () => await frozen.metric('ws_edge_sockets') === 0);
  await sayAndSee(2);
  await traveller.heard([1, 2]);
  assert.equal(watcher.all('user_left').length, lefts);
  assert.equal((await traveller.away(() => sayAndSee(3), { edge: here })).recovered, true);
  await traveller.heard([1, 2, 3]);
});

test('an edge that is not told that its client has moved on tells nobody that it left', async (t) => {
  const { traveller, line, watcher, sayAndSee } = await scene(t);
  const redis = await RedisLine.to(t, made.brokers.redis.port);
  const deaf = await made.addEdge({ EDGE_ID: 'deaf', REDIS_PORT: String(redis.port),
    PING_INTERVAL: '1000', PING_TIMEOUT: '4000' });
  await deaf.ready();
  redis.delay('ws:edge:deaf', 60_000);
  await traveller.away(undefined, { edge: deaf });
  const lefts = watcher.all('user_left').length;
  line.abandon();
  line.let(there);
  assert.equal((await traveller.back(2)).recovered, true);
  await until('the old connection to end', async () => await deaf.metric('ws_edge_sockets') === 0);
  await sayAndSee(1);
  await traveller.heard([1]);
  assert.equal(watcher.all('user_left').length, lefts);
});

test('only what edges tell one another flows: one that was missed is of no matter', async (t) => {
  const { room, traveller, watcher, sayAndSee } = await scene(t);
  for (let i = 0; i < 5; i++) await watcher.ack('typing', room.which);
  await until('typing', () => traveller.all('user_typing').length === 5);
  await traveller.away(() => sayAndSee(1));
  await traveller.heard([1]);
});

test('away for longer than the window: afresh', async (t) => {
  const { room, traveller, sayAndSee } = await scene(t);
  const { id } = traveller;
  const back = await traveller.away(async () => {
    await sayAndSee(1);
    const [key] = (await command(made.brokers.redis.port, ['KEYS', 'ws:session:*']));
    assert.ok(key);
    const ttl = await command(made.brokers.redis.port, ['TTL', key]);
    assert.ok(ttl > 120 && ttl <= 180, `expires in ${ttl} s`);
    for (const session of await command(made.brokers.redis.port, ['KEYS', 'ws:session:*'])) {
      await command(made.brokers.redis.port, ['DEL', session]);
    }
  });
  assert.equal(back.recovered, false);
  assert.notEqual(back.id, id);
  assert.equal((await until('connected', () => traveller.all('connected')[1])).socketId, back.id);
  assert.deepEqual(await traveller.ack('typing', room.which), { error: 'Not in room' });
  assert.deepEqual(traveller.said, []);
});
