// Redis loses what it has acknowledged, as with `appendfsync everysec` or at a failover to a replica
// that is behind. The edges that hold the clients write it again.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startBrokers } from './support/brokers.mjs';
import { newConversation } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { Redis, command } from './support/redis.mjs';
import { RedisLine } from './support/redis_line.mjs';
import { scene as sceneOf } from './support/traveller.mjs';
import { until } from './support/wait.mjs';
import { Wire } from './support/wire.mjs';

const brokers = await startBrokers(['redis']);
const second = await Redis.start(join(brokers.dir, 'second'));
let primary = brokers.redis;
const wire = await Wire.to(primary.port); // what the edges and the relay take for Redis
const link = await Wire.to(primary.port); // from the replica to its primary
after(async () => {
  wire.close();
  link.close();
  await second.stop();
});

const env = { REDIS_PORT: String(wire.port) };
const made = await gateway({ brokers, edges: 0, relays: 0 });
const [here, there] = [await made.addEdge(env), await made.addEdge(env)];
await made.addRelay(env);
await made.ready();

const scene = (t) => sceneOf(t, { services: made.services, edge: here, there });
const inRedis = (...args) => command(primary.port, args);
const recordOf = ({ socket }) => `ws:session:${socket._pid}`;

// Loses all that Redis has answered during `meanwhile`, and its connections.
async function restarts(meanwhile) {
  await primary.save();
  await meanwhile();
  await primary.kill();
  await primary.restore();
  await primary.start();
}

async function failsOver(meanwhile) {
  await command(second.port, ['REPLICAOF', '127.0.0.1', String(link.port)]);
  await until('replication', async () =>
    /master_link_status:up/.test(await command(second.port, ['INFO', 'replication'])));
  link.freeze();
  await meanwhile();
  await command(second.port, ['REPLICAOF', 'NO', 'ONE']);
  wire.target = second.port;
  wire.reset();
  primary = second;
}

const connects = (edge) => edge.metric('ws_edge_redis_connects_total');

// Until both edges are connected again.
async function edgesBack(lose, meanwhile) {
  const before = await Promise.all([here, there].map(connects));
  await lose(meanwhile);
  await until('the edges to be connected', async () =>
    (await connects(here)) > before[0] && (await connects(there)) > before[1]);
}

// Is in the new room, and not in the old one.
async function isWhereItSaid(traveller, room, other) {
  assert.deepEqual(await traveller.ack('typing', other.which), { success: true });
  assert.deepEqual(await traveller.ack('typing', room.which), { error: 'Not in room' });
}

// The edge that is not told has the older generation, and comes first with what it has.
test('Redis has lost who has the session: the later connection has it', async (t) => {
  const deafLine = await RedisLine.to(t, wire.port);
  const deaf = await made.addEdge({ EDGE_ID: 'deaf', REDIS_PORT: String(deafLine.port) });
  await deaf.ready();
  deafLine.delay('ws:edge:deaf', 60_000);
  const { traveller, line, room } = await sceneOf(t, { services: made.services, edge: deaf, there });
  const other = newConversation();
  await edgesBack(restarts, async () => {
    line.abandon();
    line.let(there);
    assert.equal((await traveller.back()).recovered, true);
    await traveller.join('conversation', other.id);
    assert.equal((await traveller.ack('leave_room', room.which)).success, true);
  });
  assert.equal((await traveller.away(undefined, { edge: here })).recovered, true);
  await isWhereItSaid(traveller, room, other);
  await until('the older connection to end', async () => await deaf.metric('ws_edge_sockets') === 0);
  await isWhereItSaid(traveller, room, other);
  await deaf.stop();
  await made.relays[0].ready();
});

for (const [how, lose] of [['is killed', restarts], ['fails over', failsOver]]) {
  test(`Redis ${how} and has lost a join and a leave: the next edge knows of both`, async (t) => {
    const { traveller, room, sayAndSee } = await scene(t);
    await sayAndSee('before');
    await traveller.heard(['before']);
    const other = newConversation();
    const rewritten = await here.metric('ws_edge_sessions_rewritten_total');
    await edgesBack(lose, async () => {
      await traveller.join('conversation', other.id);
      assert.equal((await traveller.ack('leave_room', room.which)).success, true);
      assert.equal(Number(await inRedis('HEXISTS', recordOf(traveller), `r:${other.name}`)), 1);
    });
    assert.equal((await traveller.away(undefined, { edge: there })).recovered, true);
    await isWhereItSaid(traveller, room, other);
    assert.ok(await here.metric('ws_edge_sessions_rewritten_total') > rewritten);
    await made.relays[0].ready();
    await sayAndSee('after');
    await traveller.heard(['before']);
  });
}
