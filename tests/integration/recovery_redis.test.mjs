// Recovery while Redis and the relay come and go.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBrokers } from './support/brokers.mjs';
import { newConversation } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { command } from './support/redis.mjs';
import { say, sayUntilHeard, scene as sceneOf } from './support/traveller.mjs';
import { sleep, until } from './support/wait.mjs';

const brokers = await startBrokers(['redis']);
const made = await gateway({ edges: 2, brokers });
const { edges: [here, there], services } = made;

const scene = (t) => sceneOf(t, { services, edge: here, there });

test('Redis is restarted while the client is away, and it comes back meanwhile', async (t) => {
  const { traveller, line, sayAndSee } = await scene(t);
  await sayAndSee(1);
  await traveller.heard([1]);
  line.refuse();
  line.cut();
  await sayAndSee(2);
  await brokers.redis.kill();
  line.let(there);
  await sleep(1000);
  assert.equal(traveller.connects.length, 1, 'it was answered without Redis');
  await brokers.redis.start();
  assert.equal((await traveller.back()).recovered, true);
  await sayAndSee(3);
  await traveller.heard([1, 2, 3]);
});

test('Redis stays away: afresh after 5 s, and joins are refused', async (t) => {
  const { traveller, room } = await scene(t);
  await brokers.redis.kill();
  const began = Date.now();
  const back = await traveller.away(undefined, { edge: there });
  assert.equal(back.recovered, false);
  assert.ok(Date.now() - began > 4000);
  assert.deepEqual(await traveller.ack('join_room', room.which),
    { error: 'Authorization unavailable' });
  assert.deepEqual(await traveller.ack('typing', room.which), { error: 'Not in room' });
  await brokers.redis.start();
  await there.ready();
  await traveller.join('conversation', room.id);
  await made.relay.ready();
});

// What could not be written is written once Redis is back.
const isLeft = (traveller, room) => until('the leave to be written', async () =>
  !await command(brokers.redis.port,
    ['HEXISTS', `ws:session:${traveller.socket._pid}`, `r:${room.name}`]));

test('a leave during an outage is a leave', async (t) => {
  const { traveller, room } = await scene(t);
  await sleep(1500); // until the session is on Redis' disk
  await brokers.redis.kill();
  const { success } = await traveller.ack('leave_room', room.which);
  assert.equal(success, true);
  await brokers.redis.start();
  await here.ready();
  await isLeft(traveller, room);
  assert.equal((await traveller.away()).recovered, true);
  assert.deepEqual(await traveller.ack('typing', room.which), { error: 'Not in room' });
  await made.relay.ready();
});

// What the edge writes into a server that hangs is not written.
test('a leave while Redis hangs, until it dies', async (t) => {
  const { traveller, room } = await scene(t);
  await sleep(1500); // until the session is on Redis' disk
  brokers.redis.child.signal('SIGSTOP');
  const { success } = await traveller.ack('leave_room', room.which);
  assert.equal(success, true);
  await sleep(200); // it tries once more
  await brokers.redis.kill();
  await brokers.redis.start();
  await here.ready();
  await isLeft(traveller, room);
  assert.equal((await traveller.away()).recovered, true);
  assert.deepEqual(await traveller.ack('typing', room.which), { error: 'Not in room' });
  await made.relay.ready();
});

// The edge of an earlier connection, which is half-open, may be the first to write a session that
// Redis has lost. Its record has a lower generation, and lacks what was joined since.
const writeAsEarlier = async (traveller, room) => {
  const key = `ws:session:${traveller.socket._pid}`;
  const generation = await command(brokers.redis.port, ['HGET', key, 'g']);
  await command(brokers.redis.port, ['HSET', key, 'g', '1']);
  await command(brokers.redis.port, ['HDEL', key, `r:${room.name}`]);
  return { key, generation };
};

test('an earlier connection wrote a session that Redis had lost: the later one goes on', async (t) => {
  const { traveller, room, sayAndSee } = await scene(t);
  assert.equal((await traveller.away(undefined, { edge: there })).recovered, true);
  const { key, generation } = await writeAsEarlier(traveller, room);
  await traveller.join('conversation', newConversation().id);
  assert.equal(await command(brokers.redis.port, ['HGET', key, 'g']), generation);
  assert.equal(Number(await command(brokers.redis.port, ['HEXISTS', key, `r:${room.name}`])), 1);
  await sayAndSee(1);
  await traveller.heard([1]);
  assert.equal(traveller.connects.length, 2);
});

test('an earlier connection wrote a session that Redis had lost: a goodbye ends it', async (t) => {
  const { traveller, room } = await scene(t);
  assert.equal((await traveller.away(undefined, { edge: there })).recovered, true);
  const { key } = await writeAsEarlier(traveller, room);
  traveller.socket.disconnect();
  await until('the session to be gone', async () =>
    Number(await command(brokers.redis.port, ['EXISTS', key])) === 0);
});

