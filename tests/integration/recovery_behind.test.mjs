// A client comes to an edge that has not got as far as the one that it left.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newConversation } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { command } from './support/redis.mjs';
import { RedisLine } from './support/redis_line.mjs';
import { say, sayUntilHeard, scene as sceneOf } from './support/traveller.mjs';
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
  return { behind, hold, took: (message) => redis.took(message) };
}

async function scene(t) {
  const { behind, hold, took } = await lagging(t);
  return { behind, hold, took, ...await sceneOf(t, { services, edge: here, there: here }) };
}

test('the edge waits until it has what the client has', async (t) => {
  const { behind, hold, room, traveller, sayAndSee } = await scene(t);
  hold(1500);
  const began = Date.now();
  await say(services, room, 1, 2, 3);
  await traveller.heard([1, 2, 3]);
  const back = await traveller.away(() => sayAndSee(4), { edge: behind });
  assert.equal(back.recovered, true);
  assert.ok(Date.now() - began >= 1490, `was there after ${Date.now() - began} ms`);
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
  await sayUntilHeard(services, watcher, other, 'before the join');
  await traveller.join('conversation', other.id);
  const back = await traveller.away(() =>
    sayUntilHeard(services, watcher, other, 'after the join'), { how: 'abandon', edge: behind });
  assert.equal(back.recovered, true);
  hold(0);
  await say(services, room, 'at the end');
  await traveller.heard(['after the join', 'at the end']);
});

test('an offset from before the session is not taken for one of it', async (t) => {
  const { behind, hold, room, line, traveller, watcher } = await scene(t);
  const other = newConversation();
  await watcher.join('conversation', other.id);
  hold(2500);
  await say(services, other, 'below the offset');
  await say(services, room, 1);
  await traveller.heard([1]);
  // The session is gone, and the edge that is behind begins another one, of which nothing arrives
  // but the reply. The app joins a room, and hears of nobody that it was done.
  line.refuse();
  line.cut();
  await until('the client to notice', () => !traveller.socket.connected);
  const [key] = await sessionOf(traveller);
  await command(made.brokers.redis.port, ['DEL', key]);
  const reply = traveller.back(1);
  traveller.socket.once('connect', () => traveller.socket.emit('join_room', other.which));
  line.muteAt('connected');
  line.let(behind);
  const { id, recovered } = await reply;
  assert.equal(recovered, false);
  await until('the join', async () => {
    const [session] = await sessionOf(traveller, id);
    return command(made.brokers.redis.port, ['HEXISTS', session, `r:${other.name}`]);
  });
  line.refuse();
  line.cut();
  hold(0);
  line.let(here);
  // Taken for one of this session, the offset would pass over what the new room heard below it.
  assert.equal((await traveller.back(2)).recovered, false);
});

// A client's last edge noted what it had; the next one has less, and lets the client into a room.
test('what an edge noted counts for nothing after the next edge has taken the session', async (t) => {
  const { behind, hold, took, line, traveller, watcher, sayAndSee } = await scene(t);
  const other = newConversation();
  await watcher.join('conversation', other.id);
  const sleepy = await made.addEdge({ PING_INTERVAL: '1000', PING_TIMEOUT: '1000' });
  await sleepy.ready();
  await traveller.away(undefined, { edge: sleepy });
  hold(4000);
  line.abandon(); // the edge goes on sending, and notes what it sent when it misses a pong
  line.refuse();
  await sayAndSee('sent, but not had');
  await took('sent, but not had');
  hold(60_000);
  await sayUntilHeard(services, watcher, other, 'a', 'b');
  await until('the old connection to end', async () => await sleepy.metric('ws_edge_sockets') === 0);
  line.let(behind);
  assert.equal((await traveller.back(2)).recovered, true);
  await traveller.join('conversation', other.id);
  await traveller.heard(['sent, but not had']);
  line.refuse();
  await behind.kill();
  line.let(here);
  assert.equal((await traveller.back(3)).recovered, true);
  await traveller.heard(['sent, but not had', 'a', 'b']);
});

async function sessionOf(traveller, id = traveller.connects[0].id) {
  const keys = await command(made.brokers.redis.port, ['KEYS', 'ws:session:*']);
  const owners = await Promise.all(keys.map((key) =>
    command(made.brokers.redis.port, ['HGET', key, 's'])));
  return keys.filter((_, i) => owners[i] === id);
}
