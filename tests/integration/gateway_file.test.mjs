// GATEWAY_FILE: rooms and events of one's own on two edges, with official clients. And what stays as
// it was without it.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { run } from './support/child.mjs';
import { connect } from './support/clients.mjs';
import { built, gateway } from './support/gateway.mjs';
import { RoomService } from './support/room_service.mjs';
import { token } from './support/tokens.mjs';
import { until } from './support/wait.mjs';

const dir = await mkdtemp(join(tmpdir(), 'gateway-file-'));
const orders = await RoomService.start();
after(async () => {
  await orders.close();
  await rm(dir, { recursive: true, force: true });
});

async function fileOf(name, content) {
  const path = join(dir, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  return path;
}

const route = (routingKey, room, event) => ({ routingKey, room, event, fields: ['n'] });

const path = await fileOf('gateway.json', {
  rooms: {
    order: { join: 'service', url: orders.url, path: '/api/orders/{id}' },
    team: { join: 'none', onConnect: 'team:{claims.teamId}' },
    lobby: { join: 'open', announce: false },
  },
  events: [
    route('order.updated', 'order:{id}', 'order_update'),
    route('team.told', 'team:{id}', 'team_news'),
    route('lobby.told', 'lobby:{id}', 'lobby_news'),
  ],
  clientEvents: { drawing: { room: true, as: 'user_drawing', maxBytes: 20, perSecond: 2 } },
});
const made = await gateway({ edges: 2, env: { GATEWAY_FILE: path } });
const [one, other] = made.edges;

// The contract names the rooms of HomeTrip alone.
const on = (t, edge, userId, claims = {}) => connect(t, edge, {
  judged: false, auth: { token: token({ id: userId, ...claims }) },
});
const ask = (client, event, roomType, roomId) =>
  client.socket.emitWithAck(event, { roomType, roomId });
const joined = (room) => ({ success: true, message: `Joined room: ${room}` });
const publish = (key, id, n) => made.services.publish(key, { id, n });

test('a type has a service of its own', async (t) => {
  orders.say('no', 403);
  const clients = [await on(t, one, 'u1'), await on(t, other, 'u2')];
  for (const client of clients) {
    assert.deepEqual(await ask(client, 'join_room', 'order', 'yes'), joined('order:yes'));
    assert.deepEqual(await ask(client, 'join_room', 'order', 'no'), { error: 'Forbidden' });
    assert.deepEqual(await ask(client, 'join_room', 'order', 'a/b'), { error: 'Invalid roomId' });
  }
  assert.deepEqual([...new Set(orders.requests.map((request) => request.path))].sort(),
    ['/api/orders/no', '/api/orders/yes']);
  assert.equal((await clients[0].next('user_joined')).room, 'order:yes');
  await publish('order.updated', 'yes', 1);
  for (const client of clients) assert.deepEqual(await client.next('order_update'), { n: 1 });
});

test('a claim of the token leads into rooms', async (t) => {
  const first = await on(t, one, 'u3', { teamId: 7 });
  const second = await on(t, other, 'u4', { teamId: ['6', '7'] });
  const stranger = await on(t, other, 'u5', { teamId: 'seven' });
  assert.equal((await first.next('user_joined')).userId, 'u4');
  await publish('team.told', 7, 1);
  await publish('team.told', 6, 2);
  assert.deepEqual(await first.next('team_news'), { n: 1 });
  assert.deepEqual(await second.next('team_news'), { n: 1 });
  assert.deepEqual(await second.next('team_news'), { n: 2 });
  await publish('team.told', 'seven', 3);
  assert.deepEqual(await stranger.next('team_news'), { n: 3 });
  assert.equal(first.all('team_news').length, 1);
  assert.equal(stranger.all('team_news').length, 1);
  for (const event of ['join_room', 'leave_room'])
    assert.deepEqual(await ask(stranger, event, 'team', '7'), { error: 'Invalid roomType' });
  second.close();
  assert.equal((await first.next('user_left')).userId, 'u4');
});

test('another token leads into other rooms', async (t) => {
  // The mate is there first: of one that comes while the news of it travels it hears, or not.
  const mate = await on(t, other, 'u7', { teamId: ['old', 'new'] });
  const client = await on(t, one, 'u6', { teamId: 'old' });
  assert.equal((await mate.next('user_joined')).room, 'team:old');
  const answer = await client.ack('refresh_token', { token: token({ id: 'u6', teamId: 'new' }) });
  assert.equal(answer.success, true);
  assert.equal((await mate.next('user_left')).room, 'team:old');
  assert.equal((await mate.next('user_joined')).room, 'team:new');
  await publish('team.told', 'old', 1);
  await publish('team.told', 'new', 2);
  assert.deepEqual(await client.next('team_news'), { n: 2 });
});

test('a recovered client has what its rooms of claims were told', async (t) => {
  const client = await on(t, one, 'u8', { teamId: 'away' });
  await publish('team.told', 'away', 1);
  assert.deepEqual(await client.next('team_news'), { n: 1 });
  client.socket.io.engine.close();
  await until('the disconnection', () => client.disconnects.length === 1);
  await publish('team.told', 'away', 2);
  client.socket.connect();
  assert.deepEqual(await client.next('team_news'), { n: 2 });
  assert.equal(client.socket.recovered, true);
  await publish('team.told', 'away', 3);
  assert.deepEqual(await client.next('team_news'), { n: 3 });
});

test('a type can be silent about who comes and goes', async (t) => {
  const first = await on(t, one, 'u9', { teamId: 'loud' });
  assert.deepEqual(await ask(first, 'join_room', 'lobby', 'l'), joined('lobby:l'));
  const second = await on(t, other, 'u10', { teamId: 'loud' });
  assert.deepEqual(await ask(second, 'join_room', 'lobby', 'l'), joined('lobby:l'));
  await publish('lobby.told', 'l', 1);
  assert.deepEqual(await second.next('lobby_news'), { n: 1 });
  second.close();
  assert.equal((await first.next('user_left')).room, 'team:loud');
  assert.deepEqual(first.all('user_joined').map(({ room }) => room), ['team:loud']);
  assert.deepEqual(await first.next('lobby_news'), { n: 1 });
});

test('members send events of the file to one another', async (t) => {
  const clients = [await on(t, one, 'u13'), await on(t, one, 'u14'), await on(t, other, 'u15')];
  const which = { roomType: 'lobby', roomId: 'art' };
  for (const client of clients) await ask(client, 'join_room', 'lobby', 'art');
  const [artist, ...others] = clients;
  const draw = (data) => artist.socket.emitWithAck('drawing', { ...which, data });
  assert.deepEqual(await draw({ line: [0, 8] }), { success: true });
  for (const client of others) {
    const { timestamp, ...body } = await client.next('user_drawing');
    assert.match(timestamp, /^\d{4}-.*Z$/);
    assert.deepEqual(body,
      { socketId: artist.id, userId: 'u13', room: 'lobby:art', data: { line: [0, 8] } });
  }
  assert.deepEqual(await draw('12345678901234567890'), { error: 'Payload too large' });
  const answers = await Promise.all([draw(1), draw(2), draw(3), draw(4), draw(5), draw(6)]);
  assert.ok(answers.some(({ error }) => error === 'Too many events'), JSON.stringify(answers));
  assert.equal(artist.all('user_drawing').length, 0);
  const stranger = await on(t, other, 'u16');
  assert.deepEqual(await stranger.socket.emitWithAck('drawing', { ...which, data: 1 }),
    { error: 'Not in room' });
});

test('what the file does not have is not there', async (t) => {
  const client = await on(t, one, 'u11');
  for (const type of ['conversation', 'notification', 'user'])
    assert.deepEqual(await ask(client, 'join_room', type, '1'), { error: 'Invalid roomType' });
});

test('without a file there are the rooms of HomeTrip', async (t) => {
  const plain = await made.addEdge({ GATEWAY_FILE: '' });
  await plain.ready();
  const client = await connect(t, plain, { userId: 'u12' });
  for (const type of ['conversation', 'notification']) await client.join(type, '1');
  for (const type of ['order', 'lobby', 'user'])
    assert.deepEqual(await ask(client, 'join_room', type, '1'), { error: 'Invalid roomType' });
});

describe('both programs refuse', () => {
  const cases = [
    ['what is no JSON', '{\n  "rooms": {', 2],
    ['an unknown member', '{\n  "room": {}\n}', 2],
    ['a wrong type of rooms', '{"rooms": {\n\n  "a": { "join": "all" }\n}}', 3],
    ['a route to a room that nobody can be in',
      `{"rooms": {},\n"events": [${JSON.stringify(route('a', 'b:{c}', 'd'))}]}`, 2],
  ];
  for (const program of ['ws-edge', 'ws-relay']) {
    for (const [name, text, line] of cases) {
      test(`${program}: ${name}`, async () => {
        const wrong = await fileOf('wrong.json', text);
        const result = await run(built(program), ['--check-config'],
          { env: { GATEWAY_FILE: wrong }, cwd: dir });
        assert.notEqual(result.code, 0);
        assert.match(result.stderr, new RegExp(`wrong\\.json:${line}: .+`));
      });
    }
  }

  test('ws-relay: a file without events, which would leave it without a queue', async () => {
    const env = { GATEWAY_FILE: await fileOf('silent.json', '{"rooms": {"order": {"join": "open"}}}') };
    assert.equal((await run(built('ws-edge'), ['--check-config'], { env, cwd: dir })).code, 0);
    const result = await run(built('ws-relay'), ['--check-config'], { env, cwd: dir });
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, /silent\.json:1: without events/);
  });

  test('ws-edge: a type whose service nobody names', async () => {
    const file = await fileOf('service.json', '{"rooms": {\n"order": {}}}');
    const env = { GATEWAY_FILE: file, ROOM_AUTHORIZATION: 'service' };
    const result = await run(built('ws-edge'), ['--check-config'], { env, cwd: dir });
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, /service\.json:2: .*ROOM_AUTHORIZATION=service/);
  });
});