test('the relay is replaced while the client is away: events of both epochs', async (t) => {
  const { traveller, sayAndSee } = await scene(t);
  await sayAndSee(1);
  await traveller.heard([1]);
  const back = await traveller.away(async () => {
    await sayAndSee(2);
    await made.relay.kill();
    await made.relay.start();
    await made.relay.ready();
    await sayAndSee(3);
  }, { edge: there });
  assert.equal(back.recovered, true);
  await traveller.heard([1, 2, 3]);
});

test('scripts are flushed: nobody notices', async (t) => {
  const { traveller, room, sayAndSee } = await scene(t);
  await command(brokers.redis.port, ['SCRIPT', 'FLUSH']);
  const other = newConversation();
  await traveller.join('conversation', other.id);
  assert.equal((await traveller.away(() => sayAndSee(1))).recovered, true);
  assert.deepEqual(await traveller.ack('typing', other.which), { success: true });
  assert.deepEqual(await traveller.ack('typing', room.which), { success: true });
  await traveller.heard([1]);
});

test('the log is trimmed beyond what the client has', async (t) => {
  const { traveller, sayAndSee } = await scene(t);
  await sayAndSee(1);
  await traveller.heard([1]);
  const fresh = async () => {
    await sayAndSee(2);
    await sayAndSee(3);
    await command(brokers.redis.port, ['XTRIM', 'ws:log:{0}', 'MAXLEN', '1']);
    return made.addEdge(); // it has no more than that
  };
  let edge;
  const count = traveller.connects.length;
  traveller.line.refuse();
  traveller.line.cut();
  edge = await fresh();
  await edge.ready();
  traveller.line.let(edge);
  assert.equal((await traveller.back(count)).recovered, false);
  assert.equal(await edge.metric('ws_edge_recoveries_total{result="reach"}'), 1);
});

test('a quiet client needs nothing of a log that was trimmed beyond its last event', async (t) => {
  const { traveller, sayAndSee, watcher } = await scene(t);
  await sayAndSee(1);
  await traveller.heard([1]);
  // Others go on; it has had nothing since, and its edge has noted that at the end of the connection.
  const elsewhere = newConversation();
  await watcher.join('conversation', elsewhere.id);
  await sayUntilHeard(services, watcher, elsewhere, 'a', 'b', 'c');
  const count = traveller.connects.length;
  traveller.line.refuse();
  traveller.line.cut();
  await until('the end to be noted', async () => {
    const keys = await command(brokers.redis.port, ['KEYS', 'ws:session:*']);
    const fresh = await Promise.all(keys.map((key) =>
      command(brokers.redis.port, ['HMGET', key, 's', 'l'])));
    return fresh.some(([id, left]) => id === traveller.connects[0].id && left === '1');
  });
  await command(brokers.redis.port, ['XTRIM', 'ws:log:{0}', 'MAXLEN', '1']);
  await sayAndSee(2);
  const edge = await made.addEdge();
  await edge.ready();
  traveller.line.let(edge);
  assert.equal((await traveller.back(count)).recovered, true);
  await traveller.heard([1, 2]);
});

test('Redis forgets everything: nobody is told that nothing was missed', async (t) => {
  const { traveller, sayAndSee } = await scene(t);
  const back = await traveller.away(async () => {
    await sayAndSee(1);
    await command(brokers.redis.port, ['FLUSHALL']);
    await sleep(1500); // and the relay goes on with its heartbeats
  }, { edge: there });
  assert.equal(back.recovered, false);
});

// An edge that knows a session may be the first to write it again. The log has no such second copy.
test('Redis forgets everything but a session: an edge that has started since knows no more', async (t) => {
  const { traveller, line, room, sayAndSee } = await scene(t);
  const key = `ws:session:${traveller.socket._pid}`;
  line.refuse();
  line.cut();
  await until('the client to notice', () => !traveller.socket.connected);
  await sayAndSee(1);
  const session = await command(brokers.redis.port, ['HGETALL', key]);
  await command(brokers.redis.port, ['FLUSHALL']);
  await command(brokers.redis.port, ['HSET', key, ...session]);
  await say(services, room, 2);
  await until('the log to go on', async () =>
    await command(brokers.redis.port, ['XLEN', 'ws:log:{0}']) > 0);
  const edge = await made.addEdge();
  await edge.ready();
  line.let(edge);
  assert.equal((await traveller.back()).recovered, false);
  assert.equal(await edge.metric('ws_edge_recoveries_total{result="reach"}'), 1);
});

test('the newest part of the log is lost: those who may lack it begin afresh', async (t) => {
  const { traveller, sayAndSee } = await scene(t);
  await sayAndSee(1);
  await traveller.heard([1]);
  const losses = () => there.metric('ws_edge_losses_total');
  const before = await losses();
  const back = await traveller.away(async () => {
    await sayAndSee(2);
    const [[newest]] = await command(brokers.redis.port,
      ['XREVRANGE', 'ws:log:{0}', '+', '-', 'COUNT', '1']);
    await command(brokers.redis.port, ['XDEL', 'ws:log:{0}', newest]);
    await made.relay.kill();
    await made.relay.start();
    await until('the edge to notice', async () => await losses() > before);
  }, { edge: there });
  assert.equal(back.recovered, false);
});
