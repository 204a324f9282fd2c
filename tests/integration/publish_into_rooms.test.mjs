// Events that name their rooms themselves: "publish": true in GATEWAY_FILE, by HTTP and by RabbitMQ.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Api, apiSettings } from './support/api.mjs';
import { connect } from './support/clients.mjs';
import { gateway } from './support/gateway.mjs';
import { Line } from './support/line.mjs';
import { token } from './support/tokens.mjs';
import { Traveller } from './support/traveller.mjs';
import { until } from './support/wait.mjs';

const dir = await mkdtemp(join(tmpdir(), 'publish-into-rooms-'));
after(() => rm(dir, { recursive: true, force: true }));
const path = join(dir, 'gateway.json');
await writeFile(path, JSON.stringify({
  rooms: { order: { join: 'open' }, lobby: { join: 'open', announce: false } },
  publish: true,
  clientEvents: { drawing: { room: true, as: 'user_drawing' } },
}));
const made = await gateway({
  edges: 2, env: { GATEWAY_FILE: path }, relayEnv: await apiSettings(),
});
const [one, other] = made.edges;
const api = await Api.of(made.relay);

const publish = (body, headers) => api.ask('POST', '/v1/events', body, headers);
const to = (rooms, n) => ({ rooms, event: 'news', data: { n } });
const heard = (client) => client.all('news').map(({ n }) => n);

async function on(t, edge, userId, ...rooms) {
  const client = await connect(t, edge, {
    judged: false, further: ['news'], auth: { token: token({ id: userId }) },
  });
  for (const room of rooms) {
    const [roomType, roomId] = room.split(':');
    const { success } = await client.socket.emitWithAck('join_room', { roomType, roomId });
    assert.equal(success, true);
  }
  return client;
}

test('by HTTP to rooms of several types, users and everybody, once and in order', async (t) => {
  const both = await on(t, one, 'u1', 'order:1', 'lobby:1');
  const member = await on(t, other, 'u2', 'lobby:1');
  const stranger = await on(t, other, 'u3');
  for (let n = 0; n < 10; n++) {
    const answer = await publish(to(['order:1', 'lobby:1', 'user:u1'], n));
    assert.equal(answer.status, 202, answer.body);
    assert.equal(answer.json().routingKey, 'gateway.publish');
  }
  assert.equal((await publish(to(['lobby:1', '*'], 10))).status, 202);
  for (const client of [both, member, stranger]) {
    await until('the last', () => heard(client).includes(10));
  }
  assert.deepEqual(heard(both), Array.from({ length: 11 }, (_, n) => n));
  assert.deepEqual(heard(member), Array.from({ length: 11 }, (_, n) => n));
  assert.deepEqual(heard(stranger), [10]);
});

test('under an Idempotency-Key it is published once', async (t) => {
  const client = await on(t, one, 'u4');
  const headers = { 'Idempotency-Key': 'rooms-1' };
  for (let i = 0; i < 2; i++) assert.equal((await publish(to(['user:u4'], 1), headers)).status, 202);
  assert.equal((await publish(to(['user:u4'], 2), headers)).status, 422);
  assert.equal((await publish(to(['user:u4'], 3))).status, 202);
  await until('the last', () => heard(client).includes(3));
  assert.deepEqual(heard(client), [1, 3]);
});

test('a service publishes it to RabbitMQ, and who was away gets it', async (t) => {
  const line = await Line.to(t, one);
  const traveller = await Traveller.connect(t, line, { userId: 'u5', further: ['news'] });
  await made.services.publish('gateway.publish', to(['user:u5'], 1));
  await until('the first', () => heard(traveller).length === 1);
  const watcher = await on(t, other, 'u6');
  const back = await traveller.away(async () => {
    await made.services.publish('gateway.publish', to(['user:u5', 'user:u6'], 2));
    await until('the watcher to hear it', () => heard(watcher).length === 1);
  }, { edge: other });
  assert.equal(back.recovered, true);
  await until('what was missed', () => heard(traveller).length === 2);
  assert.deepEqual(heard(traveller), [1, 2]);
});

const REFUSED = [
  ['no rooms', { event: 'news' }, 'the room id is missing'],
  ['a room of no type', to(['conversation:1']), 'no type'],
  ['an event of Socket.IO', { rooms: ['*'], event: 'disconnect' }, 'the name of the event'],
  ['an event of the gateway', { rooms: ['*'], event: 'connected' }, 'the name of the event'],
  ['an event of clients', { rooms: ['*'], event: 'user_drawing' }, 'the name of the event'],
];

for (const [name, body, reason] of REFUSED) {
  test(`refused by HTTP, a dead letter by RabbitMQ: ${name}`, async () => {
    const answer = await publish(body);
    assert.equal(answer.status, 422);
    assert.equal(answer.json().error.code, 'invalid_event');
    assert.ok(answer.json().error.message.includes(reason), answer.body);
    await made.services.publish('gateway.publish', body);
    const letter = await made.services.deadLetter();
    assert.ok(letter.headers['x-reason'].includes(reason), letter.headers['x-reason']);
  });
}
