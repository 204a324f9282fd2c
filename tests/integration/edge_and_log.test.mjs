// An edge between a log and a bus that do not always agree; the test plays the relay.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createClient } from 'redis';
import { connect } from './support/clients.mjs';
import { heartbeat, logged } from './support/envelope.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { until } from './support/wait.mjs';

const LOG = 'ws:log:{0}';
const BUS = 'ws:bus:{0}';
const ROOM = 'conversation:log';

const made = await gateway({ edges: 0, relays: 0 });
const redis = createClient({
  database: 1, socket: { host: '127.0.0.1', port: made.brokers.redis.port },
});
await redis.connect();

// The positions of this relay. Each event knows the one before it.
let top = { epoch: Date.now(), seq: 0 };

const beat = () => redis.publish('ws:control', heartbeat({ top }));
let beating = setInterval(() => { beat().catch(() => {}); }, 300);
after(() => {
  clearInterval(beating);
  return redis.disconnect();
});

const idOf = ({ epoch: of, seq }) => `${of}-${seq}`;

// Gives the next event its place, the first of a later epoch if it is asked for, and says nothing
// of it yet.
function next(message, inEpoch = top.epoch) {
  const prev = top.seq > 0 ? top : undefined;
  const at = { epoch: inEpoch, seq: inEpoch === top.epoch ? top.seq + 1 : 1 };
  const bytes = logged({ id: `id-${idOf(at)}`, at, prev, room: ROOM, event: 'new_message',
    args: { conversationId: 'log', message, timestamp: new Date().toISOString() } });
  top = at;
  return {
    append: () => redis.xAdd(LOG, idOf(at), { e: bytes }),
    publish: () => redis.publish(BUS, bytes),
  };
}

async function both(message, inEpoch) {
  const event = next(message, inEpoch);
  await event.append();
  await event.publish();
}

await both('first');
const edge = await made.addEdge();
await edge.ready();

const messages = (client) => client.all('new_message').map(({ message }) => message);

async function member(t) {
  const client = await connect(t, edge, { userId: 'u1' });
  await client.join('conversation', 'log');
  return client;
}

const arrived = (client, expected) => until(expected.join(), () => {
  if (messages(client).length >= expected.length) return true;
  throw new Error(messages(client).join());
}).then(() => assert.deepEqual(messages(client), expected));

test('what is older than the edge is not delivered', async (t) => {
  const client = await member(t);
  await both('second');
  await arrived(client, ['second']);
});

test('a publication that was lost is read from the log, before the one behind it', async (t) => {
  const client = await member(t);
  await both('a');
  await next('b').append();
  await next('c').append();
  await both('d');
  await arrived(client, ['a', 'b', 'c', 'd']);
});

test('one that was lost with nothing behind it is noticed by the heartbeat', async (t) => {
  const client = await member(t);
  await next('alone').append();
  await arrived(client, ['alone']);
});

test('one that comes twice is delivered once', async (t) => {
  const client = await member(t);
  const event = next('once');
  await event.append();
  await event.publish();
  await event.publish();
  await both('then');
  await event.publish();
  await both('last');
  await arrived(client, ['once', 'then', 'last']);
});

test('publications out of order are put into the order of the log', async (t) => {
  const client = await member(t);
  const [one, two, three] = [next('1'), next('2'), next('3')];
  for (const event of [one, two, three]) await event.append();
  for (const event of [three, one, two]) await event.publish();
  await arrived(client, ['1', '2', '3']);
});

test('a thousand that were never published', async (t) => {
  const client = await member(t);
  const expected = Array.from({ length: 1000 }, (_, i) => i);
  for (const message of expected) await next(message).append();
  await arrived(client, expected);
});

test('a new epoch goes on where the old one ended', async (t) => {
  const client = await member(t);
  await both('old');
  await both('new', top.epoch + 1000);
  await both('newer');
  await arrived(client, ['old', 'new', 'newer']);
});

test('rubbish on bus and log harms nothing', async (t) => {
  const client = await member(t);
  await both('before');
  const malformed = await edge.metric('ws_edge_envelopes_malformed_total');
  const halfAField = Buffer.from([0x0a, 0xff, 0x7f]);
  for (const rubbish of ['', 'rubbish', Buffer.alloc(1000, 0xff), halfAField]) {
    await redis.publish(BUS, rubbish);
    await redis.publish('ws:control', rubbish);
  }
  await both('after');
  await arrived(client, ['before', 'after']);
  await until('the counter', async () =>
    (await edge.metric('ws_edge_envelopes_malformed_total')) > malformed);
});

test('what the log has lost is not passed over: clients are told to come back', async (t) => {
  const client = await member(t);
  await both('here');
  await arrived(client, ['here']);
  const losses = await edge.metric('ws_edge_losses_total');
  await next('lost').append();
  await redis.xTrim(LOG, 'MAXLEN', 0);
  await both('behind it');
  await until('the end of the transport', () => client.disconnects.length > 0);
  assert.deepEqual(client.disconnects, ['transport close']);
  assert.equal(await edge.metric('ws_edge_losses_total'), losses + 1);
  const back = await member(t);
  await both('fine again');
  await until('the next one', () => messages(back).includes('fine again'));
});

test('/health shows what the relay says of its RabbitMQ, and its silence', async () => {
  const health = async () => (await request(`${edge.url}/health`)).json();
  await until('the words of the relay', async () =>
    (await health()).eventBus.host === 'rabbit.example');
  assert.equal((await health()).status, 'healthy');
  clearInterval(beating);
  beating = setInterval(() => {
    redis.publish('ws:control', heartbeat({ top, connected: false, attempts: 3 })).catch(() => {});
  }, 300);
  await until('degraded', async () => (await health()).status === 'degraded');
  assert.deepEqual((await health()).eventBus,
    { isConnected: false, reconnectAttempts: 3, host: 'rabbit.example', port: 5672 });
  assert.equal((await request(`${edge.opsUrl}/ready`)).status, 200);
  clearInterval(beating);
  await until('not ready', async () => (await request(`${edge.opsUrl}/ready`)).status === 503);
});
