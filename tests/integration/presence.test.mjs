// Who is online and how many are in a room, over two edges, by the HTTP API; and room_count, which
// members get.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Api, apiSettings } from './support/api.mjs';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { command } from './support/redis.mjs';
import { until } from './support/wait.mjs';

const dir = await mkdtemp(join(tmpdir(), 'presence-'));
after(() => rm(dir, { recursive: true, force: true }));
const GATEWAY_FILE = join(dir, 'gateway.json');
await writeFile(GATEWAY_FILE, JSON.stringify({
  users: { presence: true, graceSeconds: 1 },
  rooms: {
    lobby: { join: 'open', announce: false, presence: true, announceCount: true },
    hall: { join: 'open', announce: false, presence: true },
    plain: { join: 'open' },
  },
  events: [{ routingKey: 'hall.told', room: 'hall:{id}', event: 'hall_news', fields: ['n'] }],
}));

const made = await gateway({ edges: 2, env: { GATEWAY_FILE }, relayEnv: await apiSettings() });
const [one, other] = made.edges;
const api = await Api.of(made.relay);
const redis = (...args) => command(made.brokers.redis.port, args);

const on = (t, edge, userId) => connect(t, edge, { userId, further: ['room_count'] });
const enter = (client, roomType, roomId) =>
  client.socket.emitWithAck('join_room', { roomType, roomId });
const leave = (client, roomType, roomId) =>
  client.socket.emitWithAck('leave_room', { roomType, roomId });

async function says(path, body) {
  const answer = await api.ask(body ? 'POST' : 'GET', `/v1/presence/${path}`, body);
  assert.equal(answer.status, 200, `${answer.body}`);
  return answer.json();
}
const shows = (path, wanted) => until(`${path}: ${JSON.stringify(wanted)}`, async () => {
  assert.deepEqual(await says(path), wanted);
  return true;
});
const user = (id, connections, edges) =>
  ({ user: id, online: edges > 0, connections, edges });
const isOf = (edge) => (key) => key.includes(`-${edge.child.pid}-`);
const room = (name, count, edges) => ({ room: name, count, edges });

test('a user is online from the first connection to the last, over all edges', async (t) => {
  await shows('users/u1', user('u1', 0, 0));
  const clients = [await on(t, one, 'u1')];
  await shows('users/u1', user('u1', 1, 1));
  clients.push(await on(t, one, 'u1'), await on(t, other, 'u1'));
  await shows('users/u1', user('u1', 3, 2));
  clients[2].close();
  await shows('users/u1', user('u1', 2, 1));
  clients[0].close();
  clients[1].close();
  await shows('users/u1', user('u1', 0, 0));
  assert.deepEqual(await redis('KEYS', 'ws:user:u1'), []);
});

test('several at once, with names of any letters', async (t) => {
  await on(t, one, 'ü 1/2');
  await shows(`users/${encodeURIComponent('ü 1/2')}`, user('ü 1/2', 1, 1));
  assert.deepEqual(await says('users', { users: ['nobody', 'ü 1/2'] }),
    { users: [user('nobody', 0, 0), user('ü 1/2', 1, 1)] });
});

test('a disconnected user is offline', async (t) => {
  await on(t, other, 'kicked');
  await shows('users/kicked', user('kicked', 1, 1));
  assert.equal((await api.command('kicked', 'disconnect')).json().sockets, 1);
  await shows('users/kicked', user('kicked', 0, 0));
});

test('clients in a room are counted over all edges', async (t) => {
  const clients = [await on(t, one, 'a'), await on(t, other, 'b'), await on(t, other, 'c')];
  for (const client of clients) await enter(client, 'hall', 'h 1');
  const path = `rooms/${encodeURIComponent('hall:h 1')}`;
  await shows(path, room('hall:h 1', 3, 2));
  await leave(clients[1], 'hall', 'h 1');
  await shows(path, room('hall:h 1', 2, 2));
  clients[0].close();
  await shows(path, room('hall:h 1', 1, 1));
  assert.deepEqual(await says('rooms', { rooms: ['hall:h 1', 'lobby:none'] }),
    { rooms: [room('hall:h 1', 1, 1), room('lobby:none', 0, 0)] });
  assert.deepEqual(clients[2].all('room_count'), []);
});

