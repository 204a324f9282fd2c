// Recovery of what takes a minute or more, as it is: heartbeats that run out, an edge that is frozen,
// clients that hear nothing, sessions that expire. All at once, since they do nothing but wait.
// Begins early: it waits for a minute and a half.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gateway } from './support/gateway.mjs';
import { command } from './support/redis.mjs';
import { RedisLine } from './support/redis_line.mjs';
import { scene as sceneOf } from './support/traveller.mjs';
import { sleep, until } from './support/wait.mjs';

const LOG = 'ws:log:{0}';
const TOUCHED_MS = 70_000; // each minute
const HEARTBEATS_MS = 90_000; // 25 s until a ping, 20 s until it is missed, and that twice

const made = await gateway({ edges: 2 });
const { edges: [here, there], services, brokers } = made;
const redis = (...args) => command(brokers.redis.port, args);

const scene = (t, edge = here) => sceneOf(t, { services, edge, there });

const presence = (watcher) => ['user_left', 'user_joined'].map((event) => watcher.all(event).length);

const sessionKey = ({ socket }) => `ws:session:${socket._pid}`;

async function frozenEdge(t, { deaf }) {
  const redisLine = await RedisLine.to(t, brokers.redis.port);
  const id = deaf ? 'deaf' : 'frozen';
  const edge = await made.addEdge({ EDGE_ID: id, REDIS_PORT: String(redisLine.port) });
  await edge.ready();
  if (deaf) redisLine.delay(`ws:edge:${id}`, 600_000);
  return edge;
}

// The newest position that the freshness of a session has.
// An offset of one shard: seven digits of six bits for the epoch, the others for the number.
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~';
const numberOf = (text) => [...text].reduce((n, digit) => n * 64 + DIGITS.indexOf(digit), 0);
const positionOf = (offset) => `${numberOf(offset.slice(0, 7))}-${numberOf(offset.slice(7))}`;

async function freshUntil(traveller) {
  const fresh = await redis('HGET', sessionKey(traveller), 'f');
  return fresh ? positionOf(fresh.split(' ')[1]) : '0-0';
}

const isAtOrBehind = (a, b) => {
  const [[epochA, seqA], [epochB, seqB]] = [a, b].map((text) => text.split('-').map(Number));
  return epochA > epochB || (epochA === epochB && seqA >= seqB);
};

describe('in a minute and a half', { concurrency: true }, () => {
  test('a half-open connection at the same edge, until its heartbeats have run out', async (t) => {
    const { traveller, watcher, sayAndSee } = await scene(t);
    const told = presence(watcher);
    const back = await traveller.away(() => sayAndSee(1), { how: 'abandon' });
    assert.equal(back.recovered, true);
    await sleep(HEARTBEATS_MS);
    await sayAndSee(2);
    await traveller.heard([1, 2]);
    assert.deepEqual(presence(watcher), told);
    assert.equal(traveller.connects.length, 2);
  });

  for (const deaf of [false, true]) {
    const unless = deaf ? ', and is not told' : '';
    test(`an edge that is frozen for a minute${unless}: what it writes later is refused`, async (t) => {
      const edge = await frozenEdge(t, { deaf });
      const { traveller, line, watcher, sayAndSee } = await scene(t, edge);
      edge.child.process.kill('SIGSTOP');
      line.abandon();
      line.let(there);
      assert.equal((await traveller.back()).recovered, true);
      await sayAndSee(1);
      const told = presence(watcher);
      const before = await redis('HGETALL', sessionKey(traveller));
      await sleep(60_000);
      edge.child.process.kill('SIGCONT');
      await until('the old connection to end', async () =>
        await edge.metric('ws_edge_sockets') === 0, 60_000);
      await sleep(500);
      assert.deepEqual(presence(watcher), told);
      const after = await redis('HGETALL', sessionKey(traveller));
      assert.deepEqual(unfresh(after), unfresh(before));
      await sayAndSee(2);
      assert.equal((await traveller.away(() => sayAndSee(3), { edge: here })).recovered, true);
      await traveller.heard([1, 2, 3]);
    });
  }

  test('a quiet client whose last event is no longer in the log', async (t) => {
    const doomed = await made.addEdge();
    await doomed.ready();
    const [silent, spoken] = [await scene(t, doomed), await scene(t, doomed)];
    for (const { traveller, sayAndSee } of [silent, spoken]) {
      await sayAndSee('long ago');
      await traveller.heard(['long ago']);
    }
    const elsewhere = await scene(t);
    for (const message of ['a', 'b', 'c']) await elsewhere.sayAndSee(message);
    const [[newest]] = await redis('XREVRANGE', LOG, '+', '-', 'COUNT', '1');
    for (const { traveller } of [silent, spoken]) {
      await until('its edge to note what it has', async () =>
        isAtOrBehind(await freshUntil(traveller), newest), TOUCHED_MS);
    }
    await redis('XTRIM', LOG, 'MINID', newest);
    for (const { line } of [silent, spoken]) line.refuse();
    await doomed.kill();
    await spoken.sayAndSee('missed');
    const edge = await made.addEdge(); // it has no more than there is now
    await edge.ready();
    for (const [{ line, traveller }, heard] of [[silent, []], [spoken, ['missed']]]) {
      line.let(edge);
      assert.equal((await traveller.back()).recovered, true);
      await traveller.heard(['long ago', ...heard]);
    }
    await silent.sayAndSee('now');
    await silent.traveller.heard(['long ago', 'now']);
  });

  test('away for longer than the session is kept', async (t) => {
    const brief = await made.addEdge({ RECOVERY_WINDOW: '1' });
    await brief.ready();
    const { room, traveller, sayAndSee } = await scene(t, brief);
    const { id } = traveller;
    const back = await traveller.away(async () => {
      await sayAndSee(1);
      assert.ok(await redis('TTL', sessionKey(traveller)) > 55);
      await sleep(61_500);
    });
    assert.equal(back.recovered, false);
    assert.notEqual(back.id, id);
    assert.equal((await until('connected', () => traveller.all('connected')[1])).socketId, back.id);
    assert.deepEqual(await traveller.ack('typing', room.which), { error: 'Not in room' });
    await sayAndSee(2);
    assert.deepEqual(traveller.said, []);
  });

  test('only what edges tell one another flows for a minute', async (t) => {
    const doomed = await made.addEdge();
    await doomed.ready();
    const { room, traveller, line, watcher, sayAndSee } = await scene(t, doomed);
    const typed = async (times) => {
      await watcher.ack('typing', room.which);
      await until('typing', () => traveller.all('user_typing').length >= times);
    };
    await sayAndSee(0);
    for (let i = 1; i <= 60; i++) {
      await typed(i);
      await sleep(1000);
    }
    // The next edge does not remember what came before this, and the last one notes nothing more.
    const elsewhere = await scene(t);
    for (const digit of '1234567') await elsewhere.sayAndSee(digit.repeat(180_000));
    await typed(61);
    line.refuse();
    await doomed.kill();
    await sayAndSee(1);
    const forgetful = await made.addEdge({ RECOVERY_MEMORY: String(1024 * 1024) });
    await forgetful.ready();
    line.let(forgetful);
    assert.equal((await traveller.back()).recovered, true);
    await traveller.heard([0, 1]);
  });
});

// The fields of a session, as Redis lists them, without its freshness and the number of that.
function unfresh(list) {
  const fields = Array.from({ length: list.length / 2 }, (_, i) => list.slice(2 * i, 2 * i + 2));
  return Object.fromEntries(fields.filter(([name]) => name !== 'f' && name !== 'm'));
}
