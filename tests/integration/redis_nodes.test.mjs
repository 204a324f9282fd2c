// Two servers of Redis share the shards (REDIS_NODES): one that is away stops its own rooms only.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { assertNumbered } from './support/asserts.mjs';
import { startBrokers } from './support/brokers.mjs';
import { run } from './support/child.mjs';
import { connect } from './support/clients.mjs';
import { built, gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { Line } from './support/line.mjs';
import { freePort } from './support/ports.mjs';
import { Redis, command } from './support/redis.mjs';
import { Traveller } from './support/traveller.mjs';
import { until } from './support/wait.mjs';

const SHARDS = 4;
const BEFORE = 40; // messages of a room before its server goes away
const DURING = 60; // and then: fewer than RELAY_PREFETCH, so that other rooms are not held up
const COUNT = BEFORE + DURING;

const brokers = await startBrokers(['redis']);
const second = await Redis.start(join(brokers.dir, 'second'));
after(() => second.stop());
const servers = [brokers.redis, second];
const addresses = servers.map(({ port }) => `127.0.0.1:${port}`);
const env = { REDIS_HOST: '', REDIS_PORT: '', REDIS_NODES: addresses.join(), BUS_SHARDS: String(SHARDS) };
const made = await gateway({ brokers, env, edges: 2 });
const { services, relay, edges } = made;

function shardOf(room) {
  let hash = 2166136261;
  for (const byte of Buffer.from(room)) hash = Math.imul(hash ^ byte, 16777619) >>> 0;
  return hash % SHARDS;
}

let rooms = 0;

// A conversation whose events this server has.
function roomOn(server) {
  for (;;) {
    rooms += 1;
    const id = `n${rooms}`;
    if (shardOf(`conversation:${id}`) % servers.length === server) return id;
  }
}

const say = (id, number) => services.publish('message.sent', { conversationId: id, message: number },
  { messageId: `${id}-${number}` });

async function sayAll(ids, first, count) {
  for (let number = first; number < first + count; number++) {
    await Promise.all(ids.map((id) => say(id, number)));
  }
}

const heard = (client, id) => client.all('new_message')
  .filter(({ conversationId }) => conversationId === id).map(({ message }) => message);

const hearAll = (clients, id, count) => until(`${count} messages in ${id}`, () =>
  clients.every((client) => heard(client, id).length >= count));

async function listeners(t, ids) {
  const clients = await Promise.all(edges.map((edge, i) => connect(t, edge, { userId: `l${i}` })));
  for (const client of clients) for (const id of ids) await client.join('conversation', id);
  return clients;
}

async function saysNotReady(process) {
  await until(`${process.program} to be not ready`, async () =>
    (await request(`${process.opsUrl}/ready`)).status === 503);
}

test('each room has its events at both edges, and each server its shards', async (t) => {
  const ids = [roomOn(0), roomOn(1), roomOn(0), roomOn(1)];
  const clients = await listeners(t, ids);
  await sayAll(ids, 0, 20);
  for (const id of ids) await hearAll(clients, id, 20);
  for (const client of clients) for (const id of ids) assertNumbered(heard(client, id), 20);
  for (let shard = 0; shard < SHARDS; shard++) {
    const has = await Promise.all(servers.map(({ port }) => command(port, ['EXISTS', `ws:log:{${shard}}`])));
    assert.deepEqual(has, shard % 2 === 0 ? [1, 0] : [0, 1], `shard ${shard}`);
  }
  assert.equal(await relay.metric('ws_relay_redis_connected{node="1"}'), 1);
  assert.equal(await edges[0].metric('ws_edge_losses_total'), 0);
});

test('what clients say to one another goes over the server of their room', async (t) => {
  for (const server of [0, 1]) {
    const id = roomOn(server);
    const [one, other] = await listeners(t, [id]);
    await one.ack('typing', { roomType: 'conversation', roomId: id });
    assert.equal((await other.next('user_typing')).userId, 'l0');
  }
});

// [name, what makes a server go away, what ends that]
const OUTAGES = [
  ['killed', (server) => server.kill(), (server) => server.start()],
  ['frozen', (server) => server.child.signal('SIGSTOP'), (server) => server.child.signal('SIGCONT')],
];

for (const [name, begin, end] of OUTAGES) {
  for (const away of [1, 0]) {
    test(`server ${away} is ${name}: its rooms wait, the others go on, and nothing is lost`, async (t) => {
      const [waits, goesOn] = [roomOn(away), roomOn(1 - away)];
      const clients = await listeners(t, [waits, goesOn]);
      await sayAll([waits, goesOn], 0, BEFORE);
      await hearAll(clients, waits, BEFORE);
      const flow = sayAll([waits, goesOn], BEFORE, DURING);
      await begin(servers[away]);
      await flow;
      await hearAll(clients, goesOn, COUNT);
      for (const client of clients) {
        const there = heard(client, waits);
        assertNumbered(there, there.length);
        assert.ok(there.length < COUNT, 'the server was away too late for the test');
      }
      await Promise.all([relay, ...edges].map(saysNotReady));
      const line = new RegExp(`unavailable.*Redis ${addresses[away]}`);
      await Promise.all([relay, ...edges].map((process) => process.logs(line)));
      await end(servers[away]);
      await hearAll(clients, waits, COUNT);
      await made.ready();
      await sayAll([waits, goesOn], COUNT, 1); // what came twice would have come before this
      for (const id of [waits, goesOn]) {
        await hearAll(clients, id, COUNT + 1);
        for (const client of clients) assertNumbered(heard(client, id), COUNT + 1);
      }
      for (const client of clients) assert.deepEqual(client.disconnects, []);
    });
  }
}

test('a server that was demoted while its connections stay is noticed by the edges', async (t) => {
  const id = roomOn(1);
  const clients = await listeners(t, [id]);
  await command(second.port, ['REPLICAOF', '127.0.0.1', String(await freePort())]); // keeps what it has
  await Promise.all(edges.map((edge) => edge.logs(new RegExp(`Redis ${addresses[1]}.*READONLY`))));
  await command(second.port, ['REPLICAOF', 'NO', 'ONE']);
  await made.ready();
  await say(id, 0);
  await hearAll(clients, id, 1);
});

test('a client that comes back gets what it has missed, from both servers', async (t) => {
  const ids = [roomOn(0), roomOn(1)];
  const [watcher] = await listeners(t, ids);
  const line = await Line.to(t, edges[0]);
  const traveller = await Traveller.connect(t, line, { userId: 'traveller' });
  for (const id of ids) await traveller.join('conversation', id);
  await sayAll(ids, 0, 5);
  for (const id of ids) await hearAll([traveller], id, 5);
  const back = await traveller.away(async () => {
    await sayAll(ids, 5, 5);
    for (const id of ids) await hearAll([watcher], id, 10);
  }, { edge: edges[1] });
  assert.ok(back.recovered);
  for (const id of ids) {
    await hearAll([traveller], id, 10);
    assertNumbered(heard(traveller, id), 10);
  }
});

test('ws-control disconnects a user, and the session is not recovered', async (t) => {
  const line = await Line.to(t, edges[0]);
  const traveller = await Traveller.connect(t, line, { userId: 'unwanted' });
  const settings = { ...env, RABBITMQ_HOST: '' };
  const back = await traveller.away(async () => {
    const { code, stderr } = await run(built('ws-control'), ['kick', 'unwanted'], { env: settings });
    assert.notEqual(code, -1, stderr);
    assert.equal(await command(servers[0].port, ['EXISTS', 'ws:kicked:unwanted']), 1);
  });
  assert.ok(!back.recovered);
});

test('a relay that starts while a server is away takes nothing before it is there', async (t) => {
  const id = roomOn(0);
  const [client] = await listeners(t, [id]);
  await relay.stop();
  await second.kill();
  await say(id, 0);
  await relay.start();
  await relay.logs(new RegExp(`unavailable.*Redis ${addresses[1]}`));
  assert.equal((await request(`${relay.opsUrl}/ready`)).status, 503);
  assert.equal(await relay.metric('ws_relay_active'), 0);
  await second.start();
  await hearAll([client], id, 1);
  await made.ready();
});

test('an edge whose servers are in another order says so', async () => {
  const edge = await made.addEdge({ REDIS_NODES: [...addresses].reverse().join() });
  await edge.logs(/relay and edge have different servers of Redis.*REDIS_NODES/);
  await edge.stop();
});

test('an edge that has one of the servers says so', async () => {
  const edge = await made.addEdge({ REDIS_NODES: addresses[0] });
  await edge.logs(/relay and edge have different servers of Redis.*relay_nodes=2/);
  await edge.stop();
});