test('members are told how many they are', async (t) => {
  const clients = [await on(t, one, 'a'), await on(t, other, 'b'), await on(t, one, 'c')];
  const last = (client) => client.all('room_count').at(-1);
  for (const client of clients) await enter(client, 'lobby', 'l');
  for (const client of clients) await until('three', () => last(client)?.count === 3);
  const { timestamp, ...told } = last(clients[0]);
  assert.deepEqual(told, { room: 'lobby:l', count: 3 });
  assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  await leave(clients[0], 'lobby', 'l');
  clients[1].close();
  await until('one', () => last(clients[2]).count === 1);
});

test('joining and leaving fast tells once a second', async (t) => {
  const [stays, flaps] = [await on(t, one, 'a'), await on(t, other, 'b')];
  await enter(stays, 'lobby', 'fast');
  const began = Date.now();
  for (let i = 0; i < 50; i++) {
    await enter(flaps, 'lobby', 'fast');
    if (i < 49) await leave(flaps, 'lobby', 'fast');
  }
  await until('two', () => stays.all('room_count').at(-1)?.count === 2);
  const seconds = (Date.now() - began) / 1000;
  assert.ok(stays.all('room_count').length <= seconds + 3,
    `${stays.all('room_count').length} in ${seconds} s`);
});

test('what is not kept is no presence', async () => {
  for (const name of ['plain:1', 'none:1', 'user:u1', 'hall']) {
    const answer = await api.ask('GET', `/v1/presence/rooms/${encodeURIComponent(name)}`);
    assert.equal(answer.status, 404, name);
    assert.equal(answer.json().error.code, 'presence_off');
  }
  for (const users of [undefined, [], 'u1', [1], [''], Array(101).fill('u')]) {
    const answer = await api.ask('POST', '/v1/presence/users', { users });
    assert.equal(answer.status, 422, JSON.stringify(users));
  }
});

// Keys of another program that writes into the gateway's Redis.
test('keys that are no hashes do not keep what a dead edge has left', async () => {
  const left = ['one', 'two', 'three'].flatMap((name) => [['room-count', 'rooms', `hall:${name}`], ['user', 'users', name]]);
  for (const [kind, of] of [['room-count', 'rooms'], ['user', 'users']]) {
    await redis('SET', `ws:${kind}:foreign`, 'a text');
    await redis('SADD', `ws:edge-${of}:dead`, 'foreign');
  }
  for (const [kind, of, name] of left) {
    await redis('HSET', `ws:${kind}:${name}`, 'dead', '1');
    await redis('SADD', `ws:edge-${of}:dead`, name);
  }
  await redis('HSET', 'ws:presence-edges', 'dead', String(Date.now() - 100_000));
  for (const [kind, , name] of left) {
    await until(`${kind}:${name} to be taken out`, async () => await redis('EXISTS', `ws:${kind}:${name}`) === 0);
  }
  await redis('DEL', 'ws:user:foreign', 'ws:room-count:foreign');
});

test('an edge that was frozen is out meanwhile, and comes back with all', async (t) => {
  const client = await on(t, other, 'frozen');
  await enter(client, 'hall', 'f');
  await shows('users/frozen', user('frozen', 1, 1));
  await shows('rooms/hall:f', room('hall:f', 1, 1));
  const [lease] = (await redis('KEYS', 'ws:edges:*')).filter(isOf(other));
  other.child.signal('SIGSTOP');
  await redis('DEL', lease);
  await shows('users/frozen', user('frozen', 0, 0));
  await until('no more fields', async () => (await redis('EXISTS', 'ws:user:frozen')) === 0);
  other.child.signal('SIGCONT');
  await shows('users/frozen', user('frozen', 1, 1));
  await shows('rooms/hall:f', room('hall:f', 1, 1));
});

test('what an edge had that was killed is out within 15 s', async (t) => {
  const stays = await on(t, one, 'stays');
  const both = [stays, await on(t, other, 'falls')];
  for (const client of both) await enter(client, 'lobby', 'k');
  await until('two', () => stays.all('room_count').at(-1)?.count === 2);
  await shows('users/falls', user('falls', 1, 1));
  await other.kill();
  await shows('users/falls', user('falls', 0, 0));
  await until('one', () => stays.all('room_count').at(-1)?.count === 1);
  await until('nothing left', async () =>
    (await redis('EXISTS', 'ws:user:falls')) === 0 &&
    !(await redis('HKEYS', 'ws:room-count:lobby:k')).some(isOf(other)));
});
