// The rights in Redis that docs/operations.md grants are enough, and those that only guard can miss.
import assert from 'node:assert/strict';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { createClient } from 'redis';
import { Api, apiSettings, presenceFile } from './support/api.mjs';
import { startBrokers } from './support/brokers.mjs';
import { run } from './support/child.mjs';
import { connect, newConversation } from './support/clients.mjs';
import { brokerSettings, built, gateway } from './support/gateway.mjs';
import { until } from './support/wait.mjs';

const PASSWORD = 'change-me';
const GUARDS = ['+role', '+info', '+memory|usage', '+xlen', '+xtrim'];

const guide = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
const RIGHTS = /ACL SETUSER gateway (reset on .*)/.exec(guide)[1].replaceAll('\'', '').split(' ')
  .filter((word) => !word.startsWith('>'));

const brokers = await startBrokers(['redis']);

// The user default may do everything; the programs log in as another one, or as one without a name.
const admin = createClient({ database: 1, socket: { host: '127.0.0.1', port: brokers.redis.port } });
after(() => admin.disconnect()); // before Redis is stopped
await admin.connect();

const made = await gateway({ brokers, edges: 0, relays: 0 });

// With all that writes to Redis: presence, actions, and events of clients for services.
async function wholeFile() {
  const path = await presenceFile(0);
  const file = JSON.parse(await readFile(path, 'utf8'));
  file.events.push({ routingKey: 'member.removed', leave: { user: '{userId}', room: 'lobby:{id}' } });
  file.clientEvents = { ...file.clientEvents,
    location: { publish: { exchange: 'hometrip', routingKey: 'client.location' } } };
  await writeFile(path, JSON.stringify(file));
  return path;
}

const env = {
  REDIS_USERNAME: 'gateway', REDIS_PASSWORD: PASSWORD, GATEWAY_FILE: await wholeFile(),
  ...await apiSettings() };
const control = (args, more) =>
  run(built('ws-control'), args, { env: { ...brokerSettings(made.brokers), ...env, ...more } });

async function works(t, rights) {
  await admin.sendCommand(['ACL', 'SETUSER', 'gateway', ...rights, `>${PASSWORD}`]);
  const [relay, edge] = [await made.addRelay(env), await made.addEdge(env)];
  await Promise.all([relay.ready(), edge.ready()]);
  const room = newConversation();
  const client = await connect(t, edge, { userId: 'u1' });
  await client.join('conversation', room.id);
  await made.services.publish('message.sent', { conversationId: room.id, message: 1 });
  await client.next('new_message');
  await until('two announcements', async () =>
    (await relay.metric('ws_relay_heartbeats_total')) > 3);
  return [relay, edge];
}

// Some run only when something has gone wrong.
test('each command of the scripts is among them', async () => {
  const used = new Set();
  for (const folder of ['proto', 'edge', 'relay']) {
    const root = new URL(`../../${folder}/`, import.meta.url);
    for (const name of await readdir(root, { recursive: true })) {
      if (!/\.[ch]$/.test(name)) continue;
      const text = await readFile(new URL(name, root), 'utf8');
      for (const [, word] of text.matchAll(/redis\.p?call\('([A-Za-z]+)'/g)) used.add(`+${word.toLowerCase()}`);
    }
  }
  assert.ok(used.size > 10);
  assert.deepEqual([...used].filter((word) => !RIGHTS.includes(word)), []);
});

test('with those of the guide nothing is refused', async (t) => {
  const processes = await works(t, RIGHTS);
  const kicked = await control(['kick', 'u1']);
  assert.equal(kicked.code, 0, kicked.stderr);
  const [relay, edge] = processes;
  await admin.sendCommand(['HSET', 'ws:user:u2', 'dead', '1']);
  await admin.sendCommand(['SADD', 'ws:edge-users:dead', 'u2']);
  await admin.sendCommand(['HSET', 'ws:presence-edges', 'dead', '1']);
  await until('what a dead edge has left to be taken out', async () =>
    (await relay.metric('ws_relay_presence_removed_total')) === 1);
  assert.ok((await edge.metric('ws_edge_presence_writes_total')) > 0);
  await uses(t, relay, edge);
  for (const process of processes) {
    assert.doesNotMatch(process.log, /NOPERM/);
    await process.stop();
  }
});

// Each of them, of whom Redis asks other commands.
async function uses(t, relay, edge) {
  const client = await connect(t, edge, { userId: 'u2' });
  const ask = async (...event) =>
    assert.equal((await client.socket.timeout(30_000).emitWithAck(...event)).success, true);
  await ask('join_room', { roomType: 'lobby', roomId: '1' });
  await ask('location', { lat: 1 });
  await made.services.publish('member.removed', { userId: 'u2', id: '1' });
  await until('the client to be out', async () => (await edge.metric('ws_edge_actions_total')) > 0);
  const api = await Api.of(relay);
  const booking = { userId: 'u2', bookingId: 'b1' };
  const asked = [
    ...[1, 2].map(() => ['POST', '/v1/events/booking.confirmed', booking, { 'Idempotency-Key': 'k' }]),
    ['POST', '/v1/events/booking.confirmed', booking],
    ['GET', '/v1/edges'], ['GET', '/v1/presence/users/u2'], ['GET', '/v1/presence/rooms/lobby:1'],
    ['POST', '/v1/users/u2/leave', { room: 'lobby:1' }], ['POST', '/v1/users/u2/disconnect'],
    ['POST', '/v1/users/u2/revoke', { seconds: 60 }],
  ];
  for (const one of asked) {
    const { status, body } = await api.ask(...one);
    assert.ok(status < 300, `${one[1]}: ${status} ${body}`);
  }
  for (const args of [['edges'], ['kick', 'u3'], ['revoke', 'u3'], ['leave', 'u3', 'lobby:1'], ['drain', 'nobody']]) {
    assert.doesNotMatch((await control(args)).stderr, /NOPERM/);
  }
}

test('without those that guard events still arrive, and the log says what is missing', async (t) => {
  const [relay, edge] = await works(t, RIGHTS.filter((right) => !GUARDS.includes(right)));
  await relay.logs(/LOG_MAX_BYTES reason=\\"NOPERM .*grant memory\|usage, xlen and xtrim/);
  assert.equal(await edge.metric('ws_edge_redis_failures_total'), 0);
  assert.equal(await relay.metric('ws_relay_redis_outages_total'), 0);
  await Promise.all([relay.stop(), edge.stop()]);
});

test('a user that Redis does not know, or not with this password, is told and not let in', async () => {
  await admin.sendCommand(['ACL', 'SETUSER', 'gateway', ...RIGHTS, `>${PASSWORD}`]);
  for (const more of [{ REDIS_USERNAME: 'nobody' }, { REDIS_PASSWORD: 'not-this-one' }]) {
    const processes = [await made.addRelay({ ...env, ...more }), await made.addEdge({ ...env, ...more })];
    for (const process of processes) {
      await until('a line about it', () => /WRONGPASS .*REDIS_USERNAME and REDIS_PASSWORD/.test(process.log));
      assert.ok(!process.log.includes(PASSWORD) && !process.log.includes('not-this-one'));
      await process.stop();
    }
    const { code, stderr } = await control(['edges'], more);
    assert.equal(code, 1);
    assert.match(stderr, /WRONGPASS[^]*REDIS_USERNAME and REDIS_PASSWORD/);
  }
});
