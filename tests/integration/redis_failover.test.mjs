// The primary is demoted and its name leads to another server, and nobody ends the connections.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startBrokers } from './support/brokers.mjs';
import { connect, newConversation } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { Redis, command } from './support/redis.mjs';
import { sleep, until } from './support/wait.mjs';
import { Wire } from './support/wire.mjs';

const brokers = await startBrokers(['redis']);
const second = await Redis.start(join(brokers.dir, 'second'));
const wire = await Wire.to(brokers.redis.port); // what the name leads to
after(async () => {
  wire.close();
  await second.stop();
});
let [primary, replica] = [brokers.redis, second];

const follow = (redis, ...address) => command(redis.port, ['REPLICAOF', ...address]);

async function replicate() {
  await follow(replica, '127.0.0.1', String(primary.port));
  await until('replication', async () =>
    /master_link_status:up/.test(await command(replica.port, ['INFO', 'replication'])));
}

async function failOver() {
  await follow(replica, 'NO', 'ONE');
  await follow(primary, '127.0.0.1', String(replica.port));
  wire.target = replica.port;
  [primary, replica] = [replica, primary];
}

await command(second.port, ['FLUSHALL']);
const env = { REDIS_PORT: String(wire.port) };
const made = await gateway({ brokers, edges: 0, relays: 0 });
await replicate();
const edges = [await made.addEdge(env), await made.addEdge(env)];
const relays = [await made.addRelay(env)];
await relays[0].ready();
relays.push(await made.addRelay(env));
await made.ready();

const readiness = (process) => request(`${process.opsUrl}/ready`);
const says = async (relay, role) => (await readiness(relay)).body === `ok (${role})`;

async function arrives(t) {
  const room = newConversation();
  const clients = [];
  for (const edge of edges) {
    const client = await connect(t, edge, { userId: 'u1' });
    await client.join('conversation', room.id);
    clients.push(client);
  }
  await made.services.publish('message.sent', { conversationId: room.id, message: 'after' });
  for (const client of clients) assert.equal((await client.next('new_message')).message, 'after');
}

async function allReady() {
  await until('all to be ready', async () => {
    const answers = await Promise.all([...edges, ...relays].map(readiness));
    const bad = answers.filter(({ status }) => status !== 200);
    if (bad.length > 0) throw new Error(bad.map(({ body }) => body).join(', '));
    return true;
  });
}

test('with no event on the way: edges and relays follow the name, and stay ready', async (t) => {
  await failOver();
  await sleep(6000); // a heartbeat at the demoted server would keep no edge ready
  await allReady();
  await arrives(t);
});

test('then the active relay dies: the one that stood by can claim the log', async (t) => {
  await failOver();
  const active = await says(relays[0], 'active') ? 0 : 1;
  await relays[active].kill();
  await until('the other to be active', () => says(relays[1 - active], 'active'));
  await arrives(t);
  await relays[active].start();
  await allReady();
});

test('with events on the way: the active relay follows as well', async (t) => {
  await arrives(t);
  await failOver();
  await arrives(t);
  await allReady();
});

test('a relay that is cut off from Redis gives up its queues after 10 s', async (t) => {
  const [active, other] = await says(relays[0], 'active') ? relays : [relays[1], relays[0]];
  const own = await Wire.to(primary.port);
  t.after(() => own.close());
  await active.stop();
  await until('the other to be active', () => says(other, 'active'));
  active.env.REDIS_PORT = String(own.port);
  await active.start();
  await until('it to stand by', () => says(active, 'standby'));
  await other.stop();
  await until('it to be active', () => says(active, 'active'));
  await other.start();
  await until('the other to stand by', () => says(other, 'standby'));
  own.freeze();
  await until('it not to be ready', async () => (await readiness(active)).status === 503, 4000);
  await until('the other to be active', () => says(other, 'active'), 14_000);
  await arrives(t);
  own.thaw();
  await until('it to stand by again', () => says(active, 'standby'));
  assert.equal(await active.metric('ws_relay_given_up_total'), 1);
});
