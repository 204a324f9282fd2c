// GATEWAY_FILE read again on SIGHUP: what a running edge decides by another file, and what stays.
import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { sharedBrokers } from './support/brokers.mjs';
import { Client, connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';
import { command } from './support/redis.mjs';
import { reload } from './support/reload.mjs';
import { RoomService } from './support/room_service.mjs';
import { token } from './support/tokens.mjs';
import { EXCHANGE, Fleet } from './support/uplink.mjs';
import { until } from './support/wait.mjs';

const dir = await mkdtemp(join(tmpdir(), 'gateway-file-reload-'));
const [orders, others] = [await RoomService.start(), await RoomService.start()];
after(async () => {
  await Promise.all([orders.close(), others.close()]);
  await rm(dir, { recursive: true, force: true });
});

const path = join(dir, 'gateway.json');
const route = (routingKey, room, event) => ({ routingKey, room, event, fields: ['n'] });
const events = [route('lobby.told', 'lobby:{id}', 'lobby_news')];
const by = (service, path = '/api/orders/{id}') => ({ join: 'service', url: service.url, path });
const FIRST = { rooms: { lobby: { join: 'open' }, order: by(orders) }, events };

// Written whole and renamed: a program never reads a half of it.
async function write(content) {
  const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2);
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

await write(FIRST);
const fleet = await (await Fleet.declare(sharedBrokers())).listen();
const env = { GATEWAY_FILE: path, ROOM_AUTHORIZATION_CONCURRENCY: '2', DEV_CONSOLE: 'true' };
const made = await gateway({ edges: 2, env });
const { edge, relay } = made;
const other = made.edges[1];
const redis = (...args) => command(made.brokers.redis.port, args);

async function use(content, result = 'done') {
  await write(content);
  return reload(edge, result);
}

// Relays first, so that what clients can join is told.
async function useEverywhere(content) {
  await write(content);
  for (const process of [relay, edge, other]) await reload(process);
}

const on = (t, edge, userId, claims = {}) => connect(t, edge, {
  judged: false, auth: { token: token({ id: userId, ...claims }) },
});
const ask = (client, event, roomType, roomId, data) =>
  client.socket.timeout(30_000).emitWithAck(event, { roomType, roomId, data });
const enter = (client, type, id) => ask(client, 'join_room', type, id);
const joined = (room) => ({ success: true, message: `Joined room: ${room}` });
const left = (room) => ({ success: true, message: `Left room: ${room}` });
const NO_TYPE = { error: 'Invalid roomType' };

test('a type, its route and an event of clients are added, at both programs', async (t) => {
  await useEverywhere(FIRST);
  const [one, two] = [await on(t, edge, 'u1'), await on(t, other, 'u2')];
  assert.deepEqual(await enter(one, 'court', '1'), NO_TYPE);
  await useEverywhere({
    rooms: { ...FIRST.rooms, court: { join: 'open', announce: false } },
    events: [...events, route('court.told', 'court:{id}', 'court_news')],
    clientEvents: { serve: { room: true, as: 'served', maxBytes: 8 } },
  });
  for (const client of [one, two])
    assert.deepEqual(await enter(client, 'court', '1'), joined('court:1'));
  await made.services.publish('court.told', { id: '1', n: 5 });
  assert.deepEqual(await two.next('court_news'), { n: 5 });
  assert.deepEqual(await ask(one, 'serve', 'court', '1', 'ace'), { success: true });
  assert.equal((await two.next('served')).data, 'ace');
  assert.deepEqual(await ask(one, 'serve', 'court', '1', 'a double fault'),
    { error: 'Payload too large' });
});

test('the console shows the new file', async () => {
  await use({ ...FIRST, rooms: { ...FIRST.rooms, attic: { join: 'open' } } });
  const { body } = await request(`${edge.url}/console/gateway.json`);
  assert.match(body, /attic/);
});

describe('of a type that became none', () => {
  const none = { rooms: { ...FIRST.rooms, lobby: { join: 'none' } },
    events: [...events, { routingKey: 'lobby.let_in', join: { user: '{u}', room: 'lobby:{id}' } }] };

  test('members stay and may leave, nobody joins, and a recovery does not bring back', async (t) => {
    await use(FIRST);
    const [stays, leaves, recovers] = [await on(t, edge, 'u1'), await on(t, edge, 'u2'),
      await on(t, edge, 'u3')];
    for (const client of [stays, leaves, recovers])
      assert.deepEqual(await enter(client, 'lobby', 'l'), joined('lobby:l'));
    await made.services.publish('lobby.told', { id: 'l', n: 1 });
    for (const client of [stays, leaves, recovers])
      assert.deepEqual(await client.next('lobby_news'), { n: 1 });
    await use(none);
    assert.deepEqual(await ask(leaves, 'leave_room', 'lobby', 'l'), left('lobby:l'));
    assert.deepEqual(await enter(leaves, 'lobby', 'l'), NO_TYPE);
    recovers.socket.io.engine.close();
    await until('the disconnection', () => recovers.disconnects.length === 1);
    await made.services.publish('lobby.told', { id: 'l', n: 2 });
    assert.deepEqual(await stays.next('lobby_news'), { n: 2 });
    recovers.socket.connect();
    await until('the recovery', () => recovers.all('connected').length === 2);
    assert.equal(recovers.socket.recovered, true);
    assert.deepEqual(await ask(recovers, 'typing', 'lobby', 'l'), { error: 'Not in room' });
    assert.equal(recovers.all('lobby_news').length, 1);
  });

  test('the same of a type that is gone', async (t) => {
    await use(FIRST);
    const client = await on(t, edge, 'u4');
    await enter(client, 'lobby', 'm');
    await use({ rooms: { order: by(orders) } });
    assert.deepEqual(await enter(client, 'lobby', 'n'), NO_TYPE);
    await made.services.publish('lobby.told', { id: 'm', n: 3 });
    assert.deepEqual(await client.next('lobby_news'), { n: 3 });
    assert.deepEqual(await ask(client, 'leave_room', 'lobby', 'm'), left('lobby:m'));
    assert.deepEqual(await ask(client, 'leave_room', 'lobby', 'm'), NO_TYPE);
  });
});

describe('a service', () => {
  test('that is not asked any more: its answer under way counts for nothing', async (t) => {
    await use(FIRST);
    const client = await on(t, edge, 'u5');
    const release = orders.hold('slow');
    const answer = enter(client, 'order', 'slow');
    await orders.isAsked('slow');
    others.say('slow', 403);
    await use({ ...FIRST, rooms: { ...FIRST.rooms, order: by(others, '/other/{id}') } });
    assert.deepEqual(await answer, { error: 'Forbidden' });
    release();
    assert.equal(others.asked('slow').at(-1).path, '/other/slow');
    assert.deepEqual(await enter(client, 'order', 'slow'), { error: 'Forbidden' });
  });

  test('whose yes is remembered: it is forgotten with the rule', async (t) => {
    await use(FIRST);
    const client = await on(t, edge, 'u6');
    assert.deepEqual(await enter(client, 'order', 'kept'), joined('order:kept'));
    await ask(client, 'leave_room', 'order', 'kept');
    others.say('kept', 403);
    await use({ ...FIRST, rooms: { ...FIRST.rooms, order: by(others) } });
    assert.deepEqual(await enter(client, 'order', 'kept'), { error: 'Forbidden' });
  });

  test('that is asked for the first time, with the token that the client had before', async (t) => {
    await use({ rooms: { lobby: { join: 'open' } }, events });
    const client = await on(t, edge, 'u7');
    await use(FIRST);
    assert.deepEqual(await enter(client, 'order', 'first'), joined('order:first'));
    assert.match(orders.asked('first')[0].headers.authorization, /^Bearer /);
  });

  test('is asked about who was let in by another rule, when he comes back', async (t) => {
    await use({ ...FIRST, rooms: { ...FIRST.rooms, order: { join: 'open' } } });
    const client = await on(t, edge, 'u8');
    assert.deepEqual(await enter(client, 'order', 'back'), joined('order:back'));
    orders.say('back', 403);
    await use(FIRST);
    assert.equal(orders.asked('back').length, 0); // who is in stays in
    client.socket.io.engine.close();
    await until('the disconnection', () => client.disconnects.length === 1);
    client.socket.connect();
    await orders.isAsked('back');
    await until('him to be out', async () =>
      (await ask(client, 'typing', 'order', 'back')).error === 'Not in room');
  });
});

describe('a file that is wrong is refused with its line, and the old stays', () => {
  const wrong = [
    ['no JSON', '{\n  "rooms": {', 2],
    ['an unknown way to join', '{"rooms": {\n\n  "lobby": { "join": "all" }\n}}', 3],
    ['a service without a path', '{"rooms": {\n"order": { "join": "service", "url": "http://o" }\n}}', 2],
  ];
  for (const [name, text, line] of wrong) {
    test(name, async (t) => {
      await use(FIRST);
      const client = await on(t, edge, 'u9');
      const lines = await use(text, 'refused');
      const refusal = lines.map((entry) => JSON.stringify(entry)).find((entry) =>
        entry.includes('what=') && entry.includes('gateway file'));
      assert.match(refusal ?? lines.join('\n'), new RegExp(`gateway\\.json:${line}: `));
      assert.ok(!lines.some((entry) => entry.includes('was replaced')));
      assert.deepEqual(await enter(client, 'lobby', 'w'), joined('lobby:w'));
      assert.deepEqual(await enter(client, 'order', 'w'), joined('order:w'));
    });
  }

  test('no file', async (t) => {
    await use(FIRST);
    await rename(path, `${path}.away`);
    await reload(edge, 'refused');
    await rename(`${path}.away`, path);
    assert.deepEqual(await enter(await on(t, edge, 'u9'), 'lobby', 'w'), joined('lobby:w'));
  });
});

test('the same file again replaces nothing', async () => {
  await use(FIRST);
  assert.ok(!(await use(FIRST)).some((line) => line.includes('was replaced')));
});

test('presence and the uplink begin, and end, without a restart', async (t) => {
  await useEverywhere(FIRST);
  const client = await on(t, edge, 'u10');
  await enter(client, 'lobby', 'p');
  assert.equal(await redis('EXISTS', 'ws:user:u10'), 0);
  const told = (connected, disconnected) => ({ exchange: EXCHANGE, connected, disconnected });
  await useEverywhere({
    ...FIRST,
    users: { presence: true, graceSeconds: 0,
      events: told('client.connected', 'client.disconnected') },
    rooms: { ...FIRST.rooms, lobby: { join: 'open', presence: true, announceCount: true } },
    clientEvents: { location: { publish: { exchange: EXCHANGE, routingKey: 'client.location' } } },
  });
  assert.equal((await client.next('room_count')).count, 1);
  await until('the user', async () => await redis('EXISTS', 'ws:user:u10') === 1);
  const message = (key) => until(key, () => fleet.messages.find(({ fields, body }) =>
    fields.routingKey === key && body.userId === 'u10'));
  await message('client.connected');
  assert.deepEqual(await client.socket.timeout(30_000).emitWithAck('location', { at: 1 }),
    { success: true });
  assert.deepEqual((await message('client.location')).body.data, { at: 1 });
  client.close();
  await message('client.disconnected');
  const last = await on(t, edge, 'u11');
  await until('the other user', async () => await redis('EXISTS', 'ws:user:u11') === 1);
  await useEverywhere(FIRST);
  await until('nobody to be kept', async () => await redis('EXISTS', 'ws:user:u11') === 0);
  assert.deepEqual(await enter(last, 'lobby', 'p'), joined('lobby:p'));
});

// Joins of three types, with answers outstanding, while the file is replaced by one that differs.
test('many reloads while clients join', async (t) => {
  await use(FIRST);
  const release = [orders.hold('held'), others.hold('held')];
  const versions = [FIRST,
    { rooms: { order: by(others, '/p/{id}'), extra: { join: 'none' } } },
    { ...FIRST, rooms: { ...FIRST.rooms, order: { join: 'open' } } },
    { ...FIRST, rooms: { lobby: { join: 'claims' } } },
    { ...FIRST, rooms: { lobby: by(others), order: by(orders) } }];
  const clients = await Promise.all(Array.from({ length: 10 }, (_, i) => on(t, edge, `s${i}`)));
  let storm = true;
  const known = new Set(['Forbidden', 'Invalid roomType', 'Authorization unavailable',
    'Join cancelled', 'Too many rooms']);
  const joins = clients.map(async (client, i) => {
    let answers = 0;
    for (let n = 0; storm; n++) {
      const type = ['order', 'lobby'][n % 2];
      const id = n % 5 === 4 ? 'held' : `${i}-${n}`;
      const pending = enter(client, type, id);
      if (n % 5 === 4 || n % 7 === 6)
        pending.catch(() => {}).then(() => ask(client, 'leave_room', type, id)).catch(() => {});
      else {
        const { success, error } = await pending;
        assert.ok(success || known.has(error), error);
        await ask(client, 'leave_room', type, id);
      }
      answers += 1;
    }
    return answers;
  });
  const comers = (async () => {
    while (storm) {
      const client = new Client(edge.url, { judged: false, auth: { token: token({ id: 'c' }) } });
      await client.connected();
      client.socket.emit('join_room', { roomType: 'order', roomId: 'held' });
      client.socket.io.engine.close();
      client.close();
    }
  })();
  const replaced = () => edge.lines.filter((line) => line.includes('was replaced')).length;
  const before = replaced();
  for (let i = 1; replaced() < before + 12; i++) {
    const seen = replaced();
    await write(versions[i % versions.length]);
    for (let n = 0; n < 20; n++) edge.child.signal('SIGHUP');
    await until('another file', () => replaced() > seen);
  }
  storm = false;
  for (const let_go of release) let_go();
  assert.ok((await Promise.all(joins)).every((answers) => answers > 0));
  await comers;
  await use(FIRST);
  await until('nobody to wait', async () =>
    await edge.metric('ws_edge_authorization_joins_waiting') === 0);
  const client = await on(t, edge, 'after');
  assert.deepEqual(await enter(client, 'order', 'after'), joined('order:after'));
  await edge.ready();
});
