// user.connected and user.disconnected at RabbitMQ: the first connection of a user over all edges
// and the last, also after an edge was killed.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { command } from './support/redis.mjs';
import { until } from './support/wait.mjs';

const GRACE_MS = 2000;

const dir = await mkdtemp(join(tmpdir(), 'user-events-'));
after(() => rm(dir, { recursive: true, force: true }));
const GATEWAY_FILE = join(dir, 'gateway.json');
await writeFile(GATEWAY_FILE, JSON.stringify({
  users: { presence: true, graceSeconds: GRACE_MS / 1000, events: { exchange: 'users', disconnected: 'user.left' } },
  events: [{ routingKey: 'user.told', room: 'user:{id}', event: 'news', fields: ['n'] }],
}));

const made = await gateway({ edges: 0, relays: 0 });
const { channel } = made.services;
await channel.assertExchange('users', 'topic', { durable: false, autoDelete: true });
const { queue } = await channel.assertQueue('', { exclusive: true });
await channel.bindQueue(queue, 'users', '#');
const events = []; // "<routing key> <user>"
const bodies = [];
await channel.consume(queue, ({ content, fields }) => {
  const body = JSON.parse(content);
  bodies.push(body);
  events.push(`${fields.routingKey} ${body.userId}`);
}, { noAck: true });

await made.addRelay({ GATEWAY_FILE });
const one = await made.addEdge({ GATEWAY_FILE });
const other = await made.addEdge({ GATEWAY_FILE });
await made.ready();

const of = (id) => events.filter((event) => event.endsWith(` ${id}`));
const on = (t, edge, userId) => connect(t, edge, { userId });
const redis = (...args) => command(made.brokers.redis.port, args);
const comes = (id, ...wanted) => until(`${wanted} of ${id}`, () => {
  assert.deepEqual(of(id), wanted.map((key) => `${key} ${id}`));
  return true;
});
const [IN, OUT] = ['user.connected', 'user.left'];

test('the first connection and the last, over both edges', async (t) => {
  const clients = [await on(t, one, 'a"1/é')];
  await comes('a"1/é', IN);
  clients.push(await on(t, other, 'a"1/é'), await on(t, one, 'a"1/é'));
  await until('all written', async () =>
    (await redis('HGETALL', 'ws:user:a"1/é')).filter((_, i) => i % 2 === 1).sort().join() === '1,2');
  for (const client of clients) client.close();
  await comes('a"1/é', IN, OUT);
  const { timestamp, ...body } = bodies.find(({ userId }) => userId === 'a"1/é');
  assert.deepEqual(body, {
    eventName: 'user.connected', data: { userId: 'a"1/é' }, userId: 'a"1/é', service: 'websocket-gateway',
  });
  assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('reconnects within the grace are no news', async (t) => {
  // A machine that stands still may make one too late; then it is done again with another user.
  for (let run = 0, longest = Infinity; longest > GRACE_MS / 2; run++) {
    let client = await on(t, one, `b${run}`);
    await comes(`b${run}`, IN);
    longest = 0;
    for (let i = 0; i < 6; i++) {
      const since = Date.now();
      client.close();
      client = await on(t, i % 2 ? one : other, `b${run}`);
      longest = Math.max(longest, Date.now() - since);
    }
    client.close();
    if (longest > GRACE_MS / 2) await until('the end', () => of(`b${run}`).at(-1)?.startsWith(OUT));
    else await comes(`b${run}`, IN, OUT);
  }
});

test('of a full uplink the presence is kept, and the loss counted', async (t) => {
  await made.relay.stop();
  const lost = () => one.metric('ws_edge_user_events_lost_total');
  const before = await lost();
  await redis('SET', 'ws:uplink:bytes', String(2 ** 40));
  await on(t, one, 'c');
  await until('the loss', async () => (await lost()) > before);
  await until('c', async () => (await redis('EXISTS', 'ws:user:c')) === 1);
  await redis('DEL', 'ws:uplink:bytes');
  await made.relay.start();
  await made.relay.ready();
});

test('an edge that was killed: its users are gone, those of the other are not', async (t) => {
  await on(t, one, 'both');
  await on(t, other, 'both');
  await on(t, other, 'falls');
  await comes('falls', IN);
  await until('both', async () => (await redis('HLEN', 'ws:user:both')) === 2);
  const [lease] = (await redis('KEYS', 'ws:edges:*')).filter((key) => key.includes(`-${other.child.pid}-`));
  await other.kill();
  await redis('DEL', lease); // it would be over after 13 s
  await comes('falls', IN, OUT);
  await until('it', async () => (await redis('HLEN', 'ws:user:both')) === 1);
  assert.deepEqual(of('both'), [`${IN} both`]);
});
